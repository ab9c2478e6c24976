// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Hummingbird
import HTTPTypes
import JSONText
import Logging
import NIOCore

/// The shape in which a family of routes reports a failure.
enum ProblemShape: Sendable {
    /// Gyre's own API: RFC 9457, `application/problem+json`.
    case problem
    /// Open Inference Protocol: `{"error": "…"}`.
    case openInference
    /// MLflow scoring: `{"error_code": "…", "message": "…"}`.
    case scoring
}

/// Turns errors into answers, in one place for each family of routes.
///
/// Explained errors keep their sentences; what the client did is 4xx and logged at debug. Anything else is a fault of ours:
/// 500 without details, logged at error with its cause.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let shape: ProblemShape

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let failure = Failure(error)
            if failure.status.code >= 500 {
                context.logger.error("request failed", metadata: failure.metadata(of: request))
            } else {
                context.logger.debug("request refused", metadata: failure.metadata(of: request))
            }
            return failure.response(in: shape)
        }
    }
}

/// What an error says to an HTTP client.
struct Failure {
    let status: HTTPResponse.Status
    let code: String
    let message: String
    let next: String?
    let cause: any Error

    init(_ error: any Error) {
        cause = error
        if let explained = error as? any Explained {
            status = Self.status(of: explained.kind)
            code = explained.codeName
            message = "\(explained.what): \(explained.why)"
            next = explained.next
        } else if let answer = error as? any HTTPResponseError {
            status = answer.status
            code = status.code == 404 ? "notFound" : "invalidRequest"
            message = status.reasonPhrase
            next = nil
        } else if error is NIOTooManyBytesError {
            status = .contentTooLarge
            code = "tooLarge"
            message = "the body is larger than this route takes"
            next = "send it in parts"
        } else if error is CancellationError {
            status = .serviceUnavailable
            code = "interrupted"
            message = "the server is stopping"
            next = "send the request again"
        } else {
            status = .internalServerError
            code = "internalError"
            message = "Gyre failed on this request; the reason is in the server's log"
            next = nil
        }
    }

    func metadata(of request: Request) -> Logger.Metadata {
        ["http.method": "\(request.method)", "http.path": "\(request.uri.path)", "error": "\(cause)"]
    }

    func response(in shape: ProblemShape) -> Response {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        let sentence = next.map { "\(message) (\($0))" } ?? message
        switch shape {
        case .problem:
            writer.field("type", "about:blank")
            writer.field("title", status.reasonPhrase)
            writer.field("status", status.code)
            writer.field("code", code)
            writer.field("detail", message)
            if let next { writer.field("next", next) }
        case .openInference:
            writer.field("error", sentence)
        case .scoring:
            writer.field("error_code", Self.scoringCode(of: status))
            writer.field("message", sentence)
        }
        writer.endObject()
        let type = shape == .problem ? "application/problem+json" : "application/json"
        var headers: HTTPFields = [.contentType: type]
        if status == .serviceUnavailable || status == .tooManyRequests { headers[.retryAfter] = "1" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }

    private static func scoringCode(of status: HTTPResponse.Status) -> String {
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
