// SPDX-License-Identifier: Apache-2.0

import Hummingbird
package import Logging
package import Serving
package import Telemetry

/// `gyre serve`: models, no state, no project: what an image runs.
package struct ModelServer: Sendable {
    private let models: [ServedModel]
    private let settings: ListenSettings
    private let version: String
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let now: @Sendable () -> Int64

    /// A server of models; several versions of a name are told apart by the version that a request names.
    package init(
        models: [ServedModel],
        settings: ListenSettings,
        version: String,
        metrics: MetricsRegistry,
        logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        self.models = models
        self.settings = settings
        self.version = version
        self.metrics = metrics
        self.logger = logger
        self.now = now
    }

    /// Serves until the task is cancelled or a signal asks it to stop; requests under way are answered.
    ///
    /// - Parameter onReady: Called once the port is open, with the server's URL.
    /// - Throws: ``ServerError`` `.portInUse` if somebody listens there, `.interrupted` after a second signal.
    package func run(onReady: @escaping @Sendable (_ url: String) async -> Void) async throws {
        let serving = ServingService(now: now)
        for model in models { serving.add(model) }
        let router = GyreServer.router(project: nil)
        HealthRoutes(metrics: metrics).add(to: router)
        let version = version
        router.get("version") { _, _ in version }
        ServingRoutes(serving: serving, gyreVersion: version, project: nil).add(to: router)
        AssetRoutes().add(to: router)
        try await Listening(settings: settings, logger: logger).run(router, onReady: onReady)
    }
}
