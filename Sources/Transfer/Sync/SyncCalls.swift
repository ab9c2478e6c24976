// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import NIOCore
import ObjectStorage

/// The server does not take one thing, and says why; the rest may go on.
struct SyncRefusal: Error {
    let what: String
    let why: String
    let next: String?
}

/// Calls of the sync protocol; each may be said again, so a call that got no answer is.
struct SyncCalls: Sendable {
    static let base = "/api/gyre/v1/sync"
    /// How often a call is made before the server counts as gone.
    private static let attempts = 4

    let url: String
    let client = HTTPTransportClient(connectionsPerHost: 8, stall: .seconds(120))
    private let headers: [(String, String)]

    init(url: String, token: String?) {
        self.url = url
        headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
    }

    /// Calls a route with a body.
    ///
    /// - Throws: ``SyncRefusal`` if the server does not take it, ``TransferError`` for anything else.
    func post(_ route: String, _ write: (inout JSONWriter) -> Void) async throws -> JSONElement {
        var body = JSONWriter(nonFinite: .text)
        body.object(write)
        let bytes = body.bytes
        let answer = try await repeating {
            try await client.send(
                "POST",
                "\(url)\(Self.base)/\(route)",
                headers: headers + [("Content-Type", "application/json")],
                body: bytes,
                deadline: .seconds(120)
            )
        }
        return try read(answer)
    }

    /// Sends a file.
    func put(_ query: [(String, String)], _ body: @Sendable () async throws -> ObjectBody) async throws {
        let text = query.map { "\($0)=\(URLText.encoded($1))" }.joined(separator: "&")
        let answer = try await repeating {
            let content = try await body()
            let length = content.range.upperBound - content.range.lowerBound
            return try await client.upload(
                "PUT",
                "\(url)\(Self.base)/files?\(text)",
                headers: headers + [("Content-Type", "application/octet-stream")],
                body: content,
                length: length,
                // At least 100 kB a second.
                deadline: .seconds(120 + length / 100_000)
            )
        }
        _ = try read(answer)
    }

    /// Asks for a path once.
    func get(_ path: String) async throws -> HTTPAnswer {
        try await client.send("GET", url + path, headers: headers, deadline: .seconds(30))
    }

    /// Waits a little and tries again, so that a server may be begun anew under a sync.
    private func repeating(_ call: () async throws -> HTTPAnswer) async throws -> HTTPAnswer {
        for attempt in 1... {
            do {
                let answer = try await call()
                guard [429, 502, 503, 504].contains(answer.status), attempt < Self.attempts else { return answer }
            } catch let error as HTTPTransportError where [.unreachable, .timedOut].contains(error.code) {
                guard attempt < Self.attempts else {
                    throw failed(
                        error.why,
                        next: "run it again once the server answers; it goes on where it was",
                        error
                    )
                }
            }
            // A random part, so that many clients do not come back at once.
            try await Task.sleep(for: .milliseconds(Int64(200 << attempt) + Int64.random(in: 0..<200)))
        }
        throw CancellationError()
    }

    private func read(_ answer: HTTPAnswer) throws -> JSONElement {
        let root = try? JSONDocument(answer.body).root
        switch answer.status {
        case 200:
            guard let root, root.kind == .object else { throw failed("its answer is no JSON object", next: nil) }
            return root
        case 400, 404, 409, 413, 422:
            guard let root, let detail = root["detail"]?.string, root["code"] != nil else { break }
            // `detail` is both sentences.
            let parts = detail.split(separator: ": ", maxSplits: 1).map(String.init)
            throw SyncRefusal(
                what: parts.first ?? detail,
                why: parts.count > 1 ? parts[1] : detail,
                next: root["next"]?.string
            )
        default: break
        }
        throw unexpected(answer)
    }

    /// Words for an answer that no Gyre gives to what was asked.
    func unexpected(_ answer: HTTPAnswer) -> TransferError {
        // What cannot be read has no words for people.
        let problem = try? JSONDocument(answer.body).root
        let detail = problem?["detail"]?.string.map { ": \($0.prefix(300))" }
        let next = problem?["next"]?.string.map { String($0.prefix(300)) }
        switch answer.status {
        case 300..<400:
            let place = answer.header("Location").map { FailedAddress.shown($0) } ?? "another address"
            return failed(
                "it sends to `\(place)`, and a sync follows nobody",
                next: "give that address, if you trust it"
            )
        case 401, 403:
            return failed(
                "it does not let us in" + (detail ?? ""),
                next: next ?? "set GYRE_TOKEN to a token that it knows"
            )
        case 500...:
            let next = next ?? "look into the server's log, and run it again"
            return failed("it answered \(answer.status)" + (detail ?? ""), next: next)
        default: return failed("it answered \(answer.status)" + (detail ?? ""), next: next ?? "look at the address")
        }
    }

    func failed(_ why: String, next: String?, _ cause: (any Error)? = nil) -> TransferError {
        TransferError(
            .refused,
            what: "cannot sync with `\(FailedAddress.shown(url))`",
            why: why,
            next: next,
            cause: cause
        )
    }
}
