// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NIOCore
import ObjectStorageTesting
import S3Testing
import Testing

@testable import ObjectStorage

@Suite(.timeLimit(.minutes(5)))
struct S3StoreTests {
    @Test(arguments: ObjectStoreContract.promises.filter(\.isForServers))
    func `a prefix of a bucket keeps the contract`(promise: ObjectStoreContract.Promise) async throws {
        try await promise.isKept(by: try await S3Server.shared().bucket(prefix: "some/where"))
    }

    @Test func `what does not fit into one part goes in several`() async throws {
        let store = try await S3Server.shared().bucket { $0.partSize = 5 << 20 }
        let key = try ObjectKey("large")
        let body = PieceBody(23, of: 700_001)
        let info = try await store.put(key, limit: nil, body)
        #expect(info.sizeInBytes == 23 * 700_001)
        let isSame = try await store.get(key, range: nil).gathered() == body.bytes
        #expect(isSame)
    }

    @Test func `wrong keys are refused in words`() async throws {
        let good = try await S3Server.shared().bucket()
        let keys = AWSCredentials(accessKeyID: try await S3Server.shared().keys.accessKeyID, secretAccessKey: "wrong")
        let client = S3Client(
            good.client.settings,
            credentials: FixedCredentials(keys),
            http: S3Server.http,
            now: S3Server.now
        )
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) {
                try await S3Store(client).put(try ObjectKey("a"), bytes: [1])
            }
        )
        #expect(error.code == .failed)
        #expect(error.what == "cannot store `a`")
        #expect(error.why.contains("SignatureDoesNotMatch"))
        #expect(error.next?.contains("access key") == true)
    }

    @Test func `a bucket that is not there is named`() async throws {
        let server = try await S3Server.shared()
        let client = S3Client(
            S3Settings(bucket: "no-such-bucket", endpoint: server.endpoint),
            credentials: FixedCredentials(server.keys),
            http: S3Server.http,
            now: S3Server.now
        )
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) {
                _ = try await S3Store(client).list(prefix: "", recursive: true, after: nil, limit: 1)
            }
        )
        #expect(error.why == "there is no bucket `no-such-bucket`")
    }

    @Test func `many objects are removed by one request`() async throws {
        let store = try await S3Server.shared().bucket(prefix: "p")
        let keys = try ["a", "b&c", "d/<e>", "ü", "kept"].map { try ObjectKey($0) }
        for key in keys { try await store.put(key, bytes: [1]) }
        try await store.delete(Array(keys.dropLast()))
        let page = try await store.list(prefix: "", recursive: true, after: nil, limit: 10)
        #expect(page.entries.map(\.name) == ["kept"])
    }
}
