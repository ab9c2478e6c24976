// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// Where a webhook leads, taken apart far enough to say whether it may.
struct TargetAddress: Sendable, Equatable {
    /// As HTTP wants it, with the scheme in small letters.
    let url: String
    /// A name or an address, in small letters, without brackets.
    let host: String

    /// Reads an address.
    ///
    /// - Throws: ``WebhookError`` `.invalidParameter`.
    init(_ text: String, schemes: [String]) throws(WebhookError) {
        func refused(_ why: String, next: String? = nil) -> WebhookError {
            let shown = String(text.prefix { $0 != "?" && $0 != "@" }.prefix(100))
            return WebhookError(.invalidParameter, what: "cannot send events to `\(shown)`", why: why, next: next)
        }
        guard text.utf8.count <= 2_048 else { throw refused("it has more than 2048 bytes") }
        // Also what would begin another line of the request.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#""<>\^`{|}"#.utf8.contains($0) }) else {
            throw refused("it holds a space or another character that a URL cannot", next: "percent-encode it")
        }
        let scheme = String(text.prefix { $0 != ":" }).lowercased()
        guard text.contains(":"), schemes.contains(scheme) else {
            throw refused("it does not begin with \(schemes.map { "`\($0)://`" }.joined(separator: " or "))")
        }
        let rest = text.dropFirst(scheme.count + 1)
        guard rest.hasPrefix("//") else { throw refused("it names no host") }
        let authority = rest.dropFirst(2).prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            throw refused("it holds a user or password, which answers would show", next: "use the webhook's secret")
        }
        let name: Substring
        let port: Substring
        if authority.hasPrefix("[") {
            name = authority.dropFirst().prefix { $0 != "]" }
            port = authority.dropFirst(name.count + 2)
            guard authority.contains("]"), PeerAddress(String(name))?.bytes.count == 16 else {
                throw refused("what stands in brackets is no address of IPv6")
            }
        } else {
            name = authority.prefix { $0 != ":" }
            port = authority.dropFirst(name.count)
        }
        guard !name.isEmpty else { throw refused("it names no host") }
        guard port.isEmpty || port.first == ":" else { throw refused("its host cannot be read") }
        let digits = port.dropFirst()
        guard digits.isEmpty || (digits.allSatisfy(\.isNumber) && (1...65_535).contains(Int(digits) ?? 0)) else {
            throw refused("its port is none from 1 to 65535")
        }
        host = name.lowercased()
        url = scheme + text.dropFirst(scheme.count).prefix { $0 != "#" }
    }

    /// Refuses a host that is, or has among its addresses, one of a private network.
    ///
    /// - Throws: ``WebhookError`` `.invalidParameter`; ``HTTPTransportError`` if the name is not known.
    func requirePublic() async throws {
        for address in try await HostNames.addresses(of: host) where !address.isPublic {
            throw WebhookError(
                .invalidParameter,
                what: "cannot send events to `\(host)`",
                why: "it leads to `\(address)`, which is not a public address",
                next: "use a public one, or set MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true where everybody may be trusted"
            )
        }
    }
}
