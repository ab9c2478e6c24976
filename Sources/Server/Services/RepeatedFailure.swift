// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Tells a failure that comes again and again once, and then once a minute for as long as it lasts.
final class RepeatedFailure: Sendable {
    private let message: Logger.Message
    private let logger: Logger
    private let last = Mutex<(text: String, at: ContinuousClock.Instant)?>(nil)

    init(_ message: Logger.Message, _ logger: Logger) {
        self.message = message
        self.logger = logger
    }

    /// It failed; in a task that was asked to stop that is no news.
    func note(_ error: any Error, _ metadata: Logger.Metadata = [:]) {
        if Task.isCancelled { return }
        let text = "\(error)"
        let now = ContinuousClock.now
        let isNews = last.withLock { last in
            if let known = last, known.text == text, now - known.at < .seconds(60) { return false }
            last = (text, now)
            return true
        }
        if isNews { logger.error(message, metadata: metadata.merging(["error": "\(text)"]) { own, _ in own }) }
    }

    /// It went well: the next failure is told at once.
    func reset() { last.withLock { $0 = nil } }
}
