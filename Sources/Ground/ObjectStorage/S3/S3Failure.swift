// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// What a store says when it does not do what it was asked.
struct S3Failure: Sendable {
    let status: Int
    /// S3's word for it, such as `NoSuchKey`.
    private(set) var code = ""
    private(set) var message = ""
    /// Where the bucket is, if the store says it.
    private(set) var region: String?
    /// The store's clock, seconds UTC.
    private(set) var serverSeconds: Int64?

    init(status: Int) { self.status = status }

    init(answer: HTTPAnswer, status: Int? = nil) {
        self.status = status ?? answer.status
        guard !(200..<300).contains(self.status) else { return }
        let root = XMLElement.parse(answer.body)
        // STS wraps its error once more.
        let error = root?.name == "Error" ? root : root?["Error"]
        code = error?.text("Code") ?? ""
        message = error?.text("Message") ?? ""
        region = answer.header("x-amz-bucket-region") ?? error?.text("Region")
        serverSeconds = answer.header("date").flatMap(UTCTime.milliseconds).map { $0 / 1_000 }
    }

    /// Whether a body is an error of S3.
    static func isOne(_ body: [UInt8]) -> Bool {
        guard body.first == UInt8(ascii: "<"), body.count < 65_536 else { return false }
        return XMLElement.parse(body)?.name == "Error"
    }

    /// Whether the same request may succeed later.
    var mayPass: Bool {
        [408, 425, 429, 500, 502, 503, 504].contains(status)
            || ["RequestTimeout", "SlowDown", "InternalError", "IncompleteBody", "OperationAborted"].contains(code)
            // The bytes were changed on their way.
            || ["BadDigest", "XAmzContentSHA256Mismatch"].contains(code)
    }

    var isElsewhere: Bool {
        [301, 307].contains(status) || ["AuthorizationHeaderMalformed", "PermanentRedirect"].contains(code)
    }
    var isStale: Bool { ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code) }
    var isUnknownMoment: Bool { code == "RequestTimeTooSkewed" }

    /// The error for whoever asked.
    func explained(_ purpose: String, _ settings: S3Settings, isAnonymous: Bool) -> ObjectStorageError {
        let said = "the store says \(code.isEmpty ? "\(status)" : "`\(code)`")"
        var next: String?
        var why = message.isEmpty ? said : "\(said): \(Self.oneLine(message))"
        switch (status, code) {
        case (_, "NoSuchBucket"):
            why = "there is no bucket `\(settings.bucket)`"
            next = "make it, or look at the address of the remote"
        case (_, "InvalidAccessKeyId"), (_, "SignatureDoesNotMatch"), (_, "InvalidToken"), (401, _):
            next = "look at the access key and its secret: those of the remote, the environment or the profile"
        case (403, _):
            next =
                isAnonymous
                ? "give credentials: `AWS_ACCESS_KEY_ID`, a profile, or keys of the remote"
                : "see whether these credentials may use the bucket `\(settings.bucket)`"
        case (404, _): return ObjectStorageError(.notFound, what: "cannot \(purpose)", why: "there is no such object")
        case (507, _), (_, "QuotaExceeded"):
            return ObjectStorageError(.noSpace, what: "cannot \(purpose)", why: "no space is left there")
        default: next = mayPass ? "try again later: it goes on where it was" : nil
        }
        return ObjectStorageError(.failed, what: "cannot \(purpose)", why: why, next: next)
    }

    private static func oneLine(_ text: String) -> String {
        var line = text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(300)
        if line.hasSuffix(".") { line = line.dropLast() }
        return String(line)
    }
}
