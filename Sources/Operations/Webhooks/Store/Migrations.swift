// SPDX-License-Identifier: Apache-2.0

package import Database

extension WebhookService {
    /// The room's tables.
    package static let migrations = MigrationSet(
        room: "webhooks",
        [
            Migration(
                1,
                "webhooks, their events and deliveries",
                sqlite: """
                    CREATE TABLE webhooks (
                        id TEXT NOT NULL PRIMARY KEY,
                        name TEXT NOT NULL,
                        description TEXT NOT NULL,
                        url TEXT NOT NULL,
                        status TEXT NOT NULL,
                        secret BLOB,
                        created_ms INTEGER NOT NULL,
                        updated_ms INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX webhooks_recent ON webhooks (created_ms DESC, id DESC);
                    -- By the event first: each change of the registry and of a run's state asks who wants to know.
                    CREATE TABLE webhook_events (
                        event TEXT NOT NULL,
                        webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
                        PRIMARY KEY (event, webhook_id)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX webhook_events_webhook ON webhook_events (webhook_id);
                    -- The outbox, and what became of it. `due_ms` is null once it is over.
                    CREATE TABLE webhook_deliveries (
                        number INTEGER NOT NULL PRIMARY KEY,
                        id TEXT NOT NULL UNIQUE,
                        webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
                        event TEXT NOT NULL,
                        body TEXT NOT NULL,
                        state TEXT NOT NULL,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        response_status INTEGER,
                        failure TEXT,
                        created_ms INTEGER NOT NULL,
                        due_ms INTEGER,
                        ended_ms INTEGER
                    ) STRICT;
                    CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_ms, number)
                        WHERE due_ms IS NOT NULL;
                    CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_ms, number)
                        WHERE ended_ms IS NOT NULL;
                    CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, number);
                    """
            )
        ]
    )
}
