// SPDX-License-Identifier: Apache-2.0

import Files
import Hummingbird
package import Logging
import NIOCore
package import Serving
import ServiceLifecycle
package import SystemPackage
package import Telemetry
import UnixSignals

#if canImport(Glibc)
import Glibc
#endif

/// `gyre serve`: one model, no state, no project: what an image runs.
package struct ModelServer: Sendable {
    private let model: ServedModel
    private let address: GyreServer.Address
    private let version: String
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let now: @Sendable () -> Int64

    /// A server of one model.
    package init(
        model: ServedModel,
        address: GyreServer.Address,
        version: String,
        metrics: MetricsRegistry,
        logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        self.model = model
        self.address = address
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
    /// - Throws: ``ServerError`` `.portInUse` if another program listens there, `.invalidRequest` if the system refuses
    ///   the address for another reason.
    package func run(onReady: @escaping @Sendable (_ url: String) async -> Void) async throws {
        let serving = ServingService(now: now)
        serving.goLive(model)
        let router = Router()
        let metrics = metrics
        router.get("health") { _, _ in "OK" }
        router.get("metrics") { _, _ in metrics.openMetricsText() }
        ServingRoutes(serving: serving, gyreVersion: version).add(to: router)
        try await Listening(address: address, logger: logger).run(router, beside: [], onReady: onReady)
    }
}

/// Listens with a router until it is asked to stop.
struct Listening: Sendable {
    let address: GyreServer.Address
    let logger: Logger

    /// - Throws: ``ServerError`` `.portInUse` if somebody listens there.
    func run(
        _ router: Router<BasicRequestContext>,
        beside services: [any Service],
        onReady: @escaping @Sendable (_ url: String) async -> Void
    ) async throws {
        let address = address
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { channel in
                await onReady("http://\(address.host):\(channel.localAddress?.port ?? address.port)")
            },
            logger: logger
        )
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) } + [.init(service: application)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        do {
            try await group.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ServerError(
                .portInUse,
                what: "cannot listen on \(address.host):\(address.port)",
                why: "another program listens on that port",
                next: "stop it, or choose another by `--port`",
                cause: error
            )
        } catch let error as IOError {
            throw ServerError(
                .invalidRequest,
                what: "cannot listen on \(address.host):\(address.port)",
                why: error.localizedReason,
                next: "choose an address of this machine by `--host`",
                cause: error
            )
        }
    }
}

extension IOError {
    fileprivate var localizedReason: String { "the system says: \(String(cString: strerror(errnoCode)))" }
}
