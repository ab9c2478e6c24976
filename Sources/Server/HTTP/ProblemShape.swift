// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// The shape in which a family of routes reports a failure.
enum ProblemShape: Sendable, Hashable {
    /// Gyre's own API: RFC 9457, `application/problem+json`.
    case problem
    /// Open Inference Protocol: `{"error": "…"}`.
    case openInference
    /// MLflow's API and scoring: `{"error_code": "…", "message": "…"}`.
    case mlflow
    /// A page for people.
    case page

    /// The shape that the caller of a path understands, whether or not there is a route.
    init(_ request: Request) {
        let path = request.uri.path
        func isBelow(_ prefix: String) -> Bool { path == prefix || path.hasPrefix(prefix + "/") }
        if isBelow("/v2") {
            self = .openInference
        } else if ["/invocations", "/ping", "/api/2.0", "/api/3.0", "/ajax-api"].contains(where: isBelow) {
            self = .mlflow
        } else if !isBelow("/api"), request.headers[.accept]?.contains("text/html") == true {
            self = .page
        } else {
            self = .problem
        }
    }
}
