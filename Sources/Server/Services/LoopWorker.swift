// SPDX-License-Identifier: Apache-2.0

import Feedback
import Logging
import ServiceLifecycle
import Synchronization

/// Runs the loop beside the server: looks once the server answers, when labels arrive, and now and then by itself.
final class LoopWorker: Service {
    private let services: ProjectServices
    private let logger: Logger
    private let failure: RepeatedFailure
    private let wake = Wake()
    private let interval: Duration
    // Retraining needs the tracking server, so nothing happens before it has an address.
    private let url = Mutex<String?>(nil)

    init(services: ProjectServices, logger: Logger, interval: Duration = .seconds(30)) {
        self.services = services
        self.logger = logger
        self.interval = interval
        failure = RepeatedFailure("the loop could not look", logger)
    }

    /// The server answers at `url`.
    func begin(at url: String) {
        self.url.withLock { $0 = url }
        wake.signal()
    }

    /// Something arrived that may fire a rule.
    func arrived() { wake.signal() }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await self.wake.wait(atMost: self.interval) } catch { break }
                if let url = self.url.withLock({ $0 }) { await self.look(url) }
            }
        }
    }

    private func look(_ url: String) async {
        do {
            guard let loop = services.feedbackLoop(trackingURL: url) else {
                _ = try await services.feedback.gather()
                return failure.reset()
            }
            let turn = try await loop.turnIfDue()
            failure.reset()
            guard let turn else { return }
            logger.notice(
                "the loop ended a turn",
                metadata: ["turn": "\(turn.id)", "state": "\(turn.state.rawValue)", "note": "\(turn.note)"]
            )
        } catch {
            // The next look tries again; labels and errors are kept in the database meanwhile.
            failure.note(error)
        }
    }
}
