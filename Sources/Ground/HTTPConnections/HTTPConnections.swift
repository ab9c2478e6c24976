// SPDX-License-Identifier: Apache-2.0

package import HummingbirdCore
package import Logging
package import NIOCore

extension NIOAsyncChannel.Accepted: ServerChildChannelValue {}

/// Answers the requests of connections by HTTP/1.1.
package struct HTTPConnections: ServerChildChannel {
    private let base: HTTP1Channel

    init(_ base: HTTP1Channel) { self.base = base }

    /// Prepares a connection that was just accepted.
    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value.Accepted> {
        base.setup(channel: channel, logger: logger).map { HTTP1Channel.Value.Accepted($0) }
    }

    /// Answers the requests of a connection until it ends.
    package func handle(value: HTTP1Channel.Value.Accepted, logger: Logger) async {
        guard let requests = value.take() else { return }
        await base.handle(value: requests, logger: logger)
    }
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
