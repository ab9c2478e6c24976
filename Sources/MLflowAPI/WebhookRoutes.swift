// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking
import Webhooks

/// `/2.0/mlflow/webhooks…`.
///
/// The events of runs, which MLflow does not have, stand in a field of their own, `run_events`: its clients stop at an event
/// that they do not know. They also stop at a webhook without any event of theirs, so such a one is only listed on request.
struct WebhookRoutes: Sendable {
    let webhooks: WebhookService

    func add(to calls: Calls<some RequestContext>) {
        let webhooks = webhooks
        let base = "2.0/mlflow/webhooks"
        calls.post(base) { call in
            let draft = WebhookDraft(
                name: try call.requiredText("name"),
                url: try call.requiredText("url"),
                events: try call.modelEvents() + (try call.runEvents() ?? []),
                description: try call.text("description") ?? "",
                secret: try call.text("secret"),
                status: try call.webhookStatus() ?? .active
            )
            guard call["events"] != nil || call["run_events"] != nil else { throw CallError.missing("events") }
            return try await webhooks.create(draft).response
        }
        calls.get(base) { call in
            let limit = try call.integer("max_results") ?? 0
            guard (0...1_000).contains(limit) else {
                throw CallError.invalid("max_results must be between 1 and 1000.")
            }
            let page = try await webhooks.webhooks(
                withoutRunsAlone: try !call.bool("all"),
                after: try call.textIfAny("page_token").map { PageToken($0) },
                limit: limit == 0 ? 100 : Int(limit)
            )
            return .page("webhooks", page) { $0.write(into: &$1) }
        }
        let one = base + "/:webhook_id"
        calls.get(one) { call in try await webhooks.webhook(id: call.webhookID).response }
        calls.on(one, .patch) { call in
            var change = WebhookChange()
            // As in MLflow, what is empty is not changed, but for a description and a secret.
            change.name = try call.textIfAny("name")
            change.url = try call.textIfAny("url")
            change.description = try call.text("description")
            change.secret = try call.text("secret")
            change.status = try call.webhookStatus()
            let events = try call.modelEvents()
            if !events.isEmpty { change.modelEvents = events }
            change.runEvents = try call.runEvents()
            return try await webhooks.update(id: call.webhookID, change).response
        }
        calls.on(one, .delete) { call in
            try await webhooks.delete(id: call.webhookID)
            return .empty
        }
        calls.post(one + "/test") { call in
            let event = call["event"] == nil ? nil : try call.fields().requiredObject("event").event()
            return try await webhooks.trial(id: call.webhookID, event: event).response
        }
        calls.get(one + "/deliveries") { call in
            let limit = try call.page(default: 100, most: 1_000).limit
            let deliveries = try await webhooks.deliveries(of: call.webhookID, limit: limit)
            return .page("deliveries", Page(deliveries, next: nil)) { $0.write(into: &$1) }
        }
    }
}

extension Call {
    fileprivate var webhookID: String { path["webhook_id"] ?? "" }

    fileprivate func webhookStatus() throws(CallError) -> WebhookStatus? {
        let numbers: [String: WebhookStatus] = ["1": .active, "2": .disabled]
        return try choice("status", numbers: numbers)
    }

    fileprivate func modelEvents() throws -> [WebhookEvent] {
        let events = try objects("events") { (fields) throws(CallError) in fields }.map { try $0.event() }
        if events.contains(where: \.isOfRuns) {
            throw CallError.invalid("Events of runs stand in 'run_events', such as [\"CREATED\", \"FINISHED\"].")
        }
        return events
    }

    /// The actions in `run_events`; nil if the field is missing.
    fileprivate func runEvents() throws -> [WebhookEvent]? {
        guard self["run_events"] != nil else { return nil }
        return try texts("run_events").map { try WebhookEvent(entity: "run", action: $0.lowercased()) }
    }
}

extension Fields {
    /// An event by the names or numbers of its entity and action.
    fileprivate func event() throws -> WebhookEvent {
        try WebhookEvent(
            entity: try word("entity", WebhookEvent.entities),
            action: try word("action", WebhookEvent.actions)
        )
    }

    private func word(_ key: String, _ words: [String]) throws -> String {
        if let number = self[key]?.int64 {
            return (1...Int64(words.count)).contains(number) ? words[Int(number) - 1] : String(number)
        }
        return try requiredText(key).lowercased()
    }
}

extension Webhook {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("webhook")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("webhook_id", id)
            writer.field("name", name)
            if !description.isEmpty { writer.field("description", description) }
            writer.field("url", url)
            writer.key("events")
            writer.array { writer in
                for event in events where !event.isOfRuns {
                    writer.object { writer in
                        writer.field("entity", event.entity.uppercased())
                        writer.field("action", event.action.uppercased())
                    }
                }
            }
            let ofRuns = events.filter(\.isOfRuns)
            if !ofRuns.isEmpty {
                writer.key("run_events")
                writer.array { writer in for event in ofRuns { writer.string(event.action.uppercased()) } }
            }
            writer.field("status", status.rawValue)
            writer.field("creation_timestamp", createdMs)
            writer.field("last_updated_timestamp", updatedMs)
        }
    }
}

extension WebhookTrial {
    fileprivate var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("result")
                writer.object { writer in
                    writer.field("success", success)
                    if let responseStatus { writer.field("response_status", responseStatus) }
                    if let responseBody { writer.field("response_body", responseBody) }
                    if let failure { writer.field("error_message", failure) }
                }
            }
        }
    }
}

extension WebhookDelivery {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("delivery_id", id)
            writer.field("event", event)
            writer.field("state", state.rawValue)
            writer.field("attempts", attempts)
            if let responseStatus { writer.field("response_status", responseStatus) }
            if let failure { writer.field("error_message", failure) }
            writer.field("creation_timestamp", createdMs)
            if let endedMs { writer.field("end_timestamp", endedMs) }
        }
    }
}
