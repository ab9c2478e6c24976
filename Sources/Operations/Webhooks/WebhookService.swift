// SPDX-License-Identifier: Apache-2.0

package import Database
import FoundationEssentials
import HTTPTransport
package import Tracking

/// Webhooks and the outbox of their deliveries; the meaning is MLflow's.
///
/// What is to be told is written in the transaction of the change that it tells of, so nothing acknowledged is lost and
/// nothing undone is told. A ``WebhookCourier`` delivers it.
package struct WebhookService: Sendable {
    let database: SQLDatabase
    let settings: WebhookSettings
    let secrets: SecretBox
    let bell = Bell()
    let now: @Sendable () -> Int64

    /// A service over the room's tables.
    ///
    /// - Parameters:
    ///   - database: Holds the tables of ``migrations``.
    ///   - secrets: Encrypts the secrets of webhooks.
    ///   - settings: Where webhooks may lead, and how patiently they are delivered.
    ///   - now: The clock, milliseconds UTC.
    package init(
        database: SQLDatabase,
        secrets: SecretBox,
        settings: WebhookSettings,
        now: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.secrets = secrets
        self.settings = settings
        self.now = now
    }

    /// Makes a webhook.
    ///
    /// - Throws: ``WebhookError`` `.invalidParameter` for what breaks a rule, such as an address that is not public.
    package func create(_ draft: WebhookDraft) async throws -> Webhook {
        try WebhookRules.check(name: draft.name)
        try WebhookRules.check(description: draft.description)
        try WebhookRules.check(draft.events)
        try await check(url: draft.url)
        let id = Self.newID()
        let sealed = try await sealed(draft.secret, of: id)
        let now = now()
        return try await database.write { writer in
            try writer.execute(
                """
                INSERT INTO webhooks (id, name, description, url, status, secret, created_ms, updated_ms)
                VALUES (
                    \(id), \(draft.name), \(draft.description), \(draft.url), \(draft.status.rawValue), \(sealed),
                    \(now), \(now)
                )
                """
            )
            try WebhookStore.put(draft.events, of: id, writer)
            return try WebhookStore.webhook(id, writer.reader)
        }
    }

    /// A webhook by its id.
    package func webhook(id: String) async throws -> Webhook {
        try await database.read { try WebhookStore.webhook(id, $0) }
    }

    /// Webhooks, newest first.
    ///
    /// - Parameters:
    ///   - withoutRunsAlone: Leaves out those that are told of runs alone, which MLflow's clients cannot read.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many, up to 1,000.
    /// - Returns: A page of them.
    /// - Throws: ``TrackingError`` `.invalidParameter` for a page token of another list.
    package func webhooks(
        withoutRunsAlone: Bool = false,
        after token: PageToken? = nil,
        limit: Int = 100
    ) async throws -> Page<Webhook> {
        let limit = min(max(limit, 1), 1_000)
        var after: (createdMs: Int64, id: String)?
        if let values = try token?.values([true, false]),
            case (.integer(let time), .text(let id)) = (values[0], values[1])
        {
            after = (time, id)
        }
        let place = after
        var found = try await database.read { reader in
            try WebhookStore.webhooks(withoutRunsAlone: withoutRunsAlone, after: place, limit: limit + 1, reader)
        }
        guard found.count > limit else { return Page(found, next: nil) }
        found.removeLast()
        return Page(found, next: found.last.map { PageToken(values: [.integer($0.createdMs), .text($0.id)]) })
    }

    /// Changes a webhook; what waits for one that is switched off is given up.
    ///
    /// - Throws: ``WebhookError`` `.notFound`, or `.invalidParameter` for what breaks a rule.
    package func update(id: String, _ change: WebhookChange) async throws -> Webhook {
        if let name = change.name { try WebhookRules.check(name: name) }
        if let description = change.description { try WebhookRules.check(description: description) }
        if let url = change.url { try await check(url: url) }
        let sealed = try await sealed(change.secret, of: id)
        let now = now()
        return try await database.write { writer in
            let old = try WebhookStore.webhook(id, writer.reader)
            try writer.execute(
                """
                UPDATE webhooks
                SET name = \(change.name ?? old.name), description = \(change.description ?? old.description),
                    url = \(change.url ?? old.url), status = \((change.status ?? old.status).rawValue),
                    updated_ms = \(now)
                WHERE id = \(id)
                """
            )
            if change.secret != nil { try writer.execute("UPDATE webhooks SET secret = \(sealed) WHERE id = \(id)") }
            if change.modelEvents != nil || change.runEvents != nil {
                let events =
                    (change.modelEvents ?? old.events.filter { !$0.isOfRuns })
                    + (change.runEvents ?? old.events.filter(\.isOfRuns))
                try WebhookRules.check(events)
                try WebhookStore.put(events, of: id, writer)
            }
            if change.status == .disabled { try DeliveryStore.drop(of: id, now, writer) }
            return try WebhookStore.webhook(id, writer.reader)
        }
    }

    /// Removes a webhook with its secret, and all that waits for it.
    package func delete(id: String) async throws {
        let removed = try await database.write { try $0.execute("DELETE FROM webhooks WHERE id = \(id)") }
        guard removed > 0 else { throw WebhookError.missing(id) }
    }

    /// The deliveries of a webhook, newest first: those that wait, and those that ended within the settings' memory.
    package func deliveries(of id: String, limit: Int = 100) async throws -> [WebhookDelivery] {
        try await database.read { reader in
            _ = try WebhookStore.webhook(id, reader)
            return try DeliveryStore.deliveries(of: id, limit: min(max(limit, 1), 1_000), reader)
        }
    }

    static func newID() -> String { UUID().uuidString.lowercased() }

    private func check(url: String) async throws {
        let target = try TargetAddress(url, schemes: settings.schemes)
        guard !settings.allowsPrivateAddresses else { return }
        do {
            try await target.requirePublic()
        } catch let error as HTTPTransportError where error.code != .cancelled {
            throw WebhookError(
                .invalidParameter,
                what: "cannot send events to `\(target.host.prefix(253))`",
                why: error.why,
                next: "look at the address",
                cause: error
            )
        }
    }

    private func sealed(_ secret: String?, of id: String) async throws -> [UInt8]? {
        guard let secret, !secret.isEmpty else { return nil }
        guard secret.utf8.count <= 4_096 else {
            throw WebhookError(.invalidParameter, what: "cannot keep the secret", why: "it has more than 4096 bytes")
        }
        return try await secrets.seal(secret, of: id)
    }
}

