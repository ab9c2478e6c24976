// SPDX-License-Identifier: Apache-2.0

/// Where a server listens, and how long it waits for others.
package struct ListenSettings: Sendable {
    /// An address or name of this machine.
    package var host: String
    /// The port; 0 for any free one.
    package var port: Int
    /// How long requests under way may take after a signal to stop; then they are cut off.
    package var grace: Duration
    /// A connection on which nothing came for this long is closed, unless its request is being answered: it ends clients
    /// that never finish a request.
    package var idle: Duration
    /// The most connections at once; more wait until one ends.
    package var connections: Int
    /// Names that clients may call the server by, besides addresses and names without a dot; `*` for any.
    package var allowedHosts: [String]

    /// Settings; by default for this machine alone.
    package init(
        host: String = "127.0.0.1",
        port: Int = 5_000,
        grace: Duration = .seconds(10),
        idle: Duration = .seconds(60),
        connections: Int = 256,
        allowedHosts: [String] = []
    ) {
        self.host = host
        self.port = port
        self.grace = grace
        self.idle = idle
        self.connections = connections
        self.allowedHosts = allowedHosts
    }

    /// Whether nobody outside of this machine can connect.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// The URL of the server at a port.
    func url(port: Int) -> String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
