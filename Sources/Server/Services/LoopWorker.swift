// SPDX-License-Identifier: Apache-2.0

import Feedback
import Logging
import ServiceLifecycle

/// Runs the loop beside the server: looks when labels arrive, and now and then by itself.
struct LoopWorker: Service {
    private let services: ProjectServices
    private let logger: Logger
    private let wake = Wake()
    private let interval: Duration

    init(services: ProjectServices, logger: Logger, interval: Duration = .seconds(30)) {
        self.services = services
        self.logger = logger
        self.interval = interval
    }

    /// Something arrived that may fire a rule.
    func arrived() { wake.signal() }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await wake.wait(atMost: interval) } catch { break }
                await look()
            }
        }
    }

    private func look() async {
        do {
            guard let loop = services.feedbackLoop() else {
                _ = try await services.feedback.gather()
                return
            }
            guard let turn = try await loop.turnIfDue() else { return }
            logger.notice(
                "the loop ended a turn",
                metadata: ["turn": "\(turn.id)", "state": "\(turn.state.rawValue)", "note": "\(turn.note)"]
            )
        } catch is CancellationError {
            return
        } catch {
            // The next look tries again; labels and errors are kept in the database meanwhile.
            logger.error("the loop could not look", metadata: ["error": "\(error)"])
        }
    }
}
