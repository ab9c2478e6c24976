// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import NIOCore
import Synchronization

/// The answer that a body was opened with, for whoever reads first.
final class FirstAnswer: Sendable {
    private let stream: Mutex<HTTPStream?>

    init(_ stream: HTTPStream) { self.stream = Mutex(stream) }

    func take() -> HTTPStream? { stream.withLock { $0.take() } }
}

/// Reads an object from a position on; where the connection breaks it asks for the rest of the same object.
struct S3Reader: ObjectReader {
    let client: S3Client
    let request: S3Client.Request
    /// What the store calls this content; another one would be another object.
    let tag: String?
    var position: Int64
    let end: Int64
    let first: FirstAnswer
    private var iterator: HTTPStream.Body.AsyncIterator?
    private var rest = ByteBuffer()
    /// Breaks in a row without a byte between them.
    private var breaks = 0

    init(client: S3Client, request: S3Client.Request, tag: String?, position: Int64, end: Int64, first: FirstAnswer) {
        self.client = client
        self.request = request
        self.tag = tag
        self.position = position
        self.end = end
        self.first = first
    }

    mutating func next() async throws -> ByteBuffer? {
        while position < end {
            if let piece = take() { return piece }
            do {
                if iterator == nil { iterator = try await open()?.body.makeAsyncIterator() }
                // Nobody else has this iterator, and nobody asks this reader again before it has answered.
                nonisolated(unsafe) var current = iterator
                iterator = nil
                guard let more = try await current?.next() else { throw Ended() }
                iterator = current
                rest = more
                breaks = 0
            } catch let error where error is HTTPTransportError || error is Ended {
                try Task.checkCancellation()
                iterator = nil
                breaks += 1
                guard breaks < client.settings.attempts else { throw broken(error) }
            }
        }
        return nil
    }

    /// The connection gave less than it said.
    private struct Ended: Error {}

    private mutating func take() -> ByteBuffer? {
        let count = min(rest.readableBytes, ObjectBody.pieceSize, Int(clamping: end - position))
        guard count > 0, let piece = rest.readSlice(length: count) else { return nil }
        position += Int64(count)
        return piece
    }

    private func open() async throws -> HTTPStream? {
        if let stream = first.take() { return stream }
        var request = request
        request.headers = [("range", "bytes=\(position)-\(end - 1)")]
        if let tag { request.headers.append(("if-match", tag)) }
        request.accepted = [412]
        let answer = try await client.stream(request)
        guard answer.status == 206 else {
            throw ObjectStorageError(.failed, what: "cannot \(request.purpose)", why: "it changed while it was read")
        }
        return answer
    }

    private func broken(_ error: any Error) -> ObjectStorageError {
        ObjectStorageError(
            .failed,
            what: "cannot \(request.purpose)",
            why: "the connection broke before it was complete, \(client.settings.attempts) times",
            next: "try again later: it goes on where it was",
            cause: error
        )
    }
}
