// SPDX-License-Identifier: Apache-2.0

/// Where webhooks may lead, and how patiently they are delivered; defaults and names of variables are MLflow's.
package struct WebhookSettings: Sendable {
    /// Schemes that an address may have, in small letters.
    package var schemes = ["https"]
    /// Whether addresses of one's own machine and network may be told.
    package var allowsPrivateAddresses = false
    /// How often a delivery is sent again after it failed.
    package var retries = 3
    /// The time for one attempt, to the last byte of the answer.
    package var deadline = Duration.seconds(30)
    /// How many deliveries are under way at once.
    package var workers = 10
    /// The wait before the first repetition; each further one waits twice as long, up to a minute.
    package var backoff = Duration.seconds(1)
    /// How often to look for what is due, besides when something happens.
    package var interval = Duration.milliseconds(500)
    /// How long it is known what became of a delivery, milliseconds.
    package var memoryMs: Int64 = 7 * 86_400_000
    /// Of how many deliveries it is known at most.
    package var memoryCount = 10_000
    /// What secrets are encrypted with, 32 bytes; nil for a key that is made and kept in a file.
    package var encryptionKey: [UInt8]?

    /// MLflow's defaults.
    package init() {}

    /// Settings as the environment variables `MLFLOW_WEBHOOK_…` say.
    ///
    /// - Throws: ``WebhookError`` `.invalidSetting` for a value that cannot be used.
    package init(environment: [String: String]) throws(WebhookError) {
        if let text = environment["MLFLOW_WEBHOOK_ALLOWED_SCHEMES"] {
            schemes = text.split(separator: ",").map { String($0.trimmed.lowercased()) }
            guard !schemes.isEmpty, schemes.allSatisfy({ ["http", "https"].contains($0) }) else {
                throw Self.refused("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", text, "schemes are `https` and `http`")
            }
        }
        let privacy = "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS"
        switch environment[privacy]?.lowercased() {
        case nil: break
        case "true", "1": allowsPrivateAddresses = true
        case "false", "0": allowsPrivateAddresses = false
        case let text?: throw Self.refused(privacy, text, "it is `true` or `false`")
        }
        retries = try Self.number("MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", 0...100, environment) ?? retries
        if let seconds = try Self.number("MLFLOW_WEBHOOK_REQUEST_TIMEOUT", 1...3_600, environment) {
            deadline = .seconds(seconds)
        }
        workers = try Self.number("MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS", 1...256, environment) ?? workers
        let name = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
        if let text = environment[name], !text.isEmpty {
            guard let key = SecretBox.key(from: text) else {
                // Not a word of the value.
                throw WebhookError(
                    .invalidSetting,
                    what: "cannot use the variable `\(name)`",
                    why: "it is no base64 of 32 bytes",
                    next: "make a key by `openssl rand -base64 32`, or unset it to have one made"
                )
            }
            encryptionKey = key
        }
    }

    private static func number(
        _ name: String,
        _ range: ClosedRange<Int>,
        _ environment: [String: String]
    ) throws(WebhookError) -> Int? {
        guard let text = environment[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw refused(name, text, "it is a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func refused(_ name: String, _ text: String, _ why: String) -> WebhookError {
        WebhookError(
            .invalidSetting,
            what: "cannot use `\(text.prefix(100))` as the variable `\(name)`",
            why: why,
            next: "set it right, or unset it"
        )
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0.isWhitespace }
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { start[...$0] } ?? ""
    }
}
