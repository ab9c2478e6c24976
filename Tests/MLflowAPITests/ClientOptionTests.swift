// SPDX-License-Identifier: Apache-2.0

import Testing

/// What the clients do when they are told to do it otherwise than by default.
@Suite(.timeLimit(.minutes(5)))
struct ClientOptionTests {
    @Test(arguments: PythonClient.allCases)
    func `who asks for downloads in parts gets the whole file`(client: PythonClient) async throws {
        try await client.run(
            variables: ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true"],
            """
            import pathlib
            pathlib.Path("some.bin").write_bytes(bytes(range(256)) * 9000)
            with mlflow.start_run() as run:
                mlflow.log_artifact("some.bin")
            local = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="some.bin", dst_path="down")
            assert pathlib.Path(local).read_bytes() == bytes(range(256)) * 9000
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `logging in the background loses nothing`(client: PythonClient) async throws {
        try await client.run(
            """
            import mlflow.config
            mlflow.config.enable_async_logging()
            with mlflow.start_run() as run:
                for step in range(300):
                    mlflow.log_metrics({"loss": step / 4, "rate": -step}, step=step)
                for number in range(60):
                    mlflow.log_param(f"p{number}", number)
                    mlflow.set_tag("last", number)
                done = client.log_metric(run.info.run_id, "waited", 7, synchronous=False)
                done.wait()
                assert client.get_run(run.info.run_id).data.metrics["waited"] == 7
                mlflow.log_text("late", "late.txt")
            mlflow.flush_async_logging()
            mlflow.flush_artifact_async_logging()
            data = client.get_run(run.info.run_id).data
            assert data.metrics == {"loss": 299 / 4, "rate": -299, "waited": 7}, data.metrics
            assert data.params == {f"p{number}": str(number) for number in range(60)}, data.params
            # Until 3.18 the client sent batches of a run side by side.
            if tuple(map(int, mlflow.__version__.split(".")[:2])) >= (3, 18):
                assert data.tags["last"] == "59", data.tags
            points = client.get_metric_history(run.info.run_id, "loss")
            assert sorted((point.step, point.value) for point in points) == [(step, step / 4) for step in range(300)]
            assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/late.txt") == "late"
            refusal = client.log_param(run.info.run_id, "p0", "other", synchronous=False)
            try:
                refusal.wait()
                raise AssertionError("was not refused")
            except MlflowException as error:
                assert "INVALID_PARAMETER_VALUE" in str(error), error
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `runs come as a frame with their columns`(client: PythonClient) async throws {
        try await client.run(
            """
            import pandas
            experiment = mlflow.set_experiment("frame").experiment_id
            empty = mlflow.search_runs()
            assert isinstance(empty, pandas.DataFrame) and len(empty) == 0
            for number in range(130):
                run = client.create_run(experiment, start_time=1_700_000_000_000 + number, run_name=f"r{number}")
                client.log_param(run.info.run_id, "p", number)
                if number % 2:
                    client.log_metric(run.info.run_id, "m", number)
                client.set_terminated(run.info.run_id)
            frame = mlflow.search_runs(experiment_names=["frame"])
            assert len(frame) == 130 and set(frame["status"]) == {"FINISHED"}
            assert list(frame["params.p"]) == [str(number) for number in reversed(range(130))]
            assert frame["metrics.m"].isna().sum() == 65 and frame["metrics.m"].sum() == sum(range(1, 130, 2))
            assert frame["start_time"].iloc[0] == pandas.Timestamp(1_700_000_000_129, unit="ms", tz="UTC"), frame["start_time"].iloc[0]
            assert frame["tags.mlflow.runName"].iloc[-1] == "r0"
            top = mlflow.search_runs(filter_string="metrics.m < 100", order_by=["metrics.m DESC"], max_results=3)
            assert list(top["metrics.m"]) == [99, 97, 95]
            assert len(mlflow.search_runs(search_all_experiments=True)) == 130
            """
        )
    }

    @Test func `the machine's own figures are logged beside the run's`() async throws {
        try await PythonClient.current.run(
            """
            import time
            mlflow.set_system_metrics_sampling_interval(0.1)
            mlflow.set_system_metrics_samples_before_logging(1)
            with mlflow.start_run(log_system_metrics=True) as run:
                def seen():
                    return {key for key in client.get_run(run.info.run_id).data.metrics if key.startswith("system/")}
                end = time.monotonic() + 60
                while not {"system/cpu_utilization_percentage", "system/network_receive_megabytes"} <= seen():
                    assert time.monotonic() < end, seen()
                    time.sleep(0.05)
            points = client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
            assert [point.step for point in points] == list(range(len(points))), points
            assert all(0 <= point.value <= 100 for point in points)
            found = mlflow.search_runs(filter_string="metrics.`system/system_memory_usage_percentage` > 0")
            assert len(found) == 1
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `versions have stages as long as the client knows them`(client: PythonClient) async throws {
        try await client.run(
            """
            import warnings
            warnings.simplefilter("ignore")
            client.create_registered_model("m")
            for number in range(3):
                client.create_model_version("m", f"s3://bucket/{number}")
            staged = client.transition_model_version_stage("m", "1", "Production")
            assert staged.current_stage == "Production" and staged.version == "1"
            client.transition_model_version_stage("m", "2", "staging")
            latest = lambda *stages: {(found.current_stage, found.version) for found in client.get_latest_versions("m", list(stages) or None)}
            assert latest() == {("Production", "1"), ("Staging", "2"), ("None", "3")}, latest()
            assert latest("Production") == {("Production", "1")}
            client.transition_model_version_stage("m", "3", "Production", archive_existing_versions=True)
            assert latest() == {("Production", "3"), ("Staging", "2"), ("Archived", "1")}, latest()
            refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, "m", "3", "Nowhere")
            client.set_registered_model_alias("m", "best", "3")
            both = client.get_model_version_by_alias("m", "best")
            assert (both.version, both.current_stage, both.aliases) == ("3", "Production", ["best"])
            assert client.get_model_version_download_uri("m", "3") == "s3://bucket/2"
            """
        )
    }
}
