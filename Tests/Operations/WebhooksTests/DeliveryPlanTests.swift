// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Webhooks

/// Who is sent to next, and when again.
struct DeliveryPlanTests {
    private static let plan = RetryPlan(retries: 3, backoff: .seconds(1))
    private static let failed = DeliveryOutcome(status: 500, retryAfter: nil)

    @Test(arguments: [(1, 0.0, 1_000), (2, 0.0, 2_000), (3, 0.0, 4_000), (1, 0.5, 1_500), (3, 0.25, 4_250)])
    func `each wait is twice the one before, and a bit by chance`(attempts: Int, jitter: Double, ms: Int) {
        #expect(Self.plan.wait(after: Self.failed, attempts: attempts, jitter: jitter) == .milliseconds(ms))
    }

    @Test func `after the last try there is no wait, nor after what will not pass`() {
        #expect(Self.plan.wait(after: Self.failed, attempts: 4, jitter: 0) == nil)
        #expect(Self.plan.wait(after: .init(status: 404, retryAfter: nil), attempts: 1, jitter: 0) == nil)
        #expect(Self.plan.wait(after: .init(status: 204, retryAfter: nil), attempts: 1, jitter: 0) == nil)
        let never = RetryPlan(retries: 0, backoff: .seconds(1))
        #expect(never.wait(after: Self.failed, attempts: 1, jitter: 0) == nil)
    }

    @Test func `no wait is longer than a minute, unless the receiver asks for it, and then an hour`() {
        let patient = RetryPlan(retries: 100, backoff: .seconds(1))
        #expect(patient.wait(after: Self.failed, attempts: 90, jitter: 0) == .seconds(60))
        func asked(_ text: String) -> Duration? {
            patient.wait(after: .init(status: 429, retryAfter: text), attempts: 1, jitter: 0)
        }
        #expect(asked("7") == .seconds(7))
        #expect(asked("0") == .seconds(1))
        #expect(asked("99999999") == .seconds(3_600))
        #expect(asked("-5") == .seconds(1))
        #expect(asked("Fri, 31 Dec 1999 23:59:59 GMT") == .seconds(1))
    }

    @Test func `a webhook that answers has all slots but two`() {
        var slots = DeliverySlots(count: 10)
        for number in 0..<8 {
            #expect(slots.isOpen(to: "a"))
            slots.take(Int64(number), of: "a")
        }
        #expect(!slots.isOpen(to: "a"))
        #expect(slots.closed == ["a"])
        #expect(slots.isOpen(to: "b"))
        #expect(slots.free == 2)
    }

    @Test func `one that failed has one slot, and all of those have half`() {
        var slots = DeliverySlots(count: 4)
        for (number, name) in ["a", "b", "c"].enumerated() {
            slots.take(Int64(number), of: name)
            slots.release(Int64(number), isHealthy: false)
        }
        slots.take(10, of: "a")
        #expect(!slots.isOpen(to: "a"))
        #expect(slots.isOpen(to: "b"))
        slots.take(11, of: "b")
        #expect(!slots.isOpen(to: "c"))
        #expect(slots.isOpen(to: "d"))
        #expect(slots.closed.sorted() == ["a", "b", "c"])
        // And it is as the others again once it answered.
        slots.release(10, isHealthy: true)
        slots.take(12, of: "a")
        #expect(slots.isOpen(to: "a"))
        // One that was given up says nothing of its webhook.
        slots.release(11, isHealthy: nil)
        slots.take(13, of: "b")
        #expect(!slots.isOpen(to: "b"))
    }

    @Test func `a single slot serves everybody in turn`() {
        var slots = DeliverySlots(count: 1)
        slots.take(1, of: "a")
        #expect(!slots.isOpen(to: "b"))
        slots.release(1, isHealthy: false)
        #expect(slots.isOpen(to: "a"))
        #expect(slots.isOpen(to: "b"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000+00:00"), (1_795_558_585_418, "2026-11-24T22:16:25.418000+00:00"),
        (951_782_399_999, "2000-02-28T23:59:59.999000+00:00"), (1_709_164_800_001, "2024-02-29T00:00:00.001000+00:00"),
    ])
    func `times are written as Python writes them`(ms: Int64, text: String) {
        #expect(WebhookEvent.timestamp(ms) == text)
    }
}
