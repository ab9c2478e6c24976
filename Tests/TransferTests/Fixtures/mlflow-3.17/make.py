# SPDX-License-Identifier: Apache-2.0
"""Makes the fixtures of this folder with the real MLflow 3.17, once into its file store and once into SQLite.

    MLFLOW_ALLOW_FILE_STORE=true .venv-mlflow/bin/python Tests/TransferTests/Fixtures/mlflow-3.17/make.py

`mlruns/` is the file store; `mlflow.sql` is the database as text, and `mlartifacts/` what its runs kept.
"""

import os
import pathlib
import shutil
import sqlite3

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput
from mlflow.entities import LoggedModelParameter, LoggedModelStatus, Metric, Param, RunTag
from mlflow.tracking import MlflowClient

here = pathlib.Path(__file__).resolve().parent
# The store writes absolute paths; nobody's own folder belongs into a fixture.
work = pathlib.Path("/tmp/mlflow-fixture")


def fill(uri: str, location: str | None) -> None:
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    iris = client.create_experiment("iris", artifact_location=location and f"{location}/1", tags={"team": "flowers"})
    gone = client.create_experiment("gone", artifact_location=location and f"{location}/2")

    lost = client.create_run(gone, start_time=1_700_000_000_000, run_name="lost")
    client.set_terminated(lost.info.run_id, end_time=1_700_000_001_000)
    client.delete_experiment(gone)

    parent = client.create_run(
        iris, start_time=1_700_000_100_000, run_name="parent", tags={"mlflow.user": "ada", "note": "two\nlines, ümlaut"}
    )
    run = parent.info.run_id
    client.log_batch(
        run,
        metrics=[Metric("loss", 1 / (step + 1), 1_700_000_100_000 + step, step) for step in range(5)]
        + [
            Metric("odd", float("nan"), 1_700_000_100_000, 0),
            Metric("odd", float("inf"), 1_700_000_100_001, 1),
            Metric("odd", float("-inf"), 1_700_000_100_002, 2),
            Metric("val/acc", 0.25, 1_700_000_100_000, -1),
            Metric("val/acc", 0.75, 1_700_000_100_500, 3),
        ],
        params=[Param("depth", "3"), Param("opt/lr", "0.1"), Param("text", "a: b\n# no comment"), Param("empty", "")],
        tags=[RunTag("stage", "test")],
    )
    client.log_inputs(
        run,
        datasets=[
            DatasetInput(
                Dataset("iris.csv", "abc123", "local", '{"uri": "iris.csv"}', '{"columns": []}', '{"rows": 150}'),
                [InputTag("mlflow.data.context", "training")],
            )
        ],
    )
    (work / "files/deep").mkdir(parents=True, exist_ok=True)
    (work / "files/note.txt").write_text("a note\n")
    (work / "files/deep/with space ü.bin").write_bytes(bytes(range(256)))
    client.log_artifacts(run, str(work / "files"))

    model = client.create_logged_model(
        iris, name="tree", source_run_id=run, tags={"kind": "tree"}, params={"depth": "3"}, model_type="classifier"
    )
    (work / "model").mkdir(exist_ok=True)
    (work / "model/MLmodel").write_text("flavors: {}\n")
    client.log_model_artifacts(model.model_id, str(work / "model"))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_metric(
        run, "auc", 0.875, timestamp=1_700_000_101_000, step=1,
        model_id=model.model_id, dataset_name="iris.csv", dataset_digest="abc123",
    )
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 1)])
    client.set_terminated(run, end_time=1_700_000_160_000)

    child = client.create_run(
        iris, start_time=1_700_000_110_000, run_name="child", tags={"mlflow.parentRunId": run, "mlflow.user": "bob"}
    )
    client.log_inputs(child.info.run_id, models=[LoggedModelInput(model.model_id)])
    client.log_param(child.info.run_id, "depth", "4")
    client.set_terminated(child.info.run_id, status="FAILED", end_time=1_700_000_120_000)

    removed = client.create_run(iris, start_time=1_700_000_130_000, run_name="removed")
    client.log_metric(removed.info.run_id, "loss", 9, timestamp=1_700_000_130_000, step=0)
    client.delete_run(removed.info.run_id)

    client.create_run(iris, start_time=1_700_000_140_000, run_name="open")

    client.create_registered_model("iris-tree", tags={"owner": "ada"}, description="trees of irises")
    first = client.create_model_version("iris-tree", f"models:/{model.model_id}", run, model_id=model.model_id)
    second = client.create_model_version(
        "iris-tree", f"runs:/{run}/deep", run, tags={"checked": "yes"}, description="by hand"
    )
    client.create_model_version("iris-tree", "s3://bucket/model", run_link="http://elsewhere/run")
    client.set_registered_model_alias("iris-tree", "champion", first.version)
    client.set_registered_model_alias("iris-tree", "next", second.version)
    client.transition_model_version_stage("iris-tree", second.version, "Staging")


def main() -> None:
    shutil.rmtree(work, ignore_errors=True)
    for name in ["mlruns", "mlartifacts"]:
        shutil.rmtree(here / name, ignore_errors=True)
    work.mkdir()
    os.chdir(work)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

    fill(str(work / "mlruns"), None)
    shutil.copytree(work / "mlruns", here / "mlruns")
    for folder in sorted((here / "mlruns").rglob("*"), reverse=True):
        # Git keeps no empty folders; what needs them must do without.
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    uri = f"sqlite:///{work}/mlflow.db"
    fill(uri, str(work / "mlartifacts"))
    shutil.copytree(work / "mlartifacts", here / "mlartifacts")
    with sqlite3.connect(work / "mlflow.db") as database:
        dump = [line for line in database.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    # Tables refer to each other, so that none may be missing when rows come.
    dump.sort(key=lambda line: 0 if line.startswith("CREATE TABLE") else 1 if line.startswith("INSERT") else 2)
    (here / "mlflow.sql").write_text("PRAGMA defer_foreign_keys = ON;\n" + "\n".join(dump) + "\n")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
