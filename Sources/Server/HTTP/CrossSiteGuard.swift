// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// Refuses changes that a page of another site asks for in somebody's browser.
///
/// A server on this machine answers whoever can reach it, and a browser lets any page send it requests. Browsers say with
/// `Origin` whose page it is; programs send none.
///
/// - Source: OWASP Cross-Site Request Forgery Prevention, "Verifying Origin With Standard Headers".
struct CrossSiteGuard<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let changes = request.method != .get && request.method != .head
        if changes, let origin = request.headers[.origin], !isOwn(origin, request) {
            throw ServerError(
                .forbidden,
                what: "cannot \(request.method.rawValue) `\(request.uri.path.prefix(200))`",
                why: "a page of \(origin.prefix(100)) asks for it",
                next: "send it from a program, or from a page of this server"
            )
        }
        return try await next(request, context)
    }

    private func isOwn(_ origin: String, _ request: Request) -> Bool {
        guard let host = request.head.authority else { return false }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }
}
