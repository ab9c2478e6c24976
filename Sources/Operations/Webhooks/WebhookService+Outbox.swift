// SPDX-License-Identifier: Apache-2.0

package import Database
import JSONText
package import Registry
package import Tracking

extension WebhookService {
    /// Puts a change of the registry into the outbox, within its transaction.
    package func record(_ event: RegistryEvent, _ writer: SQLWriter) throws {
        let kind: WebhookEvent =
            switch event {
            case .modelCreated: .registeredModelCreated
            case .versionCreated: .modelVersionCreated
            case .versionTagSet: .modelVersionTagSet
            case .versionTagDeleted: .modelVersionTagDeleted
            case .aliasSet: .modelVersionAliasCreated
            case .aliasDeleted: .modelVersionAliasDeleted
            }
        try record(kind, writer) { event.write(into: &$0) }
    }

    /// Puts the begin or end of a run into the outbox, within its transaction.
    package func record(_ event: RunEvent, _ writer: SQLWriter) throws {
        switch event {
        case .created(let run): try record(.runCreated, writer) { run.writeEvent(into: &$0) }
        case .ended(let run):
            try record(run.status == .finished ? .runFinished : .runFailed, writer) { run.writeEvent(into: &$0) }
        }
    }

    private func record(_ event: WebhookEvent, _ writer: SQLWriter, _ data: (inout JSONWriter) -> Void) throws {
        // Not from memory: a webhook of the moment before counts, and commands beside the server change runs too.
        let subscribers = try DeliveryStore.subscribers(to: event, writer.reader)
        guard !subscribers.isEmpty else { return }
        let now = now()
        let body = event.body(atMs: now, data)
        for webhook in subscribers {
            try DeliveryStore.add(Self.newID(), to: webhook, event, body: body, now, writer)
        }
        // Before the commit; but who looks by a write of its own sees what was written before it.
        bell.ring()
    }
}
