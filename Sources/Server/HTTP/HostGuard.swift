// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// Refuses requests that call the server by a name that is not its own.
///
/// A page of another site can point its own name to this machine after it was loaded; then its browser takes the server for
/// a part of that site, and ``CrossSiteGuard`` cannot tell. The browser still sends the name as `Host`. Addresses and names
/// without a dot cannot be pointed elsewhere by a stranger, so only names with dots are asked for.
///
/// - Source: Jackson et al., *Protecting Browsers from DNS Rebinding Attacks* (2007), section 5.
struct HostGuard<Context: RequestContext>: RouterMiddleware {
    /// Names of the server besides its addresses, in lower case; `*` stands for any.
    let names: Set<String>

    init(names: [String]) { self.names = Set(names.map { $0.lowercased() }) }

    /// Paths that say nothing of the project, which probes call by whatever name they have.
    private static var open: Set<String> {
        ["/health", "/version", "/metrics", "/v2/health/live", "/v2/health/ready", "/ping"]
    }

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard !Self.open.contains(request.uri.path), let host = request.head.authority, !isOwn(host) else {
            return try await next(request, context)
        }
        throw ServerError(
            .forbidden,
            what: "cannot \(request.method.rawValue) `\(request.uri.path.prefix(200))`",
            why: "the server is called `\(host.prefix(100))`, which is not a name that it knows as its own",
            next: "call it by its address, or start it with `--allowed-host \(Self.name(host).prefix(100))`"
        )
    }

    func isOwn(_ host: String) -> Bool {
        let name = Self.name(host)
        if names.contains("*") || names.contains(name) { return true }
        let isLocal = name == "localhost" || name.hasSuffix(".localhost")
        return isLocal || !name.contains(".") || Self.isAddress(name)
    }

    /// The name without its port, in lower case.
    private static func name(_ host: String) -> String {
        let host = host.lowercased()
        // An IPv6 address has its own colons inside brackets.
        if host.hasPrefix("[") { return String(host.prefix { $0 != "]" }.dropFirst()) }
        var name = host.prefix { $0 != ":" }
        if name.hasSuffix(".") { name.removeLast() }
        return String(name)
    }

    /// Four numbers with dots, which is no name of any domain.
    private static func isAddress(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.allSatisfy(\.isASCII) && part.allSatisfy(\.isNumber) && UInt8(part) != nil
            }
    }
}
