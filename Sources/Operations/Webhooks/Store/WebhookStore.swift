// SPDX-License-Identifier: Apache-2.0

import Database

/// The statements about webhooks themselves.
enum WebhookStore {
    private static let columns = "id, name, description, url, status, created_ms, updated_ms"

    static func webhook(_ id: String, _ reader: SQLReader) throws -> Webhook {
        let sql: SQL = "SELECT \(raw: columns) FROM webhooks WHERE id = \(id)"
        guard let row = try reader.row(sql) else { throw WebhookError.missing(id) }
        return webhook(row, try events(of: id, reader))
    }

    /// Webhooks, newest first, from behind the place that `after` names.
    static func webhooks(
        withoutRunsAlone: Bool,
        after: (createdMs: Int64, id: String)?,
        limit: Int,
        _ reader: SQLReader
    ) throws -> [Webhook] {
        let (createdMs, id) = after ?? (.max, "")
        // An event of MLflow is one that is not of runs.
        let sql: SQL = """
            SELECT \(raw: columns) FROM webhooks
            WHERE (created_ms, id) < (\(createdMs), \(id)) AND (
                NOT \(withoutRunsAlone) OR EXISTS (
                    SELECT 1 FROM webhook_events WHERE webhook_id = webhooks.id AND event NOT LIKE 'run.%'
                )
            )
            ORDER BY created_ms DESC, id DESC LIMIT \(limit)
            """
        return try reader.rows(sql).map { webhook($0, try events(of: $0.string(0), reader)) }
    }

    private static func webhook(_ row: SQLRow, _ events: [WebhookEvent]) -> Webhook {
        Webhook(
            id: row.string(0),
            name: row.string(1),
            description: row.string(2),
            url: row.string(3),
            events: events,
            status: WebhookStatus(rawValue: row.string(4)) ?? .disabled,
            createdMs: row.int64(5),
            updatedMs: row.int64(6)
        )
    }

    private static func events(of id: String, _ reader: SQLReader) throws -> [WebhookEvent] {
        // There are no more than kinds of events.
        let sql: SQL = "SELECT event FROM webhook_events WHERE webhook_id = \(id) ORDER BY event LIMIT 100"
        return try reader.rows(sql).compactMap { WebhookEvent(rawValue: $0.string(0)) }
    }

    static func put(_ events: [WebhookEvent], of id: String, _ writer: SQLWriter) throws {
        try writer.execute("DELETE FROM webhook_events WHERE webhook_id = \(id)")
        for event in events {
            try writer.execute("INSERT INTO webhook_events (event, webhook_id) VALUES (\(event.rawValue), \(id))")
        }
    }

    static func secret(of id: String, _ reader: SQLReader) throws -> [UInt8]? {
        guard let row = try reader.row("SELECT secret FROM webhooks WHERE id = \(id)") else {
            throw WebhookError.missing(id)
        }
        return row.isNull(0) ? nil : row.bytes(0)
    }
}
