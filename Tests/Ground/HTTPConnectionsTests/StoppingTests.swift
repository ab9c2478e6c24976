// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import Hummingbird
import HummingbirdTesting
import Logging
import SocketTesting
import Testing

/// Servers that are cut off while others connect to them.
@Suite(.timeLimit(.minutes(1)))
struct StoppingTests {
    private struct CutOff: Error {}

    @Test func `a connection that comes while the server is cut off does no harm`() async throws {
        for _ in 0..<6 {
            let router = Router()
            router.get("quick") { _, _ in "quick" }
            let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
            let application = Application(
                router: router,
                server: .connections(),
                configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                logger: logger
            )
            let (ports, port) = AsyncStream.makeStream(of: UInt16.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await port in ports {
                        // Until nobody listens any more.
                        while let connection = try? RawConnection(port: port) { _ = consume connection }
                    }
                }
                group.addTask {
                    defer { port.finish() }
                    await #expect(throws: CutOff.self) {
                        try await application.test(.live) { client in
                            port.yield(UInt16(try #require(client.port)))
                            let answer = try await client.execute(uri: "/quick", method: .get) {
                                String(buffer: $0.body)
                            }
                            #expect(answer == "quick")
                            throw CutOff()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
