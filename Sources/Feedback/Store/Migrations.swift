// SPDX-License-Identifier: Apache-2.0

package import Database

extension FeedbackService {
    /// The room's tables.
    package static let migrations = MigrationSet(
        room: "feedback",
        [
            Migration(
                1,
                "labels, verdicts and gathered errors",
                sqlite: """
                    CREATE TABLE feedback_labels (
                        prediction_id TEXT NOT NULL PRIMARY KEY,
                        truth TEXT NOT NULL,
                        source TEXT NOT NULL,
                        received_ms INTEGER NOT NULL,
                        outcome TEXT,
                        model TEXT,
                        version TEXT
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX feedback_labels_waiting ON feedback_labels (received_ms) WHERE outcome IS NULL;
                    CREATE INDEX feedback_labels_outcome ON feedback_labels (model, version, outcome);

                    CREATE TABLE feedback_verdicts (
                        id INTEGER NOT NULL PRIMARY KEY,
                        prediction_id TEXT NOT NULL,
                        usable INTEGER NOT NULL,
                        truth TEXT,
                        comment TEXT NOT NULL,
                        received_ms INTEGER NOT NULL,
                        joined INTEGER NOT NULL DEFAULT 0
                    ) STRICT;
                    CREATE INDEX feedback_verdicts_prediction ON feedback_verdicts (prediction_id);
                    CREATE INDEX feedback_verdicts_waiting ON feedback_verdicts (received_ms) WHERE joined = 0;

                    CREATE TABLE feedback_errors (
                        prediction_id TEXT NOT NULL PRIMARY KEY,
                        kind TEXT NOT NULL,
                        model TEXT NOT NULL,
                        version TEXT NOT NULL,
                        predicted TEXT NOT NULL,
                        truth TEXT,
                        score REAL,
                        predicted_ms INTEGER NOT NULL,
                        gathered_ms INTEGER NOT NULL,
                        comment TEXT,
                        features TEXT NOT NULL,
                        data_version TEXT
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX feedback_errors_time ON feedback_errors (gathered_ms, prediction_id);
                    CREATE INDEX feedback_errors_new ON feedback_errors (model) WHERE data_version IS NULL;
                    CREATE INDEX feedback_errors_version ON feedback_errors (data_version) WHERE data_version IS NOT NULL;

                    CREATE TABLE feedback_turns (
                        number INTEGER NOT NULL PRIMARY KEY,
                        state TEXT NOT NULL,
                        started_ms INTEGER NOT NULL,
                        ended_ms INTEGER,
                        errors INTEGER NOT NULL,
                        branch TEXT NOT NULL,
                        data_version TEXT,
                        commit_id TEXT,
                        run_id TEXT,
                        version TEXT,
                        note TEXT NOT NULL
                    ) STRICT;
                    """
            ),
            Migration(
                2,
                "the wait for a prediction, fairly shared",
                sqlite: """
                    ALTER TABLE feedback_labels ADD COLUMN looked_ms INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE feedback_verdicts ADD COLUMN looked_ms INTEGER NOT NULL DEFAULT 0;
                    DROP INDEX feedback_labels_waiting;
                    DROP INDEX feedback_verdicts_waiting;
                    CREATE INDEX feedback_labels_waiting
                        ON feedback_labels (looked_ms, received_ms, prediction_id) WHERE outcome IS NULL;
                    CREATE INDEX feedback_verdicts_waiting
                        ON feedback_verdicts (looked_ms, received_ms, id) WHERE joined = 0 AND usable = 0;
                    CREATE INDEX feedback_errors_answered ON feedback_errors (model, version, gathered_ms);
                    """
            ),
        ]
    )
}
