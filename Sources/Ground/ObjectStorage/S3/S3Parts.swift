// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The parts of a stream on their way, several at a time.
final class S3Parts {
    private let upload: S3Upload
    private let concurrency: Int
    private var tags: [Int: String] = [:]
    private var underWay: [(number: Int, task: Task<String, any Error>)] = []
    /// Parts added so far.
    private(set) var count = 0

    init(_ upload: S3Upload, concurrency: Int) {
        self.upload = upload
        self.concurrency = concurrency
    }

    deinit { for (_, task) in underWay { task.cancel() } }

    /// Sends the next part; waits only if several are on their way already.
    func add(_ part: ByteBuffer) async throws {
        count += 1
        let (upload, number) = (upload, count)
        while underWay.count >= concurrency { try await finishOne() }
        // Awaited by `complete`, cancelled by `abort` and the end of this object.
        let task = Task { [upload, number, part] in try await upload.send(part, number) }
        underWay.append((number, task))
    }

    /// Puts the parts together.
    func complete() async throws {
        while !underWay.isEmpty { try await finishOne() }
        try await upload.complete(tags)
    }

    /// Gives up.
    func abort() async {
        for (_, task) in underWay { task.cancel() }
        for (_, task) in underWay { _ = await task.result }
        underWay = []
        await upload.abort()
    }

    /// Waits for the oldest part.
    private func finishOne() async throws {
        guard let (number, task) = underWay.first else { return }
        let tag = try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
        underWay.removeFirst()
        tags[number] = tag
    }
}

/// Bytes as letters, as RFC 4648 has them.
enum Base64Text {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let some = bytes[start..<min(start + 3, bytes.count)]
            let word = some.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - some.count))
            for index in 0..<4 {
                text.append(index <= some.count ? letters[word >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
