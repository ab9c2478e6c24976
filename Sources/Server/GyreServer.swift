// SPDX-License-Identifier: Apache-2.0

package import Logging
import Monitoring
import ObjectStorage
package import Telemetry

/// `gyre up`: everything of a project in one process.
///
/// MLflow's API, the project's live model, Gyre's own API and the web page answer on one port; the inference log, the watch
/// on `champion`, the loop and the delivery to webhooks run beside them. A signal ends it gracefully: the loop gives up its turn, the port closes,
/// requests under way are answered, and the log is flushed.
package struct GyreServer: Sendable {
    let services: ProjectServices
    let metrics: MetricsRegistry
    let version: String
    let settings: ListenSettings
    let logger: Logger
    private let onReady: @Sendable (_ url: String) async -> Void

    /// A server over `services`.
    ///
    /// - Parameters:
    ///   - services: The project's rooms, opened as server.
    ///   - settings: Where to listen.
    ///   - version: Gyre's own version.
    ///   - metrics: What `/metrics` shows.
    ///   - logger: Takes what happens.
    ///   - onReady: Called once the port is open, with the server's URL.
    package init(
        services: ProjectServices,
        settings: ListenSettings,
        version: String,
        metrics: MetricsRegistry,
        logger: Logger,
        onReady: @escaping @Sendable (_ url: String) async -> Void = { _ in }
    ) {
        self.services = services
        self.settings = settings
        self.version = version
        self.metrics = metrics
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until the task is cancelled or a signal asks it to stop.
    ///
    /// - Throws: ``ServerError`` `.portInUse` if somebody listens there, `.interrupted` after a second signal; ``FilesError`` if
    ///   the last predictions cannot be written.
    package func run() async throws {
        do {
            try await services.uploads.removeExpired()
        } catch {
            // They cost space and nothing else, and are looked at again with the next upload.
            logger.warning("old uploads stay", metadata: ["error": "\(error)"])
        }
        let live = LiveModels(services: services, logger: logger)
        let loop = LoopWorker(services: services, logger: logger)
        let router = makeRouter(live: live, loop: loop)
        let serverFile = ServerFile(workspace: services.workspace)
        defer { serverFile.remove() }
        let (logger, onReady) = (logger, onReady)
        do {
            try await Listening(settings: settings, logger: logger).run(
                router,
                foundations: [
                    WebhookDeliveryService(webhooks: services.webhooks, logger: logger),
                    InferenceLogService(services: services, logger: logger), live,
                ],
                callers: [loop]
            ) { url in
                do {
                    try serverFile.write(url: url)
                } catch {
                    logger.error("cannot write server.json", metadata: ["error": "\(error)"])
                }
                loop.begin(at: url)
                await onReady(url)
            }
        } catch {
            // The first failure is the one to report; what cannot be written now stays lost.
            try? await services.inferenceLog.flush()
            throw error
        }
        // Requests that were cut off may have predicted after the log's own last write.
        try await services.inferenceLog.flush()
    }
}
