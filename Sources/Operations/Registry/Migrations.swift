// SPDX-License-Identifier: Apache-2.0

package import Database

extension RegistryService {
    /// The room's tables.
    package static let migrations = MigrationSet(
        room: "registry",
        [
            Migration(
                1,
                "models, versions, aliases and verdicts",
                sqlite: """
                    CREATE TABLE registry_models (
                        name TEXT NOT NULL PRIMARY KEY,
                        description TEXT NOT NULL,
                        created_ms INTEGER NOT NULL,
                        updated_ms INTEGER NOT NULL,
                        is_guarded INTEGER NOT NULL DEFAULT 0,
                        last_version INTEGER NOT NULL DEFAULT 0
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE registry_model_tags (
                        name TEXT NOT NULL REFERENCES registry_models (name) ON UPDATE CASCADE ON DELETE CASCADE,
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (name, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE registry_versions (
                        name TEXT NOT NULL REFERENCES registry_models (name) ON UPDATE CASCADE ON DELETE CASCADE,
                        version INTEGER NOT NULL,
                        created_ms INTEGER NOT NULL,
                        updated_ms INTEGER NOT NULL,
                        stage TEXT NOT NULL,
                        description TEXT NOT NULL,
                        source TEXT NOT NULL,
                        run_id TEXT,
                        model_id TEXT,
                        run_link TEXT NOT NULL,
                        PRIMARY KEY (name, version)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX registry_versions_stage ON registry_versions (name, stage, version);
                    CREATE INDEX registry_versions_run ON registry_versions (run_id) WHERE run_id IS NOT NULL;
                    CREATE TABLE registry_version_tags (
                        name TEXT NOT NULL,
                        version INTEGER NOT NULL,
                        key TEXT NOT NULL,
                        value TEXT NOT NULL,
                        PRIMARY KEY (name, version, key),
                        FOREIGN KEY (name, version) REFERENCES registry_versions (name, version)
                            ON UPDATE CASCADE ON DELETE CASCADE
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE registry_aliases (
                        name TEXT NOT NULL,
                        alias TEXT NOT NULL,
                        version INTEGER NOT NULL,
                        PRIMARY KEY (name, alias),
                        FOREIGN KEY (name, version) REFERENCES registry_versions (name, version)
                            ON UPDATE CASCADE ON DELETE CASCADE
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX registry_aliases_version ON registry_aliases (name, version);
                    CREATE TABLE registry_verdicts (
                        id INTEGER NOT NULL PRIMARY KEY,
                        name TEXT NOT NULL,
                        version INTEGER NOT NULL,
                        digest TEXT NOT NULL,
                        passed INTEGER NOT NULL,
                        report TEXT NOT NULL,
                        created_ms INTEGER NOT NULL,
                        FOREIGN KEY (name, version) REFERENCES registry_versions (name, version)
                            ON UPDATE CASCADE ON DELETE CASCADE
                    ) STRICT;
                    CREATE INDEX registry_verdicts_version ON registry_verdicts (name, version, id);
                    """
            ),
            Migration(
                2,
                "where the files of a copied version lie",
                sqlite: "ALTER TABLE registry_versions ADD COLUMN storage TEXT"
            ),
        ]
    )
}
