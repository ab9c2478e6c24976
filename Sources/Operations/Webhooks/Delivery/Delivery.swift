// SPDX-License-Identifier: Apache-2.0

import Crypto
import FoundationEssentials

/// A delivery whose time has come, with what its webhook is now.
struct DueDelivery: Sendable {
    let number: Int64
    let id: String
    let webhook: String
    let body: String
    /// How often it was sent before.
    let attempts: Int
    let url: String
    let sealedSecret: [UInt8]?
}

/// What became of an attempt.
enum DeliveryOutcome: Sendable, Equatable {
    /// The receiver took it.
    case delivered(status: Int)
    /// It was not taken, and asking again would not change that.
    case refused(status: Int?, why: String)
    /// It was not taken now; the receiver may have said when to come again.
    case failed(status: Int?, why: String, retryAfter: Duration?)

    /// What an answer means: as in MLflow, 429 and the server's own errors may pass.
    ///
    /// A redirect is not followed, because it would take a signed event where nobody sent it.
    init(status: Int, retryAfter: String?) {
        switch status {
        case 200..<300: self = .delivered(status: status)
        case 429, 500...:
            let seconds = retryAfter.flatMap { Int64($0) }.map { Duration.seconds(min(max($0, 0), 3_600)) }
            self = .failed(status: status, why: "the receiver answered \(status)", retryAfter: seconds)
        case 300..<400:
            self = .refused(status: status, why: "the receiver answered \(status), and redirects are not followed")
        default: self = .refused(status: status, why: "the receiver answered \(status)")
        }
    }

    var status: Int? {
        switch self {
        case .delivered(let status): status
        case .refused(let status, _), .failed(let status, _, _): status
        }
    }

    var why: String? {
        switch self {
        case .delivered: nil
        case .refused(_, let why), .failed(_, let why, _): why
        }
    }
}

/// When a delivery that failed is sent again.
struct RetryPlan: Sendable {
    let retries: Int
    let backoff: Duration

    /// How long to wait for the next attempt.
    ///
    /// - Parameters:
    ///   - outcome: What became of the last attempt.
    ///   - attempts: How often it was sent, with that one.
    ///   - jitter: 0 to 1, by chance, so that those that failed together do not come back together.
    /// - Returns: The wait; nil if there is no next attempt.
    func wait(after outcome: DeliveryOutcome, attempts: Int, jitter: Double) -> Duration? {
        guard case .failed(_, _, let retryAfter) = outcome, attempts <= retries else { return nil }
        let doubled = backoff * (1 << min(attempts - 1, 16))
        let wait = min(doubled, .seconds(60)) + backoff * jitter
        return max(wait, retryAfter ?? .zero)
    }
}

/// The headers of a delivery.
enum DeliveryHeaders {
    /// MLflow's headers: the id, the time of this attempt, and with a secret the signature of both and the body.
    ///
    /// - Source: Standard Webhooks, as `mlflow.webhooks.delivery` signs: HMAC-SHA256 of `id.seconds.body`, in base64.
    static func make(id: String, seconds: Int64, body: String, secret: String?) -> [(String, String)] {
        var headers = [
            ("Content-Type", "application/json"), ("User-Agent", "gyre"), ("X-MLflow-Delivery-Id", id),
            ("X-MLflow-Timestamp", String(seconds)),
        ]
        if let secret {
            let key = SymmetricKey(data: Array(secret.utf8))
            let code = HMAC<SHA256>.authenticationCode(for: Array("\(id).\(seconds).\(body)".utf8), using: key)
            headers.append(("X-MLflow-Signature", "v1," + Data(code).base64EncodedString()))
        }
        return headers
    }
}
