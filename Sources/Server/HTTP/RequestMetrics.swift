// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Metrics
import Synchronization

/// Counts requests by route, method and status, and measures how long they take to the first byte of the answer.
///
/// The labels come from closed sets: the route's pattern, never the path, and the methods that routes use.
final class RequestMetrics<Context: RequestContext>: RouterMiddleware {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct Instruments {
        let count: Counter
        let time: Metrics.Timer
    }

    private let known = Mutex<[Key: Instruments]>([:])

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        // Hummingbird's name for a request that no route takes.
        let route = context.endpointPath.flatMap { $0 == "NotFound" ? nil : $0 }
        let key = Key(
            route: route ?? "none",
            method: route != nil ? request.method.rawValue : "any",
            status: response.status.code
        )
        let instruments = known.withLock { known in
            if let known = known[key] { return known }
            let route = [("route", key.route), ("method", key.method)]
            let made = Instruments(
                count: Counter(label: "gyre.http.requests", dimensions: route + [("status", String(key.status))]),
                time: Metrics.Timer(label: "gyre.http.request", dimensions: route)
            )
            known[key] = made
            return made
        }
        instruments.count.increment()
        instruments.time.recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1)))
        return response
    }
}
