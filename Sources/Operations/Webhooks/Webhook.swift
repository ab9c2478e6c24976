// SPDX-License-Identifier: Apache-2.0

/// Whether a webhook gets events; raw values are MLflow's.
package enum WebhookStatus: String, Sendable, CaseIterable {
    /// It does.
    case active = "ACTIVE"
    /// It does not.
    case disabled = "DISABLED"
}

/// An address that is told of events; its secret stays in this room.
package struct Webhook: Sendable, Identifiable {
    /// A UUID.
    package let id: String
    /// The name for people; several may share one.
    package let name: String
    /// What people say of it.
    package let description: String
    /// Where events are sent.
    package let url: String
    /// What it is told of, ordered by name.
    package let events: [WebhookEvent]
    /// Whether it gets events.
    package let status: WebhookStatus
    /// When it was made, milliseconds UTC.
    package let createdMs: Int64
    /// When it changed, milliseconds UTC.
    package let updatedMs: Int64
}

/// What a webhook is made from.
package struct WebhookDraft: Sendable {
    /// 1 to 63 letters, digits, `.`, `_` and `-`; the first and the last are letters or digits.
    package var name: String
    /// Where to send events.
    package var url: String
    /// What to tell it of: at least one event, none twice.
    package var events: [WebhookEvent]
    /// What people say of it.
    package var description: String
    /// What its deliveries are signed with; without one they are not signed.
    package var secret: String?
    /// Whether it gets events.
    package var status: WebhookStatus

    /// A webhook to make.
    package init(
        name: String,
        url: String,
        events: [WebhookEvent],
        description: String = "",
        secret: String? = nil,
        status: WebhookStatus = .active
    ) {
        self.name = name
        self.url = url
        self.events = events
        self.description = description
        self.secret = secret
        self.status = status
    }
}

/// What changes about a webhook; nil leaves it as it is.
package struct WebhookChange: Sendable {
    /// The new name.
    package var name: String?
    /// The new address.
    package var url: String?
    /// The new events of MLflow, in place of those so far.
    package var modelEvents: [WebhookEvent]?
    /// The new events of runs, in place of those so far.
    package var runEvents: [WebhookEvent]?
    /// The new description.
    package var description: String?
    /// The new secret; empty for none.
    package var secret: String?
    /// The new status.
    package var status: WebhookStatus?

    /// No change.
    package init() {}
}

/// How one delivery stands.
package struct WebhookDelivery: Sendable, Identifiable {
    /// Where a delivery is; raw values are what the database holds.
    package enum State: String, Sendable {
        /// It will be sent, or sent again.
        case waiting
        /// The receiver took it.
        case delivered
        /// It was given up.
        case failed
        /// Its webhook was switched off before it was sent.
        case dropped
    }

    /// The id that the receiver sees, the same at each attempt.
    package let id: String
    /// What happened.
    package let event: String
    /// Where it is.
    package let state: State
    /// How often it was sent.
    package let attempts: Int
    /// The receiver's last HTTP status; nil if there was no answer.
    package let responseStatus: Int?
    /// Why the last attempt failed; nil if it did not.
    package let failure: String?
    /// When the event happened, milliseconds UTC.
    package let createdMs: Int64
    /// When it was delivered or given up, milliseconds UTC; nil before.
    package let endedMs: Int64?
}

/// What a receiver said to a delivery that was made to try it.
package struct WebhookTrial: Sendable {
    /// Whether the receiver took it.
    package let success: Bool
    /// Its HTTP status; nil if there was no answer.
    package let responseStatus: Int?
    /// The first 64 KiB of its answer; nil if there was none.
    package let responseBody: String?
    /// Why there was no answer.
    package let failure: String?
}
