// SPDX-License-Identifier: Apache-2.0

package import HTTPTransport
import Synchronization

/// Clients for servers whose certificates the system does not know, made when one is needed.
package final class TrustingClients: Sendable {
    private let make: @Sendable (HTTPTransportClient.Trust) -> HTTPTransportClient
    private let clients = Mutex<[HTTPTransportClient.Trust: HTTPTransportClient]>([:])

    /// Clients that a closure makes; ``shutdown()`` closes them.
    package init(_ make: @escaping @Sendable (HTTPTransportClient.Trust) -> HTTPTransportClient) { self.make = make }

    func client(_ trust: HTTPTransportClient.Trust) -> HTTPTransportClient {
        clients.withLock { clients in
            if let known = clients[trust] { return known }
            let client = make(trust)
            clients[trust] = client
            return client
        }
    }

    /// Closes all connections.
    package func shutdown() async {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        for client in all { await client.shutdown() }
    }
}
