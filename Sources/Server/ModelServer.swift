// SPDX-License-Identifier: Apache-2.0

import Files
package import Logging
package import Serving
package import SystemPackage
package import Telemetry

/// `gyre serve`: one model, no state, no project: what an image runs.
package struct ModelServer: Sendable {
    private let model: ServedModel
    private let settings: ListenSettings
    private let version: String
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let now: @Sendable () -> Int64

    /// A server of one model.
    package init(
        model: ServedModel,
        settings: ListenSettings,
        version: String,
        metrics: MetricsRegistry,
        logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        self.model = model
        self.settings = settings
        self.version = version
        self.metrics = metrics
        self.logger = logger
        self.now = now
    }

    /// Loads the model of a built image's folder: `model.onnx`, `prepared.json`, `service.json`.
    package static func model(in folder: FilePath, places: RuntimePlaces) async throws -> ServedModel {
        let description = try ServiceDescription(folder: folder)
        let runtimes = Runtimes(places: places, root: folder)
        let runtime = try await runtimes.onnxRuntime()
        return try await BlockingPool.shared.run {
            try ServedModel(
                name: description.name,
                version: description.version,
                runID: description.runID,
                prepared: try PreparedModel(folder, sourceDigest: ""),
                runtime: runtime,
                rule: description.rule
            )
        }
    }

    /// Serves until the task is cancelled or a signal asks it to stop; requests under way are answered.
    ///
    /// - Parameter onReady: Called once the port is open, with the server's URL.
    /// - Throws: ``ServerError`` `.portInUse` if somebody listens there, `.interrupted` after a second signal.
    package func run(onReady: @escaping @Sendable (_ url: String) async -> Void) async throws {
        let serving = ServingService(now: now)
        serving.goLive(model)
        let router = GyreServer.router(project: nil)
        HealthRoutes(metrics: metrics).add(to: router)
        ServingRoutes(serving: serving, gyreVersion: version).add(to: router)
        try await Listening(settings: settings, logger: logger).run(router, onReady: onReady)
    }
}
