// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(5)))
struct UploadTests {
    /// Pieces of a body, the last of which may be an error.
    private struct Pieces: AsyncSequence, Sendable {
        struct Broken: Error {}

        let pieces: [String]
        var isBroken = false

        struct AsyncIterator: AsyncIteratorProtocol {
            var rest: ArraySlice<String>
            let isBroken: Bool

            mutating func next() async throws -> ByteBuffer? {
                if let piece = rest.popFirst() { return ByteBuffer(string: piece) }
                if isBroken { throw Broken() }
                return nil
            }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: pieces[...], isBroken: isBroken) }
    }

    private func run(
        _ body: @escaping @Sendable (LoopbackServer, HTTPTransportClient) async throws -> Void
    ) async throws {
        try await LoopbackServer.run { server in
            let client = HTTPTransportClient()
            do {
                try await body(server, client)
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    @Test func `a body arrives in its pieces, as one`() async throws {
        try await run { server, client in
            let answer = try await client.upload(
                "PUT",
                server.address + "/echo",
                body: Pieces(pieces: ["one ", "two ", "three"]),
                length: 13,
                deadline: .seconds(10)
            )
            #expect(answer.status == 200)
            #expect(answer.text.hasSuffix("one two three"))
        }
    }

    @Test func `a body that cannot be read ends the request`() async throws {
        try await run { server, client in
            await #expect(throws: (any Error).self) {
                try await client.upload(
                    "PUT",
                    server.address + "/echo",
                    body: Pieces(pieces: ["one "], isBroken: true),
                    length: 13,
                    deadline: .seconds(10)
                )
            }
        }
    }

    @Test func `a server that does not answer is given up`() async throws {
        try await run { server, client in
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.upload(
                    "PUT",
                    server.address + "/silent",
                    body: Pieces(pieces: ["x"]),
                    length: 1,
                    deadline: .milliseconds(200)
                )
            }
            #expect(error?.code == .timedOut)
        }
    }
}
