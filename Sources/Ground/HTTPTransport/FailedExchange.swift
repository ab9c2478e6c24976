// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Diagnostics
import NIOCore
import NIOHTTP1
import NIOPosix

/// Finds words for a request that got no answer.
struct FailedExchange {
    /// The connection ended in the middle of the answer.
    struct BrokenAnswer: Error { let cause: any Error }
    /// The method is no word of capitals.
    struct InvalidMethod: Error {}

    /// The connection leads to an address that is not public.
    struct RefusedPeer: Error { let address: String }

    let method: String
    let address: String
    let deadline: Duration
    let limit: Int

    func explain(_ error: any Error) -> HTTPTransportError {
        let (code, why, next) = words(error)
        return HTTPTransportError(
            code: code,
            what: "cannot \(Self.oneLine(method).prefix(20)) `\(Self.shown(address))`",
            why: why,
            next: next,
            cause: error
        )
    }

    /// An address without what may be secret: user, password and query.
    static func shown(_ address: String) -> String {
        var rest = oneLine(address).prefix { $0 != "?" && $0 != "#" }
        guard let scheme = rest.firstRange(of: "://") else { return String(rest.prefix(200)) }
        let start = rest[..<scheme.upperBound]
        rest = rest[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        if let at = host.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return String(start + rest.prefix(200))
    }

    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }

    private func words(_ error: any Error) -> (code: HTTPTransportError.Code, why: String, next: String?) {
        if Task.isCancelled || error is CancellationError { return (.cancelled, "it was asked to stop", nil) }
        switch error {
        case is NIOTooManyBytesError: return (.answerTooLarge, "the answer has more than \(limit) bytes", nil)
        case is InvalidMethod: return (.invalidRequest, "a method is a word of capital letters", nil)
        case is BrokenAnswer: return (.unreachable, "the connection broke before the answer was complete", "try again")
        case is HTTPParserError: return (.invalidAnswer, "what answers there does not speak HTTP", "look at the port")
        case let error as RefusedPeer:
            return (.forbiddenPeer, "`\(error.address)` is no public address", "send to a public address")
        case let error as NIOConnectionError: return words(error)
        case let error as HTTPClientError: return words(error)
        default:
            guard "\(type(of: error))".contains("SSL") else { return nobody }
            let why = "no secure connection can be made: its certificate is not trusted, or it does not speak TLS"
            return (.unreachable, why, "look at the address and the certificate")
        }
    }

    private func words(_ error: HTTPClientError) -> (code: HTTPTransportError.Code, why: String, next: String?) {
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            (.timedOut, "no whole answer within \(deadline)", "see whether the service is overloaded")
        case .connectTimeout, .tlsHandshakeTimeout:
            (.timedOut, "no connection within 5 seconds", "see whether the service runs")
        case .invalidURL, .emptyHost, .emptyScheme: (.invalidAddress, "the address cannot be read", nil)
        case .remoteConnectionClosed:
            (.unreachable, "the connection was closed without an answer", "see whether the service runs")
        case .alreadyShutdown: (.unreachable, "the client was shut down", nil)
        case .cancelled: (.unreachable, "the connections were closed meanwhile", nil)
        case .traceRequestWithBody, .contentLengthMissing, .bodyLengthMismatch:
            (.invalidRequest, "its headers do not fit its body", nil)
        default:
            // The ones about header fields carry their names, and cannot be compared with.
            error.shortDescription.contains("eader")
                ? (.invalidRequest, "a header holds what no header can", nil) : nobody
        }
    }

    private func words(_ error: NIOConnectionError) -> (code: HTTPTransportError.Code, why: String, next: String?) {
        if error.connectionErrors.isEmpty {
            return (.unreachable, "nobody knows the name `\(error.host)`", "look at the address")
        }
        return nobody
    }

    private var nobody: (code: HTTPTransportError.Code, why: String, next: String?) {
        (.unreachable, "nothing answers there", "see whether the service runs, for example by `gyre up`")
    }
}
