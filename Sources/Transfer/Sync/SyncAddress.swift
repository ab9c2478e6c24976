// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// A server to sync with, and the token that it asks for.
package struct SyncAddress: Sendable {
    /// Where it answers, without a slash at the end.
    package let url: String
    let token: String?

    /// Reads an address.
    ///
    /// - Parameters:
    ///   - text: `http://HOST:PORT` or `https://HOST`.
    ///   - origin: Where it was written, for the message.
    ///   - token: Sent as `Authorization: Bearer …`; nil for none.
    /// - Throws: ``TransferError`` `.unknownSource` for another kind of address, or if the token would travel unencrypted.
    package init(_ text: String, from origin: String, token: String?) throws(TransferError) {
        let what = "cannot sync with `\(FailedAddress.shown(text))`"
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }), text != scheme else {
            throw TransferError(
                .unknownSource,
                what: what,
                why: "\(origin) is no `http://…` or `https://…`",
                next: "write for example `http://127.0.0.1:5000`"
            )
        }
        let host = text.dropFirst(scheme.count).prefix { $0 != "/" }
        guard !host.contains("@"), !text.contains("?"), !text.contains("#") else {
            throw TransferError(
                .unknownSource,
                what: what,
                why: "\(origin) holds more than a host, a port and a path",
                next: "set GYRE_TOKEN for a login"
            )
        }
        if token != nil, scheme == "http://", !Self.isLoopback(host) {
            throw TransferError(
                .unknownSource,
                what: what,
                why: "the token of GYRE_TOKEN or MLFLOW_TRACKING_TOKEN would travel unencrypted",
                next: "use `https://`, or unset the token if the server asks for none"
            )
        }
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url
        self.token = token
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        if name == "localhost" || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
