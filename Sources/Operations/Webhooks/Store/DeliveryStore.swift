// SPDX-License-Identifier: Apache-2.0

import Database

/// The statements about deliveries: the outbox, and what became of it.
enum DeliveryStore {
    /// Who wants to know of an event now: nobody, as a rule, which costs one look at an index.
    static func subscribers(to event: WebhookEvent, _ reader: SQLReader) throws -> [String] {
        let sql: SQL = """
            SELECT webhook_id FROM webhook_events
            WHERE event = \(event.rawValue) AND EXISTS (
                SELECT 1 FROM webhooks WHERE id = webhook_id AND status = 'ACTIVE'
            )
            ORDER BY webhook_id
            """
        return try reader.rows(sql).map { $0.string(0) }
    }

    static func add(
        _ id: String,
        to webhook: String,
        _ event: WebhookEvent,
        body: String,
        _ now: Int64,
        _ writer: SQLWriter
    )
        throws
    {
        try writer.execute(
            """
            INSERT INTO webhook_deliveries (id, webhook_id, event, body, state, created_ms, due_ms)
            VALUES (\(id), \(webhook), \(event.rawValue), \(body), 'waiting', \(now), \(now))
            """
        )
    }

    /// What is due, the longest due first.
    ///
    /// - Parameters:
    ///   - now: The time, milliseconds UTC.
    ///   - numbers: Deliveries that are left out because they are under way.
    ///   - webhooks: Webhooks that are left out because they have enough under way.
    ///   - limit: At most this many.
    ///   - reader: The state that is looked at.
    /// - Returns: Deliveries with what their webhooks are now.
    /// - Throws: ``DatabaseError``.
    static func due(
        at now: Int64,
        without numbers: [Int64],
        ofOthersThan webhooks: [String],
        limit: Int,
        _ reader: SQLReader
    ) throws -> [DueDelivery] {
        let sql: SQL = """
            SELECT d.number, d.id, d.webhook_id, d.body, d.attempts, w.url, w.secret
            FROM webhook_deliveries AS d
            JOIN webhooks AS w ON w.id = d.webhook_id
            WHERE d.due_ms <= \(now)
                AND (d.number IN \(list: numbers)) IS NOT TRUE
                AND (d.webhook_id IN \(list: webhooks)) IS NOT TRUE
            ORDER BY d.due_ms, d.number LIMIT \(limit)
            """
        return try reader.rows(sql).map { row in
            DueDelivery(
                number: row.int64(0),
                id: row.string(1),
                webhook: row.string(2),
                body: row.string(3),
                attempts: Int(row.int64(4)),
                url: row.string(5),
                sealedSecret: row.isNull(6) ? nil : row.bytes(6)
            )
        }
    }

    /// Keeps what became of an attempt; one whose webhook went meanwhile, or was switched off, is not there any more.
    static func record(
        _ outcome: DeliveryOutcome,
        of number: Int64,
        dueMs: Int64?,
        _ now: Int64,
        _ writer: SQLWriter
    )
        throws
    {
        let state: WebhookDelivery.State =
            switch outcome {
            case .delivered: .delivered
            case .refused, .failed: dueMs == nil ? .failed : .waiting
            }
        try writer.execute(
            """
            UPDATE webhook_deliveries
            SET state = \(state.rawValue), attempts = attempts + 1, response_status = \(outcome.status),
                failure = \(outcome.why), due_ms = \(dueMs), ended_ms = \(dueMs == nil ? now : nil)
            WHERE number = \(number) AND state = 'waiting'
            """
        )
    }

    /// Gives up what waits for a webhook that was switched off.
    static func drop(of webhook: String, _ now: Int64, _ writer: SQLWriter) throws {
        try writer.execute(
            """
            UPDATE webhook_deliveries SET state = 'dropped', due_ms = NULL, ended_ms = \(now)
            WHERE webhook_id = \(webhook) AND due_ms IS NOT NULL
            """
        )
    }

    /// Forgets some of what ended before `before`, or is older than the newest `count`.
    ///
    /// - Returns: How many were forgotten; fewer than `limit` if there are no more.
    static func prune(endedBefore before: Int64, keeping count: Int, limit: Int, _ writer: SQLWriter) throws -> Int {
        let old = try writer.execute(
            """
            DELETE FROM webhook_deliveries WHERE number IN (
                SELECT number FROM webhook_deliveries WHERE ended_ms < \(before) ORDER BY ended_ms, number LIMIT \(limit)
            )
            """
        )
        let many = try writer.execute(
            """
            DELETE FROM webhook_deliveries WHERE number IN (
                SELECT number FROM webhook_deliveries WHERE ended_ms IS NOT NULL
                ORDER BY ended_ms DESC, number DESC LIMIT \(limit) OFFSET \(count)
            )
            """
        )
        return old + many
    }

    /// The newest deliveries of a webhook.
    static func deliveries(of webhook: String, limit: Int, _ reader: SQLReader) throws -> [WebhookDelivery] {
        let sql: SQL = """
            SELECT id, event, state, attempts, response_status, failure, created_ms, ended_ms
            FROM webhook_deliveries
            WHERE webhook_id = \(webhook)
            ORDER BY number DESC LIMIT \(limit)
            """
        return try reader.rows(sql).map { row in
            WebhookDelivery(
                id: row.string(0),
                event: row.string(1),
                state: WebhookDelivery.State(rawValue: row.string(2)) ?? .failed,
                attempts: Int(row.int64(3)),
                responseStatus: row.optionalInt64(4).map { Int($0) },
                failure: row.optionalString(5),
                createdMs: row.int64(6),
                endedMs: row.optionalInt64(7)
            )
        }
    }
}
