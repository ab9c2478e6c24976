// SPDX-License-Identifier: Apache-2.0

package import HummingbirdCore
package import Logging
package import NIOCore
import Synchronization

/// A connection between its acceptance and the task that answers its requests.
///
/// While a server stops, a connection may be accepted that no task takes any more. NIO ends the process over one that is dropped
/// without having been closed; this one closes itself.
package final class AcceptedConnection: ServerChildChannelValue {
    /// The connection as NIO has it.
    package let channel: any Channel
    private let requests: Mutex<HTTP1Channel.Value?>

    init(_ requests: HTTP1Channel.Value) {
        channel = requests.channel
        self.requests = Mutex(requests)
    }

    deinit {
        guard let requests = requests.withLock({ $0.take() }) else { return }
        // Nobody waits for it, and an error means that it is closed already.
        Task { try? await requests.executeThenClose { _, _ in } }
    }

    /// What comes in and goes out, for the one who answers; nil if it was taken before.
    func take() -> HTTP1Channel.Value? { requests.withLock { $0.take() } }
}

/// Answers the requests of connections by HTTP/1.1.
package struct HTTPConnections: ServerChildChannel {
    private let base: HTTP1Channel

    /// Prepares a connection that was just accepted.
    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        base.setup(channel: channel, logger: logger).map { AcceptedConnection($0) }
    }

    /// Answers the requests of a connection until it ends.
    package func handle(value: AcceptedConnection, logger: Logger) async {
        guard let requests = value.take() else { return }
        await base.handle(value: requests, logger: logger)
    }

    init(_ base: HTTP1Channel) { self.base = base }
}

extension HTTPServerBuilder {
    /// Serves HTTP/1.1, and stops without harm at any moment.
    ///
    /// - Parameter idle: How long a connection may be without a request; nil for any time.
    /// - Returns: What an `Application` serves with.
    package static func connections(idle: TimeAmount? = nil) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            HTTPConnections(HTTP1Channel(responder: responder, configuration: .init(idleTimeout: idle)))
        }
    }
}
