// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import NIOCore
import ObjectStorageTesting
import S3Testing
import SystemPackage
import Testing
import WebhookTesting

@testable import ObjectStorage

@Suite(.timeLimit(.minutes(5)))
struct S3FaultTests {
    @Test(arguments: [Int64(0)..<10, 0..<4_096, 0..<5, 5..<10])
    func `a range that is the whole object may be answered as if there were none`(range: Range<Int64>) async throws {
        let store = try await S3Server.shared().bucket(fault: .whole)
        let key = try ObjectKey("ten")
        let bytes = Array("0123456789".utf8)
        try await store.put(key, ByteBuffer(bytes: bytes), md5: nil)
        let wanted = bytes[Int(range.lowerBound)..<min(10, Int(range.upperBound))]
        #expect(try await store.get(key, range: range).gathered() == Array(wanted))
    }

    @Test(arguments: [S3Server.Fault.busy, .broken, .half])
    func `what a server does wrong once is tried again`(fault: S3Server.Fault) async throws {
        let store = try await S3Server.shared().bucket(fault: fault) { $0.partSize = 5 << 20 }
        let body = PieceBody(7, of: 1 << 20)
        for (name, pieces) in [("small", PieceBody(1, of: 1_000)), ("large", body)] {
            let key = try ObjectKey(name)
            let info = try await store.put(key, limit: nil, pieces)
            #expect(info.sizeInBytes == Int64(pieces.bytes.count))
            let isSame = try await store.get(key, range: nil).gathered() == pieces.bytes
            #expect(isSame)
            let part = try await store.get(key, range: 100..<900).gathered() == Array(pieces.bytes[100..<900])
            #expect(part)
            try await store.delete(key)
            #expect(try await store.info(key) == nil)
        }
    }

    @Test(arguments: [500, 503])
    func `a server that never recovers is given up, and named`(status: Int) async throws {
        try await Receiver.run(reacting: { _, _ in .answer(status) }) { receiver in
            let settings = S3Settings(bucket: "b", endpoint: receiver.url)
            let client = S3Client(
                settings,
                credentials: FixedCredentials(nil),
                http: S3Server.http,
                now: S3Server.now,
                pause: { _ in }
            )
            let error = try #require(
                await #expect(throws: ObjectStorageError.self) {
                    _ = try await S3Store(client).info(try ObjectKey("a"))
                }
            )
            #expect(error.code == .failed)
            #expect(error.why.contains("\(status)"))
            #expect(receiver.arrivals.count == settings.attempts)
        }
    }

    @Test func `a server that hangs up is tried again`() async throws {
        try await Receiver.run(reacting: { _, count in count < 2 ? .hangUp : .answer(404) }) { receiver in
            let client = S3Client(
                S3Settings(bucket: "b", endpoint: receiver.url),
                credentials: FixedCredentials(nil),
                http: S3Server.http,
                now: S3Server.now,
                pause: { _ in }
            )
            let info = try await S3Store(client).info(try ObjectKey("a"))
            #expect(info == nil)
            #expect(receiver.arrivals.count == 3)
        }
    }

    @Test func `parts of an upload that ended early are not sent again`() async throws {
        let store = try await S3Server.shared().bucket { $0.partSize = 5 << 20 }
        let folder = try TemporaryFolder()
        let bytes = PieceBody.bytes(0..<(12 << 20))
        let file = folder.path.appending("large")
        try AtomicFile.write(bytes, to: file)
        let key = try ObjectKey("large")
        // An upload with its first part, and no end.
        let upload = try await S3Upload.begin("large", "store `large`", store.client)
        _ = try await upload.send(.init(bytes: bytes[..<(5 << 20)]), 1)
        let size = try await store.put(
            key,
            file: file,
            expecting: FileHashing.digest(of: bytes, .md5).hex,
            budget: ByteBudget(64 << 20)
        )
        #expect(size == 12 << 20)
        let isSame = try await store.bytes(of: key) == bytes
        #expect(isSame)
        // Had another upload been begun, this one were still there.
        await #expect(throws: ObjectStorageError.self) { _ = try await upload.send(.init(bytes: bytes[..<100]), 2) }
    }

    @Test(arguments: [1_000, 12 << 20])
    func `a file with another hash than its name's is not stored`(size: Int) async throws {
        let store = try await S3Server.shared().bucket { $0.partSize = 5 << 20 }
        let folder = try TemporaryFolder()
        let file = folder.path.appending("f")
        try AtomicFile.write(PieceBody.bytes(0..<size), to: file)
        let key = try ObjectKey("f")
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) {
                _ = try await store.put(
                    key,
                    file: file,
                    expecting: String(repeating: "0", count: 32),
                    budget: ByteBudget(64 << 20)
                )
            }
        )
        #expect(error.code == .incomplete)
        #expect(try await store.info(key) == nil)
    }
}
