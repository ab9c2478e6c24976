// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import Logging
import NIOCore
import WebPages

/// Turns errors into answers, in one place for all routes.
///
/// Explained errors keep their sentences; what the client did is 4xx and logged at debug. Anything else is a fault of ours:
/// 500 without details, logged at error with its cause.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    /// The project's name, for pages; nil if the server has none.
    let project: String?

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let failure = Failure(error, of: request)
            if failure.status == .internalServerError {
                context.logger.error("request failed", metadata: failure.metadata(of: request))
            } else {
                context.logger.debug("request refused", metadata: failure.metadata(of: request))
            }
            return try failure.response(in: ProblemShape(request), project: project)
        }
    }
}

/// What an error says to an HTTP client.
struct Failure {
    let status: HTTPResponse.Status
    let code: String
    let what: String
    let why: String
    let next: String?
    let cause: any Error

    init(_ error: any Error, of request: Request) {
        cause = error
        what = (error as? any Explained)?.what ?? "cannot \(request.method.rawValue) `\(request.uri.path.prefix(200))`"
        if let explained = error as? any Explained {
            status = Self.status(of: explained.kind)
            code = explained.codeName
            why = explained.why
            next = explained.next
        } else if let answer = error as? any HTTPResponseError {
            status = answer.status
            code = status == .notFound ? "notFound" : "invalidRequest"
            why = status == .notFound ? "this server has no such route" : status.reasonPhrase
            next = nil
        } else if error is NIOTooManyBytesError {
            status = .contentTooLarge
            code = "tooLarge"
            why = "the body is larger than this route takes"
            next = "send it in parts"
        } else if error is CancellationError {
            status = .serviceUnavailable
            code = "interrupted"
            why = "the server is stopping"
            next = "send the request again"
        } else {
            status = .internalServerError
            code = "internalError"
            why = "Gyre failed on this request; the reason is in the server's log"
            next = nil
        }
    }

    func metadata(of request: Request) -> Logger.Metadata {
        ["http.method": "\(request.method)", "http.path": "\(request.uri.path)", "error": "\(cause)"]
    }

    func response(in shape: ProblemShape, project: String?) throws -> Response {
        if shape == .page, let project {
            return .page(status, try MessagePage(project: project, what: what, why: why, next: next).render())
        }
        let sentence = "\(what): \(why)" + (next.map { " (\($0))" } ?? "")
        var response = Response.json(status) { writer in
            writer.object { writer in
                switch shape {
                case .openInference: writer.field("error", sentence)
                case .mlflow:
                    writer.field("error_code", Self.mlflowCode(of: status))
                    writer.field("message", sentence)
                case .problem, .page:
                    writer.field("type", "about:blank")
                    writer.field("title", status.reasonPhrase)
                    writer.field("status", status.code)
                    writer.field("code", code)
                    writer.field("detail", "\(what): \(why)")
                    if let next { writer.field("next", next) }
                }
            }
        }
        if shape == .problem || shape == .page { response.headers[.contentType] = "application/problem+json" }
        if status == .serviceUnavailable { response.headers[.retryAfter] = "1" }
        return response
    }

    private static func mlflowCode(of status: HTTPResponse.Status) -> String {
        switch status.code {
        case 404: "RESOURCE_DOES_NOT_EXIST"
        case 503: "TEMPORARILY_UNAVAILABLE"
        case 500...: "INTERNAL_ERROR"
        default: "BAD_REQUEST"
        }
    }

    private static func status(of kind: FailureKind) -> HTTPResponse.Status {
        switch kind {
        case .usage, .invalid: .badRequest
        case .notFound: .notFound
        case .conflict: .conflict
        case .forbidden: .forbidden
        case .refused: .unprocessableContent
        case .tooLarge: .contentTooLarge
        case .unavailable, .interrupted: .serviceUnavailable
        case .failed: .internalServerError
        }
    }
}
