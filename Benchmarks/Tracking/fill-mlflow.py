# SPDX-License-Identifier: Apache-2.0
"""Fills an experiment of an MLflow server's SQLite database, as requests would, but in seconds.

usage: fill-mlflow.py DATABASE EXPERIMENT RUNS
"""

import sqlite3
import sys
import uuid

database, experiment, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
connection = sqlite3.connect(database, timeout=60)
runs, params, metrics, tags = [], [], [], []
for number in range(count):
    run = uuid.uuid4().hex
    runs.append((run, f"run-{number}", "LOCAL", "", "", "", "user", "FINISHED", 1790000000000 + number, None,
                 "", "active", f"mlflow-artifacts:/{experiment}/{run}/artifacts", experiment))
    for key in range(20):
        value = chr(97 + number % 10) if key == 0 else f"value_{key}_{number % 97}"
        params.append((f"param_{key}", value, run))
    for key in range(10):
        value = (number * 7919 + key * 104729) % 10007 / 10007
        metrics.append((f"metric_{key}", value, 1790000000000, run, 1, 0))
    for key in range(5):
        tags.append((f"tag_{key}", f"team_{number % (3 + key)}", run))
with connection:
    connection.executemany(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, source_version, user_id, status,"
        " start_time, end_time, deleted_time, lifecycle_stage, artifact_uri, experiment_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?)",
        runs,
    )
    connection.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", params)
    connection.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", tags)
    for table in ("metrics", "latest_metrics"):
        connection.executemany(
            f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)", metrics
        )
connection.close()