/// What webhooks may be; the limits are MLflow's where it has some.
enum WebhookRules {
    static func check(name: String) throws(WebhookError) {
        func isEnd(_ byte: UInt8?) -> Bool {
            guard let byte else { return false }
            return Unicode.Scalar(byte).properties.isAlphabetic && byte < 0x80 || (0x30...0x39).contains(byte)
        }
        let isWord = name.utf8.allSatisfy { isEnd($0) || "._-".utf8.contains($0) }
        guard (1...63).contains(name.utf8.count), isWord, isEnd(name.utf8.first), isEnd(name.utf8.last) else {
            throw WebhookError(
                .invalidParameter,
                what: "cannot call a webhook `\(name.prefix(100))`",
                why: "a name has 1 to 63 letters, digits, `.`, `_` and `-`, and a letter or digit at either end"
            )
        }
    }

    static func check(description: String) throws(WebhookError) {
        guard description.unicodeScalars.count <= 5_000, !description.utf8.contains(0) else {
            throw WebhookError(
                .invalidParameter,
                what: "cannot keep the description",
                why: "it has more than 5000 characters, or holds a NUL"
            )
        }
    }

    static func check(_ events: [WebhookEvent]) throws(WebhookError) {
        let what = "cannot subscribe to these events"
        guard !events.isEmpty else {
            throw WebhookError(.invalidParameter, what: what, why: "there is none")
        }
        var seen: Set<WebhookEvent> = []
        for event in events where !seen.insert(event).inserted {
            throw WebhookError(.invalidParameter, what: what, why: "`\(event.rawValue)` is there twice")
        }
    }
}
