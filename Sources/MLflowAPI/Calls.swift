// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import Tracking

/// One call of MLflow's API: the fields of its body, else of its query.
struct Call: Sendable {
    /// The most bytes of a call's body: a batch of tags has most of a mebibyte, the profile of a dataset 16.
    static let bodyLimit = 20 << 20

    /// The body; nil if there is none.
    private let body: Fields?
    private let query: Query
    /// What the path's variables hold.
    let path: [String: String]
    /// The path of the URL, as it came.
    let uri: String
    /// The server as the client calls it.
    let host: String?
    /// Whether a proxy in front says that the client speaks TLS to it.
    let isForwardedFromHTTPS: Bool

    init(_ request: Request, path: [String: String], readsBody: Bool) async throws {
        self.path = path
        uri = request.uri.path
        host = request.head.authority
        isForwardedFromHTTPS = HTTPField.Name("X-Forwarded-Proto").map { request.headers[$0] } == "https"
        query = try Query(request.uri.query)
        guard readsBody else {
            body = nil
            return
        }
        let buffer = try await request.body.collect(upTo: Self.bodyLimit)
        guard buffer.readableBytes > 0 else {
            body = nil
            return
        }
        do {
            var document = try buffer.withUnsafeReadableBytes { try JSONDocument(parsing: $0) }
            // Old clients wrote the object as a text first.
            if let text = document.root.string { document = try JSONDocument(text) }
            guard document.root.kind == .object else {
                throw CallError.invalid("cannot read the request's body: it is no JSON object")
            }
            body = Fields(document.root)
        } catch let error as JSONError {
            throw CallError.invalid("cannot read the request's body: \(error.why)")
        }
    }

    /// A value of the body, of any kind.
    subscript(key: String) -> JSONElement? { body?[key] }

    /// The body's fields.
    func fields() throws(CallError) -> Fields {
        guard let body else { throw .invalid("the request has no body") }
        return body
    }

    /// A text.
    func text(_ key: String) throws(CallError) -> String? { try body?.text(key) ?? query[key] }

    /// A text that must be there and not empty.
    func requiredText(_ key: String) throws(CallError) -> String {
        guard let text = try text(key), !text.isEmpty else { throw .missing(key) }
        return text
    }

    /// A text that is not empty; nil if it is missing.
    func textIfAny(_ key: String) throws(CallError) -> String? {
        guard let text = try text(key), !text.isEmpty else { return nil }
        return text
    }

    /// A whole number.
    func integer(_ key: String) throws(CallError) -> Int64? {
        if let number = try body?.integer(key) { return number }
        guard let text = query[key] else { return nil }
        guard let number = Int64(text) else {
            throw .invalid("Parameter '\(key)' must be an integer, got '\(text.prefix(50))'.")
        }
        return number
    }

    /// `true` or `false`; false if it is missing.
    func bool(_ key: String) throws(CallError) -> Bool {
        if let bool = try body?.bool(key) { return bool }
        switch query[key] {
        case nil, "false", "False": return false
        case "true", "True": return true
        case let text?: throw .invalid("Parameter '\(key)' must be true or false, got '\(text.prefix(50))'.")
        }
    }

    /// A list of texts; in a query it is a repeated field.
    func texts(_ key: String) throws(CallError) -> [String] {
        let texts = try body?.texts(key) ?? []
        return texts.isEmpty ? query.all(key) : texts
    }

    /// A list of `{"key", "value"}`.
    func pairs(_ key: String) throws(CallError) -> [KeyValue] { try body?.pairs(key) ?? [] }

    /// A list of objects.
    func objects<Value>(
        _ key: String,
        _ read: (Fields) throws(CallError) -> Value
    ) throws(CallError) -> [Value] {
        try body?.objects(key, read) ?? []
    }

    /// How many to return, and the page's place.
    func page(default fallback: Int, most: Int) throws(CallError) -> (after: PageToken?, limit: Int) {
        let limit = try integer("max_results") ?? Int64(fallback)
        guard limit > 0, limit <= most else {
            throw .invalid("Invalid value \(limit) for parameter 'max_results' supplied: it must be 1 to \(most)")
        }
        let token = try textIfAny("page_token")
        return (token.map { PageToken($0) }, Int(limit))
    }

    /// One of the texts that an enumeration has, or its number, which protobuf takes as well.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        numbers: [String: Value] = [:]
    ) throws(CallError) -> Value? {
        let written: String?
        if let number = self[key]?.int64 { written = String(number) } else { written = try text(key) }
        guard let text = written, !text.isEmpty else { return nil }
        if let value = Value(rawValue: text) ?? numbers[text] { return value }
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalid("Invalid value '\(text.prefix(50))' for parameter '\(key)' supplied: it is none of \(known)")
    }
}

/// Registers calls on a group of routes, and remembers which methods a path has.
final class Calls<Context: RequestContext> {
    let group: RouterGroup<Context>
    private var methods: [String: Set<HTTPRequest.Method>] = [:]

    init(group: RouterGroup<Context>) { self.group = group }

    func get(_ path: String, _ handler: @escaping @Sendable (Call) async throws -> Response) { on(path, .get, handler) }
    func post(_ path: String, _ handler: @escaping @Sendable (Call) async throws -> Response) {
        on(path, .post, handler)
    }

    /// A route that reads its body, or answers, piece by piece.
    func stream(
        _ path: String,
        _ method: HTTPRequest.Method,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        methods[path, default: []].insert(method)
        group.on(RouterPath(path), method: method) { request, context in try await handler(request, context) }
    }

    func on(
        _ path: String,
        _ method: HTTPRequest.Method,
        _ handler: @escaping @Sendable (Call) async throws -> Response
    ) {
        methods[path, default: []].insert(method)
        group.on(RouterPath(path), method: method) { request, context in
            var variables: [String: String] = [:]
            for (key, value) in context.parameters {
                guard let text = percentDecoded(value) else {
                    throw CallError.invalid("the path is not percent-encoded UTF-8")
                }
                variables[String(key)] = text
            }
            return try await handler(try await Call(request, path: variables, readsBody: method != .get))
        }
    }
}

extension Calls {
    /// Answers, in MLflow's shape, to other methods of the paths so far, and to all other paths below `roots`.
    func refuseTheRest(below roots: [String]) {
        let known: Set<HTTPRequest.Method> = [.get, .post, .put, .patch, .delete]
        for (path, methods) in methods {
            for method in known.subtracting(methods) {
                group.on(RouterPath(path), method: method) { request, _ -> Response in
                    throw CallError.wrongMethod(request)
                }
            }
        }
        for root in roots {
            for method in known {
                group.on(RouterPath(root + "/**"), method: method) { request, _ -> Response in
                    throw CallError.unknownRoute(request)
                }
            }
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

    /// A page of a list under its name, with the token of the next one.
    static func page<Element>(
        _ name: String,
        _ page: Page<Element>,
        _ write: (Element, inout JSONWriter) -> Void
    ) -> Response {
        .json { writer in
            writer.object { writer in
                writer.key(name)
                writer.array { writer in for element in page { write(element, &writer) } }
                if let next = page.next { writer.field("next_page_token", next.text) }
            }
        }
    }

    /// An answer without content.
    static var empty: Response { .json { $0.object { _ in } } }
}
