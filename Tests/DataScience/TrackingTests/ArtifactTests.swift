// SPDX-License-Identifier: Apache-2.0

import Files
import ObjectStorage
import SystemPackage
import Testing
import Tracking

struct ArtifactTests {
    @Test(
        arguments: [
            ("mlflow-artifacts:/0/r/artifacts", "0/r/artifacts"), ("mlflow-artifacts:///0/r", "0/r"),
            ("mlflow-artifacts://host:5000/0/r", "0/r"), ("mlflow-artifacts:/", ""), ("mlflow-artifacts://host", ""),
            ("s3://bucket/0", nil), ("file:///etc", nil), ("/etc/passwd", nil), ("", nil),
        ] as [(String, String?)]
    )
    func `a URI of this server is a prefix in its store`(uri: String, prefix: String?) {
        #expect(TrackingService.artifactPrefix(of: uri) == prefix)
    }

    @Test func `artefacts of a run lie below its own folder`() async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.run(id: try await test.begin())
            let prefix = try #require(TrackingService.artifactPrefix(of: run.artifactURI))
            try await test.tracking.artifacts.put(try ObjectKey("\(prefix)/a/b.txt"), bytes: Array("hello".utf8))
            let file = test.folder.appending("artifacts/0/\(run.id)/artifacts/a/b.txt")
            #expect(try FileReader.text(of: file) == "hello")
        }
    }

    @Test(arguments: ["..", "../x", "a/../../x", "/etc/passwd", "a//b", ".", "a\0b", "a\\..\\b"])
    func `no path leads out of the store`(path: String) async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.run(id: try await test.begin())
            let prefix = try #require(TrackingService.artifactPrefix(of: run.artifactURI))
            let error = #expect(throws: ObjectStorageError.self) { try ObjectKey("\(prefix)/\(path)") }
            #expect(error?.code == .invalidKey)
            await #expect(throws: ObjectStorageError.self) {
                try await test.tracking.artifacts.list(
                    prefix: "\(prefix)/\(path)",
                    recursive: false,
                    after: nil,
                    limit: 10
                )
            }
        }
    }

    @Test func `a link that leads out of the store is not followed`() async throws {
        try await TestTracking.run { test in
            let outside = test.folder.appending("outside")
            try FileSystem.createDirectory(outside)
            try AtomicFile.write("secret", to: outside.appending("secret.txt"))
            let root = test.folder.appending("artifacts")
            try FileSystem.symlink(outside, at: root.appending("link"))
            let store = test.tracking.artifacts
            await #expect(throws: ObjectStorageError.self) {
                try await store.bytes(of: try ObjectKey("link/secret.txt"))
            }
            await #expect(throws: ObjectStorageError.self) {
                try await store.put(try ObjectKey("link/new.txt"), bytes: [1])
            }
            await #expect(throws: ObjectStorageError.self) {
                try await store.list(prefix: "link", recursive: true, after: nil, limit: 10)
            }
            #expect(try FileSystem.list(outside) == ["secret.txt"])
        }
    }
}
