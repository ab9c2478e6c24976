// SPDX-License-Identifier: Apache-2.0

package import Database

extension TrackingService {
    /// The room's tables.
    package static let migrations = MigrationSet(
        room: "tracking",
        [
            Migration(
                1,
                "experiments, runs, metrics, inputs and logged models",
                sqlite: """
                    CREATE TABLE tracking_experiments (
                        id INTEGER NOT NULL PRIMARY KEY,
                        name TEXT NOT NULL UNIQUE,
                        artifact_location TEXT NOT NULL,
                        stage TEXT NOT NULL,
                        created_ms INTEGER NOT NULL,
                        updated_ms INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX tracking_experiments_recent ON tracking_experiments (created_ms DESC, id DESC);
                    INSERT INTO tracking_experiments VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', 0, 0);
                    CREATE TABLE tracking_experiment_tags (
                        experiment_id INTEGER NOT NULL REFERENCES tracking_experiments (id),
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (experiment_id, key)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE tracking_runs (
                        id TEXT NOT NULL PRIMARY KEY,
                        experiment_id INTEGER NOT NULL REFERENCES tracking_experiments (id),
                        name TEXT NOT NULL,
                        status TEXT NOT NULL,
                        start_ms INTEGER NOT NULL,
                        end_ms INTEGER,
                        stage TEXT NOT NULL,
                        artifact_uri TEXT NOT NULL,
                        user_id TEXT NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_runs_recent ON tracking_runs (experiment_id, stage, start_ms DESC, id);
                    CREATE INDEX tracking_runs_newest ON tracking_runs (stage, start_ms DESC, id);
                    CREATE TABLE tracking_params (
                        run_id TEXT NOT NULL REFERENCES tracking_runs (id),
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (run_id, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE tracking_tags (
                        run_id TEXT NOT NULL REFERENCES tracking_runs (id),
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (run_id, key)
                    ) STRICT, WITHOUT ROWID;
                    -- SQLite has no NaN: such a value is 0 with `is_nan`, and counts as 0 where values are ordered.
                    -- The key is the order of a history, so a page of it is one range.
                    CREATE TABLE tracking_metrics (
                        run_id TEXT NOT NULL REFERENCES tracking_runs (id),
                        key TEXT NOT NULL,
                        timestamp_ms INTEGER NOT NULL,
                        step INTEGER NOT NULL,
                        value REAL NOT NULL,
                        is_nan INTEGER NOT NULL,
                        PRIMARY KEY (run_id, key, timestamp_ms, step, value, is_nan)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE tracking_latest_metrics (
                        run_id TEXT NOT NULL REFERENCES tracking_runs (id),
                        key TEXT NOT NULL,
                        step INTEGER NOT NULL,
                        timestamp_ms INTEGER NOT NULL,
                        value REAL NOT NULL,
                        is_nan INTEGER NOT NULL,
                        PRIMARY KEY (run_id, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE tracking_inputs (
                        run_id TEXT NOT NULL REFERENCES tracking_runs (id),
                        name TEXT NOT NULL,
                        digest TEXT NOT NULL,
                        source_type TEXT NOT NULL,
                        source TEXT NOT NULL,
                        schema TEXT,
                        profile TEXT,
                        context TEXT,
                        tags TEXT NOT NULL,
                        PRIMARY KEY (run_id, name, digest)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_inputs_digest ON tracking_inputs (digest);

                    CREATE TABLE tracking_models (
                        id TEXT NOT NULL PRIMARY KEY,
                        experiment_id INTEGER NOT NULL REFERENCES tracking_experiments (id),
                        name TEXT NOT NULL,
                        artifact_uri TEXT NOT NULL,
                        status TEXT NOT NULL,
                        stage TEXT NOT NULL,
                        model_type TEXT,
                        source_run_id TEXT,
                        created_ms INTEGER NOT NULL,
                        updated_ms INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_models_recent
                        ON tracking_models (experiment_id, stage, created_ms DESC, id);
                    CREATE INDEX tracking_models_run ON tracking_models (source_run_id, created_ms DESC, id);
                    CREATE TABLE tracking_model_tags (
                        model_id TEXT NOT NULL REFERENCES tracking_models (id),
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (model_id, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE tracking_model_params (
                        model_id TEXT NOT NULL REFERENCES tracking_models (id),
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (model_id, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE tracking_run_models (
                        run_id TEXT NOT NULL REFERENCES tracking_runs (id),
                        model_id TEXT NOT NULL REFERENCES tracking_models (id),
                        is_output INTEGER NOT NULL,
                        step INTEGER NOT NULL,
                        PRIMARY KEY (run_id, is_output, model_id)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_run_models_model ON tracking_run_models (model_id);
                    CREATE TABLE tracking_model_metrics (
                        model_id TEXT NOT NULL REFERENCES tracking_models (id),
                        key TEXT NOT NULL,
                        timestamp_ms INTEGER NOT NULL,
                        step INTEGER NOT NULL,
                        run_id TEXT NOT NULL,
                        value REAL NOT NULL,
                        is_nan INTEGER NOT NULL,
                        dataset_name TEXT NOT NULL,
                        dataset_digest TEXT NOT NULL,
                        PRIMARY KEY (
                            model_id, key, timestamp_ms, step, run_id, value, is_nan, dataset_name, dataset_digest
                        )
                    ) STRICT, WITHOUT ROWID;
                    """
            )
        ]
    )
}
