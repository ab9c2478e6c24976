// SPDX-License-Identifier: Apache-2.0

import Files
import Hummingbird
import HummingbirdTesting
import JSONText
import NIOCore
import ObjectStorage
import Registry
import Serving
import SystemPackage
import Testing

@testable import Server

/// `champion` moves only with a recorded pass, whoever asks and in whatever way.
struct ChampionGuardTests {
    private static let gated = "project: trial\nmodel: {name: m}\nevaluation: {require: [recall >= 0.9]}\n"

    @Test func `MLflow's API cannot move the champion to a version that was never judged`() async throws {
        try await TestProject.with(Self.gated) { project in
            let registry = project.services.registry
            _ = try await registry.createModel(name: "m")
            _ = try await registry.createVersion(
                VersionDraft(model: "m", source: "mlflow-artifacts:/0/a/artifacts/model")
            )
            try await Application(router: project.router, logger: .silent).test(.router) { client in
                let body = ByteBuffer(string: #"{"name": "m", "alias": "champion", "version": "1"}"#)
                let path = "/api/2.0/mlflow/registered-models/alias"
                try await client.execute(uri: path, method: .post, body: body) { answer in
                    #expect(answer.status == .forbidden)
                    let root = try JSONDocument(Array(buffer: answer.body)).root
                    #expect(root["error_code"]?.string == "PERMISSION_DENIED")
                    #expect(root["message"]?.string?.contains("gyre promote") == true)
                }
                let other = ByteBuffer(string: #"{"name": "m", "alias": "candidate", "version": "1"}"#)
                try await client.execute(uri: path, method: .post, body: other) { #expect($0.status == .ok) }
            }
            #expect(try await registry.version(model: "m", alias: "champion") == nil)
        }
    }

    @Test func `a model of another name cannot bring its champion along`() async throws {
        try await TestProject.with(Self.gated) { project in
            let registry = project.services.registry
            _ = try await registry.createModel(name: "other")
            _ = try await registry.createVersion(
                VersionDraft(model: "other", source: "mlflow-artifacts:/0/a/artifacts/model")
            )
            try await registry.setAlias(model: "other", alias: "champion", version: 1)
            let error = await #expect(throws: RegistryError.self) {
                try await registry.renameModel(name: "other", to: "m")
            }
            #expect(error?.code == .notPassed)
        }
    }

    @Test func `a failed verdict moves nothing, a passed one does`() async throws {
        try await TestProject.with(Self.gated) { project in
            let registry = project.services.registry
            _ = try await registry.createModel(name: "m")
            _ = try await registry.createVersion(
                VersionDraft(model: "m", source: "mlflow-artifacts:/0/a/artifacts/model")
            )
            let files = project.services.artifacts.root.appending("0/a/artifacts/model")
            try FileSystem.createDirectory(files)
            try AtomicFile.write("flavors: {}\n", to: files.appending("MLmodel"))
            let digest = try await ModelDirectory(files).digest().description
            for passed in [false, true] {
                let verdict = RecordedVerdict(digest: digest, passed: passed, report: "{}", createdMs: 1)
                try await registry.record(verdict, model: "m", version: 1)
                if passed {
                    try await registry.setAlias(model: "m", alias: "champion", version: 1)
                } else {
                    await #expect(throws: RegistryError.self) {
                        try await registry.setAlias(model: "m", alias: "champion", version: 1)
                    }
                }
            }
            #expect(try await registry.version(model: "m", alias: "champion")?.version == 1)
        }
    }

    @Test func `a project without requirements leaves the alias to its users`() async throws {
        try await TestProject.with("project: m\n") { project in
            let registry = project.services.registry
            _ = try await registry.createModel(name: "m")
            _ = try await registry.createVersion(
                VersionDraft(model: "m", source: "mlflow-artifacts:/0/a/artifacts/model")
            )
            try await registry.setAlias(model: "m", alias: "champion", version: 1)
        }
    }
}
