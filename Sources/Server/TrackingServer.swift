// SPDX-License-Identifier: Apache-2.0

import Hummingbird
package import Logging
import MLflowAPI
import NIOCore
import ServiceLifecycle

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
        let router = GyreServer.router(project: nil)
        router.get("health") { _, _ in "OK" }
        MLflowRoutes(
            tracking: services.tracking,
            registry: services.registry,
            webhooks: services.webhooks,
            uploads: services.uploads
        )
            .add(to: router)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: nil),
            onServerRunning: { channel in
                port.yield(channel.localAddress?.port ?? 0)
                port.finish()
            },
            logger: logger.forTransport
        )
        var configuration = ServiceGroupConfiguration(services: [application], logger: logger)
        // A request of a program that outlived its stage is not waited for.
        configuration.maximumGracefulShutdownDuration = .seconds(1)
        let group = ServiceGroup(configuration: configuration)
        async let serving: Void = {
            // Nobody waits for the port of a server that could not begin.
            defer { port.finish() }
            try await group.run()
        }()
        for await port in ports {
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await body("http://127.0.0.1:\(port)"))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            // What the body says counts, whatever became of the server afterwards.
            try? await serving
            return try result.get()
        }
        try await serving
        throw CancellationError()
    }
}
