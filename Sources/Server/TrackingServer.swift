// SPDX-License-Identifier: Apache-2.0

import Hummingbird
package import Logging
import MLflowAPI
import NIOCore

/// MLflow's API on a free port of this machine, for as long as a command needs it.
package enum TrackingServer {
    /// Calls `body` with the URL of a tracking server of the project: the one that runs, or one of this process that ends
    /// with the call.
    package static func with<Result: Sendable>(
        _ services: ProjectServices,
        logger: Logger,
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        if let running = ServerFile(workspace: services.workspace).running() { return try await body(running.url) }
        let router = Router()
        router.get("health") { _, _ in "OK" }
        MLflowRoutes(tracking: services.tracking, registry: services.registry).add(to: router)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: nil),
            onServerRunning: { channel in
                port.yield(channel.localAddress?.port ?? 0)
                port.finish()
            },
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask {
                var first = 0
                for await port in ports { first = port }
                return try await body("http://127.0.0.1:\(first)")
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
