// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText

/// Calls of MLflow's REST API.
struct MLflowCalls: Sendable {
    /// The server has no such route.
    struct UnknownRoute: Error {}

    /// The most bytes of an answer; histories come whole from servers of before pages.
    private static let limit = 512 << 20

    let url: String
    let client = HTTPTransportClient(connectionsPerHost: 8, stall: .seconds(120))
    private let headers: [(String, String)]

    init(url: String, authorization: String?) {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url
        headers = authorization.map { [("Authorization", $0)] } ?? []
    }

    /// Calls a route below `/api/2.0/mlflow/` that takes its fields from the query.
    func get(_ route: String, _ query: [(String, String)]) async throws -> JSONElement {
        let text = query.map { "\($0)=\(URLText.encoded($1))" }.joined(separator: "&")
        let answer = try await client.send(
            "GET",
            "\(url)/api/2.0/mlflow/\(route)?\(text)",
            headers: headers,
            deadline: .seconds(300),
            limit: Self.limit
        )
        return try read(answer, route)
    }

    /// Calls a route below `/api/2.0/mlflow/` with a body.
    func post(_ route: String, _ write: (inout JSONWriter) -> Void) async throws -> JSONElement {
        var body = JSONWriter()
        body.object(write)
        let answer = try await client.send(
            "POST",
            "\(url)/api/2.0/mlflow/\(route)",
            headers: headers + [("Content-Type", "application/json")],
            body: body.bytes,
            deadline: .seconds(300),
            limit: Self.limit
        )
        return try read(answer, route)
    }

    /// Calls a route again and again until its last page.
    func pages(
        _ route: String,
        _ write: (inout JSONWriter) -> Void,
        page: (JSONElement) async throws -> Void
    ) async throws {
        var token: String?
        repeat {
            let current = token
            let answer = try await post(route) { body in
                write(&body)
                if let current { body.field("page_token", current) }
            }
            try await page(answer)
            token = answer["next_page_token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while token != nil
    }

    /// Hands over a file while it comes; what is not there is nil.
    func download<Result: Sendable>(
        _ path: String,
        _ body: (HTTPStream) async throws -> Result
    ) async throws -> Result {
        try await client.download(url + path, headers: headers) { stream in
            guard stream.status == 200 else { throw refused("the server answered \(stream.status)") }
            return try await body(stream)
        }
    }

    private func read(_ answer: HTTPAnswer, _ route: String) throws -> JSONElement {
        let document = try? JSONDocument(answer.body)
        if answer.status == 200, let root = document?.root, root.kind == .object { return root }
        let code = document?.root["error_code"]?.string
        if answer.status == 404, code == nil || code == "ENDPOINT_NOT_FOUND" {
            guard route == "experiments/search" else { throw UnknownRoute() }
        }
        switch answer.status {
        case 401, 403:
            throw refused(
                "the server demands a login",
                "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
            )
        case _ where code != nil:
            let message = document?.root["message"]?.string ?? ""
            throw refused("the server answered \(code ?? ""): \(message.prefix(300))")
        default:
            throw TransferError(
                .wrongContent,
                what: "cannot import from `\(FailedAddress.shown(url))`",
                why: "what answers there does not speak MLflow's API (status \(answer.status))",
                next: "look at the address; it is the one that `MLFLOW_TRACKING_URI` would have"
            )
        }
    }

    func refused(_ why: String, _ next: String? = nil) -> TransferError {
        TransferError(
            .refused,
            what: "cannot import from `\(FailedAddress.shown(url))`",
            why: why,
            next: next
        )
    }
}
