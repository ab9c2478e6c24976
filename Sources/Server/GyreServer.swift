// SPDX-License-Identifier: Apache-2.0

package import Logging
package import Telemetry

/// `gyre up`: everything of a project in one process.
///
/// MLflow's API, the project's live model, Gyre's own API and the web page answer on one port; the inference log, the watch
/// on `champion` and the loop run beside them. A signal ends it gracefully: no new connections, requests under way are
/// answered, the log is flushed, and the database is closed.
package struct GyreServer: Sendable {
    /// Where to listen.
    package struct Address: Sendable {
        /// An address of this machine.
        package var host: String
        /// The port; 0 for any free one.
        package var port: Int

        /// An address.
        package init(host: String = "127.0.0.1", port: Int = 5_000) {
            self.host = host
            self.port = port
        }
    }

    let services: ProjectServices
    let metrics: MetricsRegistry
    let version: String
    private let address: Address
    private let logger: Logger
    private let onReady: @Sendable (_ url: String) async -> Void

    /// A server over `services`.
    ///
    /// - Parameters:
    ///   - services: The project's rooms, opened as server.
    ///   - address: Where to listen.
    ///   - version: Gyre's own version.
    ///   - metrics: What `/metrics` shows.
    ///   - logger: Takes what happens.
    ///   - onReady: Called once the port is open, with the server's URL.
    package init(
        services: ProjectServices,
        address: Address,
        version: String,
        metrics: MetricsRegistry,
        logger: Logger,
        onReady: @escaping @Sendable (_ url: String) async -> Void = { _ in }
    ) {
        self.services = services
        self.address = address
        self.version = version
        self.metrics = metrics
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until the task is cancelled or a signal asks it to stop.
    ///
    /// - Throws: ``ServerError`` `.portInUse` if somebody listens there.
    package func run() async throws {
        let live = LiveModels(services: services, logger: logger)
        let loop = LoopWorker(services: services, logger: logger)
        let router = makeRouter(live: live, loop: loop)
        let serverFile = ServerFile(workspace: services.workspace)
        defer { serverFile.remove() }
        let (logger, onReady) = (logger, onReady)
        try await Listening(address: address, logger: logger).run(
            router,
            beside: [InferenceLogService(services: services, logger: logger), live, loop]
        ) { url in
            do {
                try serverFile.write(url: url)
            } catch {
                logger.error("cannot write server.json", metadata: ["error": "\(error)"])
            }
            await onReady(url)
        }
    }
}
