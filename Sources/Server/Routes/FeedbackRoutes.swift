// SPDX-License-Identifier: Apache-2.0

import Feedback
import Hummingbird
package import JSONText

/// Labels, verdicts and gathered errors: how truth comes back.
struct FeedbackRoutes: Sendable {
    /// The most labels in one request.
    static let labelLimit = 10_000

    let feedback: FeedbackService
    /// Called after something arrived, so that the loop looks at once.
    let onArrival: @Sendable () -> Void

    func add(to group: RouterGroup<some RequestContext>) {
        group.post("labels") { request, _ in try await takeLabels(request) }
        group.post("feedback") { request, _ in try await takeVerdict(request) }
        group.get("errors") { request, _ in try await errors(request) }
    }

    /// `{"labels": [{"prediction_id": "…", "truth": 1}, …]}` → `{"accepted": 1}`; all or none.
    private func takeLabels(_ request: Request) async throws -> Response {
        let root = try await request.json(limit: 4 << 20).root
        guard let list = root["labels"], list.kind == .array else {
            throw ServerError(
                .invalidRequest,
                what: "cannot take labels",
                why: "the body has no list `labels`",
                next: #"send {"labels": [{"prediction_id": "…", "truth": "…"}]}"#
            )
        }
        guard list.count <= Self.labelLimit else {
            throw ServerError(
                .invalidRequest,
                what: "cannot take labels",
                why: "the request has \(list.count) of them; \(Self.labelLimit) are allowed",
                next: "send them in several requests"
            )
        }
        var labels: [Label] = []
        for (index, element) in list.elements.enumerated() {
            guard let id = element["prediction_id"]?.string, let truth = element["truth"]?.scalarText else {
                throw ServerError(
                    .invalidRequest,
                    what: "cannot take label \(index)",
                    why: "it needs `prediction_id` (text) and `truth` (text, number or bool)"
                )
            }
            labels.append(try Label(predictionID: id, truth: truth))
        }
        try await feedback.take(labels)
        onArrival()
        let accepted = labels.count
        return .json(.accepted) { writer in writer.object { $0.field("accepted", accepted) } }
    }

    /// `{"prediction_id": "…", "usable": false, "truth": 1, "comment": "…"}`; truth and comment may be left out.
    private func takeVerdict(_ request: Request) async throws -> Response {
        let root = try await request.json(limit: 64 << 10).root
        guard let id = root["prediction_id"]?.string, let usable = root["usable"]?.bool else {
            throw ServerError(
                .invalidRequest,
                what: "cannot take the feedback",
                why: "it needs `prediction_id` (text) and `usable` (true or false)"
            )
        }
        let verdict = try UserVerdict(
            predictionID: id,
            isUsable: usable,
            truth: root["truth"]?.scalarText,
            comment: root["comment"]?.string ?? ""
        )
        try await feedback.take(verdict)
        onArrival()
        return .json(.accepted) { writer in writer.object { $0.field("accepted", 1) } }
    }

    /// A page of gathered errors, newest first: `?kind=false_negative&limit=100&page=TOKEN`.
    private func errors(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        var kinds: [GatheredError.Kind] = []
        for text in query.getAll("kind") {
            guard let kind = GatheredError.Kind(rawValue: String(text)) else {
                let known = GatheredError.Kind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                throw ServerError(
                    .invalidRequest,
                    what: "cannot list errors of kind `\(text)`",
                    why: "the kinds are \(known)"
                )
            }
            kinds.append(kind)
        }
        let page = try await feedback.errors(
            kinds: kinds,
            page: query["page"].map { try ErrorPage.Cursor(token: String($0)) },
            limit: try limit(query["limit"].map { String($0) })
        )
        return .json { writer in
            writer.object { writer in
                writer.key("errors")
                writer.array { writer in
                    for error in page.errors { error.write(into: &writer) }
                }
                if let next = page.next { writer.field("next_page", next.token) }
            }
        }
    }

    private func limit(_ text: String?) throws -> Int {
        guard let text else { return 100 }
        guard let limit = Int(text), (1...1_000).contains(limit) else {
            throw ServerError(
                .invalidRequest,
                what: "cannot list `\(text.prefix(50))` errors",
                why: "`limit` is a number from 1 to 1000"
            )
        }
        return limit
    }
}

extension GatheredError {
    /// The error as the API and `--json` show it.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("prediction_id", id)
            writer.field("kind", kind.rawValue)
            writer.field("model", model)
            writer.field("version", version)
            writer.field("predicted", predicted)
            writer.field("truth", truth)
            writer.field("score", score)
            writer.field("predicted_ms", predictedMs)
            writer.field("comment", comment)
            writer.field("data_version", dataVersion)
        }
    }
}

extension ErrorPage.Cursor {
    var token: String { "\(gatheredMs)-\(predictionID)" }

    init(token: String) throws {
        let parts = token.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let gatheredMs = Int64(parts[0]) else {
            throw ServerError(
                .invalidRequest,
                what: "cannot go to the page `\(token.prefix(80))`",
                why: "it is no page token",
                next: "pass `next_page` of the page before, or leave `page` out"
            )
        }
        self.init(gatheredMs: gatheredMs, predictionID: String(parts[1]))
    }
}

extension JSONElement {
    /// A text, number or bool as the text that a target column would hold.
    var scalarText: String? {
        switch kind {
        case .string: string
        case .integer, .unsigned: int64.map { String($0) } ?? double.map { String($0) }
        case .real: double.map { String($0) }
        case .bool: bool.map { $0 ? "true" : "false" }
        case .null, .array, .object: nil
        }
    }
}
