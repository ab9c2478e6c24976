// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
import Glibc
#endif

/// Listens with a router until it is asked to stop.
///
/// The first SIGTERM or SIGINT ends it gracefully: the port closes, requests under way are answered. What is not answered
/// within the grace, and everything at a second signal, is cut off.
struct Listening: Sendable {
    /// The threads of all connections, one for each core.
    static let loops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton

    let settings: ListenSettings
    let logger: Logger

    /// Serves until the task is cancelled or a signal of the process asks it to stop.
    ///
    /// - Parameters:
    ///   - router: Answers requests.
    ///   - foundations: Services that requests stand on; they stop after the last request.
    ///   - callers: Services that send requests themselves; they stop while requests are still answered.
    ///   - onReady: Called once the port is open, with the server's URL.
    /// - Throws: ``ServerError``: `.portInUse`, `.cannotListen`, or `.interrupted` after a second signal.
    func run(
        _ router: Router<BasicRequestContext>,
        foundations: [any Service] = [],
        callers: [any Service] = [],
        onReady: @escaping @Sendable (_ url: String) async -> Void
    ) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await run(router, foundations: foundations, callers: callers, until: signals, onReady: onReady)
    }

    /// Serves until the task is cancelled or one of `signals` asks it to stop.
    func run(
        _ router: Router<BasicRequestContext>,
        foundations: [any Service] = [],
        callers: [any Service] = [],
        until signals: some AsyncSequence<UnixSignal, Never> & Sendable,
        onReady: @escaping @Sendable (_ url: String) async -> Void
    ) async throws {
        let (settings, logger) = (settings, logger)
        let application = Application(
            router: router,
            server: .connections(idle: TimeAmount(settings.idle)),
            configuration: .init(
                address: .hostname(settings.host, port: settings.port),
                serverName: nil,
                availableConnectionsDelegate: .maximum(settings.connections, logger: logger)
            ),
            onServerRunning: { channel in
                if !settings.isLoopback {
                    logger.warning(
                        "listens beyond this machine without asking who calls",
                        metadata: ["http.host": "\(settings.host)"]
                    )
                }
                await onReady(settings.url(port: channel.localAddress?.port ?? settings.port))
            },
            eventLoopGroupProvider: .shared(Self.loops),
            logger: logger.forTransport
        )
        // Stopped from the last to the first.
        let services = (foundations + [application] + callers).map {
            // The default name is all that a service holds.
            ServiceGroupConfiguration.ServiceConfiguration(service: $0, serviceName: "\(type(of: $0))")
        }
        var configuration = ServiceGroupConfiguration(services: services, logger: logger)
        configuration.maximumGracefulShutdownDuration = settings.grace
        do {
            let group = ServiceGroup(configuration: configuration)
            let executor = LoopExecutor(Self.loops)
            try await withTaskExecutorPreference(executor) { try await run(group, until: signals) }
        } catch {
            throw explained(error)
        }
    }

    private func run(
        _ group: ServiceGroup,
        until signals: some AsyncSequence<UnixSignal, Never> & Sendable
    ) async throws {
        let logger = logger
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                var patience = Patience()
                for await signal in signals {
                    switch patience.takes(signalAt: .now) {
                    case .first:
                        logger.notice("stopping", metadata: ["signal": "\(signal)"])
                        await group.triggerGracefulShutdown()
                    case .same: break
                    case .second:
                        throw ServerError(
                            .interrupted,
                            what: "cannot end the requests under way",
                            why: "a second signal asked to stop at once",
                            next: "nothing that was acknowledged is lost"
                        )
                    }
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func explained(_ error: any Error) -> any Error {
        let what = "cannot listen on \(settings.host):\(settings.port)"
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE:
            return ServerError(
                .portInUse,
                what: what,
                why: "another program listens on that port",
                next: "stop it, or choose another by `--port`",
                cause: error
            )
        case let error as IOError where error.errnoCode == EACCES:
            return ServerError(
                .cannotListen,
                what: what,
                why: "this user may not open that port",
                next: "choose one from 1024 on by `--port`",
                cause: error
            )
        case let error as IOError:
            return ServerError(
                .cannotListen,
                what: what,
                why: "the system says: \(String(cString: strerror(error.errnoCode)))",
                next: "choose an address of this machine by `--host`",
                cause: error
            )
        case is SocketAddressError.UnknownHost, is SocketAddressError:
            return ServerError(
                .cannotListen,
                what: what,
                why: "no address is known under that name",
                next: "choose an address of this machine by `--host`",
                cause: error
            )
        default: return error
        }
    }
}
