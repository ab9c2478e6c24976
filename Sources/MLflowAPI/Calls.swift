// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import NIOCore

/// One call of MLflow's API: the fields of its body, or of its query.
struct Call: Sendable {
    /// The most bytes of a call's body: a batch of metrics has at most a mebibyte, a model's input example may be larger.
    static let bodyLimit = 16 << 20

    private let root: JSONElement?
    private let query: [(String, String)]
    /// What the path's variables hold.
    let path: [String: String]

    init(_ request: Request, path: [String: String], readsBody: Bool) async throws {
        self.path = path
        query = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
        guard readsBody else {
            root = nil
            return
        }
        let buffer = try await request.body.collect(upTo: Self.bodyLimit)
        guard buffer.readableBytes > 0 else {
            root = nil
            return
        }
        let document = try buffer.withUnsafeReadableBytes { try JSONDocument(parsing: $0) }
        guard document.root.kind == .object else {
            throw JSONError(what: "cannot read the request", why: "the body is no JSON object")
        }
        root = document.root
    }

    static func unknownRoute(_ request: Request) -> CallError {
        CallError(
            code: "ENDPOINT_NOT_FOUND",
            status: .notFound,
            message: "\(request.method) \(request.uri.path.prefix(200)) is not a route of this server"
        )
    }

    /// A field of the body; null counts as missing.
    subscript(key: String) -> JSONElement? {
        guard let value = root?[key], !value.isNull else { return nil }
        return value
    }

    /// A text; a number is taken as its text.
    func string(_ key: String) throws -> String? {
        guard root != nil else { return query.first { $0.0 == key }?.1 }
        guard let value = self[key] else { return query.first { $0.0 == key }?.1 }
        if let text = value.string { return text }
        if let number = value.int64 { return String(number) }
        throw CallError.invalid("`\(key)` must be a text")
    }

    /// A text that must be there and not empty.
    func required(_ key: String) throws -> String {
        guard let value = try string(key), !value.isEmpty else {
            throw CallError.invalid("Missing value for required parameter '\(key)'")
        }
        return value
    }

    /// A whole number, also written as a text.
    func integer(_ key: String) throws -> Int64? {
        if let value = self[key] {
            if let number = value.int64 ?? value.double.flatMap({ Int64(exactly: $0) }) { return number }
            if let text = value.string, let number = Int64(text) { return number }
            throw CallError.invalid("`\(key)` must be a whole number")
        }
        guard let text = query.first(where: { $0.0 == key })?.1 else { return nil }
        guard let number = Int64(text) else { throw CallError.invalid("`\(key)` must be a whole number") }
        return number
    }

    func bool(_ key: String) throws -> Bool {
        if let value = self[key]?.bool { return value }
        return try string(key)?.lowercased() == "true"
    }

    /// A list of texts; in a query it is a repeated field.
    func strings(_ key: String) -> [String] {
        if let value = self[key] { return value.elements.compactMap(\.string) }
        return query.filter { $0.0 == key }.map(\.1)
    }

    /// How many to return, and how many to pass over by the page token.
    func page(default fallback: Int, most: Int) throws -> (offset: Int, limit: Int) {
        let limit = Int(try integer("max_results") ?? Int64(fallback))
        guard (1...most).contains(limit) || limit == 0 else {
            throw CallError.invalid("Invalid value for parameter 'max_results': must be 1 to \(most), got \(limit)")
        }
        guard let token = try string("page_token"), !token.isEmpty else { return (0, limit == 0 ? fallback : limit) }
        guard token.hasPrefix("o"), let offset = Int(token.dropFirst()), offset >= 0 else {
            throw CallError.invalid("`page_token` is not one that this server made")
        }
        return (offset, limit == 0 ? fallback : limit)
    }

    /// The page token behind `count` results at `offset`, if there may be more.
    static func nextToken(offset: Int, count: Int, limit: Int) -> String? {
        count < limit ? nil : "o\(offset + count)"
    }
}

/// A call that MLflow's client can understand the refusal of.
struct CallError: Error {
    let code: String
    let status: HTTPResponse.Status
    let message: String

    static func invalid(_ message: String) -> CallError {
        CallError(code: "INVALID_PARAMETER_VALUE", status: .badRequest, message: message)
    }
}

/// Registers calls on a group of routes.
struct Calls<Context: RequestContext> {
    let group: RouterGroup<Context>

    func get(_ path: String, _ handler: @escaping @Sendable (Call) async throws -> Response) { on(path, .get, handler) }
    func post(_ path: String, _ handler: @escaping @Sendable (Call) async throws -> Response) {
        on(path, .post, handler)
    }

    func on(
        _ path: String,
        _ method: HTTPRequest.Method,
        _ handler: @escaping @Sendable (Call) async throws -> Response
    ) {
        group.on(RouterPath(path), method: method) { request, context in
            let variables = Dictionary(
                context.parameters.map { (String($0.key), String($0.value)) },
                uniquingKeysWith: { first, _ in first }
            )
            return try await handler(try await Call(request, path: variables, readsBody: method != .get))
        }
    }
}

extension Response {
    /// One JSON document; numbers that are not finite are texts, as protobuf writes them.
    static func json(_ build: (inout JSONWriter) throws -> Void) rethrows -> Response {
        var writer = JSONWriter(reserving: 2_048, nonFinite: .text)
        try build(&writer)
        return Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }

    /// An answer without content.
    static var empty: Response { .json { $0.object { _ in } } }
}
