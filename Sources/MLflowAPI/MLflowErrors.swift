// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import Logging
import NIOCore
import ObjectStorage
import Registry
import Tracking

/// Turns errors into MLflow's shape: `{"error_code": …, "message": …}`.
struct MLflowErrors<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let answer = Self.answer(to: error, request)
            let facts: Logger.Metadata = ["http.path": "\(request.uri.path)", "error": "\(error)"]
            // What this server does not offer is no failure of it.
            if answer.status.code >= 500, answer.status != .notImplemented {
                context.logger.error("request failed", metadata: facts)
            } else {
                context.logger.debug("request refused", metadata: facts)
            }
            var writer = JSONWriter(reserving: 256)
            writer.object { writer in
                writer.field("error_code", answer.code)
                writer.field("message", answer.message)
            }
            return Response(
                status: answer.status,
                headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes))
            )
        }
    }

    private static func answer(to error: any Error, _ request: Request) -> CallError {
        switch error {
        case let error as CallError: return error
        case let error as TrackingError: return CallError(tracking: error)
        case let error as RegistryError: return CallError(registry: error)
        case let error as ObjectStorageError where error.code == .notFound:
            // The store's own words may hold a path of this machine.
            return CallError(
                code: "RESOURCE_DOES_NOT_EXIST",
                status: .notFound,
                message: "No such artifact: \(request.uri.path.prefix(1_000))"
            )
        case let error as ObjectStorageError where error.code == .noSpace:
            return CallError(
                code: "RESOURCE_EXHAUSTED",
                status: .init(code: 507, reasonPhrase: "Insufficient Storage"),
                message: error.description
            )
        case let error as any Explained where error.kind != .failed: return CallError(error)
        case let error as any Explained:
            // Why, such as a full disk, is for the client too; what was done to which file is for the log.
            return CallError(
                code: "INTERNAL_ERROR",
                status: .internalServerError,
                message: "the server could not do it: \(error.why)"
            )
        case is NIOTooManyBytesError:
            return CallError(
                code: "INVALID_PARAMETER_VALUE",
                status: .contentTooLarge,
                message: "the body has more than \(Call.bodyLimit) bytes"
            )
        case let error as any HTTPResponseError:
            let isMissing = error.status == .notFound
            return CallError(
                code: isMissing ? "ENDPOINT_NOT_FOUND" : "BAD_REQUEST",
                status: error.status,
                message: error.status.reasonPhrase
            )
        case is CancellationError:
            return CallError(
                code: "TEMPORARILY_UNAVAILABLE",
                status: .serviceUnavailable,
                message: "the server is stopping; send the request again"
            )
        default:
            return CallError(
                code: "INTERNAL_ERROR",
                status: .internalServerError,
                message: "Gyre failed on this request; the reason is in the server's log"
            )
        }
    }
}

/// A call that is refused in words that MLflow's client understands.
struct CallError: Error {
    let code: String
    let status: HTTPResponse.Status
    let message: String

    static func invalid(_ message: String) -> CallError {
        CallError(code: "INVALID_PARAMETER_VALUE", status: .badRequest, message: message)
    }

    static func missing(_ parameter: String) -> CallError {
        .invalid("Missing value for required parameter '\(parameter)'")
    }

    static func badRequest(_ message: String) -> CallError {
        CallError(code: "BAD_REQUEST", status: .badRequest, message: message)
    }

    static func notInteger(_ parameter: String, _ text: String) -> CallError {
        .invalid("Parameter '\(parameter)' must be an integer, got '\(text.prefix(50))'.")
    }

    static func unsupported(_ message: String) -> CallError {
        CallError(code: "NOT_IMPLEMENTED", status: .notImplemented, message: message)
    }

    static func wrongMethod(_ request: Request) -> CallError {
        CallError(
            code: "ENDPOINT_NOT_FOUND",
            status: .methodNotAllowed,
            message: "\(request.uri.path.prefix(200)) does not take \(request.method)"
        )
    }

    static func unknownRoute(_ request: Request) -> CallError {
        CallError(
            code: "ENDPOINT_NOT_FOUND",
            status: .notFound,
            message: "\(request.method) \(request.uri.path.prefix(200)) is not a route of this server"
        )
    }
}

extension CallError {
    init(tracking error: TrackingError) {
        let (code, status): (String, HTTPResponse.Status) =
            switch error.code {
            case .invalidParameter: ("INVALID_PARAMETER_VALUE", .badRequest)
            case .notFound: ("RESOURCE_DOES_NOT_EXIST", .notFound)
            case .alreadyExists: ("RESOURCE_ALREADY_EXISTS", .badRequest)
            case .invalidState: ("INVALID_PARAMETER_VALUE", .badRequest)
            case .corrupt: ("INTERNAL_ERROR", .internalServerError)
            }
        self.init(code: code, status: status, message: error.description)
    }

    init(registry error: RegistryError) {
        let (code, status): (String, HTTPResponse.Status) =
            switch error.code {
            case .invalidParameter: ("INVALID_PARAMETER_VALUE", .badRequest)
            case .notFound: ("RESOURCE_DOES_NOT_EXIST", .notFound)
            case .alreadyExists: ("RESOURCE_ALREADY_EXISTS", .badRequest)
            case .notPassed: ("PERMISSION_DENIED", .forbidden)
            }
        self.init(code: code, status: status, message: error.description)
    }

    init(_ error: any Explained) {
        let (code, status): (String, HTTPResponse.Status) =
            switch error.kind {
            case .usage, .invalid: ("INVALID_PARAMETER_VALUE", .badRequest)
            case .notFound: ("RESOURCE_DOES_NOT_EXIST", .notFound)
            case .conflict: ("RESOURCE_ALREADY_EXISTS", .conflict)
            case .forbidden, .refused: ("PERMISSION_DENIED", .forbidden)
            case .tooLarge: ("INVALID_PARAMETER_VALUE", .contentTooLarge)
            case .unavailable, .interrupted: ("TEMPORARILY_UNAVAILABLE", .serviceUnavailable)
            case .failed: ("INTERNAL_ERROR", .internalServerError)
            }
        self.init(code: code, status: status, message: error.description)
    }
}
