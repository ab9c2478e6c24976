// SPDX-License-Identifier: Apache-2.0

import Database
import HTTPTransport
package import Logging
import Metrics
import Synchronization

/// Delivers what the outbox holds, in the one process that serves the database.
///
/// At least once: what was sent while the process died is sent again, with the same id. Deliveries may overtake each other.
package final class WebhookCourier: Sendable {
    private let service: WebhookService
    private let logger: Logger
    private let slots: Mutex<DeliverySlots>
    private let plan: RetryPlan
    private let delivered = Counter(label: "gyre.webhooks.deliveries", dimensions: [("outcome", "delivered")])
    private let postponed = Counter(label: "gyre.webhooks.deliveries", dimensions: [("outcome", "postponed")])
    private let failed = Counter(label: "gyre.webhooks.deliveries", dimensions: [("outcome", "failed")])

    /// A courier; it works while ``run()`` does.
    package init(service: WebhookService, logger: Logger) {
        self.service = service
        self.logger = logger
        slots = Mutex(DeliverySlots(count: service.settings.workers))
        plan = RetryPlan(retries: service.settings.retries, backoff: service.settings.backoff)
    }

    /// Delivers until the task is cancelled; then at once what is under way is given up, and sent again another time.
    ///
    /// Once in the life of a service.
    ///
    /// - Parameter onFailure: Told when the outbox cannot be read or written; it is tried again.
    package func run(onFailure: @escaping @Sendable (any Error) -> Void = { _ in }) async {
        let sender = DeliverySender(service: service)
        let (service, interval) = (service, service.settings.interval)
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    service.bell.ring()
                    // Cancellation is seen by the loop's condition.
                    try? await Task.sleep(for: interval)
                }
            }
            var pruning: ContinuousClock.Instant?
            for await _ in service.bell.rings {
                do {
                    for delivery in try await takeDue() {
                        group.addTask {
                            do {
                                try await self.deliver(delivery, by: sender)
                            } catch {
                                onFailure(error)
                            }
                        }
                    }
                    if pruning.map({ .now - $0 > .seconds(600) }) ?? true {
                        try await prune()
                        pruning = .now
                    }
                } catch {
                    onFailure(error)
                }
            }
        }
        await sender.client.shutdown()
    }

    /// What is due and may be sent now; each has its slot.
    private func takeDue() async throws -> [DueDelivery] {
        var taken: [DueDelivery] = []
        while !Task.isCancelled {
            let (free, numbers, closed) = slots.withLock { ($0.free, $0.numbers, $0.closed) }
            guard free > 0 else { break }
            let now = service.now()
            // As a write, though it changes nothing: it comes behind every write that rang the bell.
            let due = try await service.database.write { writer in
                try DeliveryStore.due(at: now, without: numbers, ofOthersThan: closed, limit: free, writer.reader)
            }
            let fitting = slots.withLock { slots in
                due.filter { delivery in
                    guard slots.isOpen(to: delivery.webhook) else { return false }
                    slots.take(delivery.number, of: delivery.webhook)
                    return true
                }
            }
            taken += fitting
            guard !fitting.isEmpty, fitting.count < due.count else { break }
        }
        return taken
    }

    private func deliver(_ delivery: DueDelivery, by sender: DeliverySender) async throws {
        guard let outcome = await sender.outcome(of: delivery) else {
            slots.withLock { $0.release(delivery.number, isHealthy: nil) }
            return
        }
        let isHealthy: Bool
        if case .failed = outcome { isHealthy = false } else { isHealthy = true }
        let attempts = delivery.attempts + 1
        let wait = plan.wait(after: outcome, attempts: attempts, jitter: .random(in: 0..<1))
        let now = service.now()
        let due = wait.map { now + $0.milliseconds }
        note(outcome, of: delivery, attempts, isOver: due == nil)
        defer {
            slots.withLock { $0.release(delivery.number, isHealthy: isHealthy) }
            service.bell.ring()
        }
        do {
            try await service.database.write { writer in
                try DeliveryStore.record(outcome, of: delivery.number, dueMs: due, now, writer)
            }
        } catch {
            // It is due still; a receiver is not flooded because our disk is full. Cancellation cuts it short.
            try? await Task.sleep(for: .seconds(5))
            throw error
        }
    }

    private func note(_ outcome: DeliveryOutcome, of delivery: DueDelivery, _ attempts: Int, isOver: Bool) {
        // Neither the address, whose query may be secret, nor the event.
        var facts: Logger.Metadata = [
            "webhook.id": "\(delivery.webhook)", "delivery.id": "\(delivery.id)", "attempts": "\(attempts)",
        ]
        guard let why = outcome.why else {
            delivered.increment()
            return logger.debug("event delivered", metadata: facts)
        }
        facts["why"] = "\(why)"
        (isOver ? failed : postponed).increment()
        if isOver {
            logger.warning("event given up", metadata: facts)
        } else {
            logger.debug("event not delivered yet", metadata: facts)
        }
    }

    private func prune() async throws {
        let limit = 1_000
        let before = service.now() - service.settings.memoryMs
        let count = service.settings.memoryCount
        while !Task.isCancelled {
            let pruned = try await service.database.write { writer in
                try DeliveryStore.prune(endedBefore: before, keeping: count, limit: limit, writer)
            }
            guard pruned >= limit else { return }
        }
    }
}

extension Duration {
    /// Rounded up, so that nothing that waits is due at once.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
