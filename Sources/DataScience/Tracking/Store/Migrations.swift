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

                    -- Names of metrics, params and tags, so that rows carry a number; they are never removed.
                    CREATE TABLE tracking_names (
                        id INTEGER NOT NULL PRIMARY KEY,
                        name TEXT NOT NULL UNIQUE
                    ) STRICT;

                    CREATE TABLE tracking_runs (
                        number INTEGER NOT NULL PRIMARY KEY,
                        id TEXT NOT NULL UNIQUE,
                        experiment_id INTEGER NOT NULL REFERENCES tracking_experiments (id),
                        name TEXT NOT NULL,
                        status TEXT NOT NULL,
                        start_ms INTEGER NOT NULL,
                        end_ms INTEGER,
                        stage TEXT NOT NULL,
                        artifact_uri TEXT NOT NULL,
                        user_id TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX tracking_runs_recent ON tracking_runs (experiment_id, stage, start_ms DESC, id);
                    CREATE INDEX tracking_runs_newest ON tracking_runs (stage, start_ms DESC, id);

                    -- What belongs to a run lies together; `experiment_id` repeats the run's, which never changes, so that
                    -- an index finds values within an experiment.
                    CREATE TABLE tracking_params (
                        run INTEGER NOT NULL REFERENCES tracking_runs (number),
                        key INTEGER NOT NULL,
                        experiment_id INTEGER NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (run, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_params_value ON tracking_params (experiment_id, key, value)
                        WHERE length(value) <= 64;
                    CREATE TABLE tracking_tags (
                        run INTEGER NOT NULL REFERENCES tracking_runs (number),
                        key INTEGER NOT NULL,
                        experiment_id INTEGER NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (run, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_tags_value ON tracking_tags (experiment_id, key, value)
                        WHERE length(value) <= 64;

                    -- SQLite has no NaN: such a value is 0 with `is_nan`, and counts as 0 where values are ordered.
                    -- A history is batches, the points of a call each, and blocks, the points of a metric each; they may overlap.
                    -- These tables refer to runs without a foreign key: a million points need not look for one run.
                    CREATE TABLE tracking_latest (
                        run INTEGER NOT NULL,
                        key INTEGER NOT NULL,
                        experiment_id INTEGER NOT NULL,
                        timestamp_ms INTEGER NOT NULL,
                        step INTEGER NOT NULL,
                        value REAL NOT NULL,
                        is_nan INTEGER NOT NULL,
                        PRIMARY KEY (run, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX tracking_latest_value ON tracking_latest (experiment_id, key, is_nan, value);
                    -- The batches of a run have numbers from 1; 0 is what was left over when they became blocks. Each has the
                    -- points of all from 1 to itself, and those of number 0.
                    CREATE TABLE tracking_batches (
                        run INTEGER NOT NULL,
                        number INTEGER NOT NULL,
                        fresh INTEGER NOT NULL,
                        rest INTEGER NOT NULL,
                        bytes BLOB NOT NULL,
                        PRIMARY KEY (run, number)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE tracking_blocks (
                        id INTEGER NOT NULL PRIMARY KEY,
                        run INTEGER NOT NULL,
                        key INTEGER NOT NULL,
                        first_ms INTEGER NOT NULL,
                        first_step INTEGER NOT NULL,
                        first_value REAL NOT NULL,
                        first_is_nan INTEGER NOT NULL,
                        last_ms INTEGER NOT NULL,
                        last_step INTEGER NOT NULL,
                        last_value REAL NOT NULL,
                        last_is_nan INTEGER NOT NULL,
                        points INTEGER NOT NULL,
                        bytes BLOB NOT NULL
                    ) STRICT;
                    CREATE INDEX tracking_blocks_first
                        ON tracking_blocks (run, key, first_ms, first_step, first_value, first_is_nan);

                    CREATE TABLE tracking_inputs (
                        run INTEGER NOT NULL REFERENCES tracking_runs (number),
                        name TEXT NOT NULL,
                        digest TEXT NOT NULL,
                        source_type TEXT NOT NULL,
                        source TEXT NOT NULL,
                        schema TEXT,
                        profile TEXT,
                        context TEXT,
                        tags TEXT NOT NULL,
                        PRIMARY KEY (run, name, digest)
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
                        run INTEGER NOT NULL REFERENCES tracking_runs (number),
                        model_id TEXT NOT NULL REFERENCES tracking_models (id),
                        is_output INTEGER NOT NULL,
                        step INTEGER NOT NULL,
                        PRIMARY KEY (run, is_output, model_id)
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
