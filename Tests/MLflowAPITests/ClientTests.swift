// SPDX-License-Identifier: Apache-2.0

import Registry
import Testing
import Tracking

/// What people's programs do with the real client.
@Suite(.timeLimit(.minutes(5)))
struct ClientTests {
    @Test func `the clients are of two minors that follow each other`() async throws {
        let (current, previous) = (try await PythonClient.current.minor, try await PythonClient.previous.minor)
        #expect(current == previous + 1)
    }

    @Test(arguments: PythonClient.allCases)
    func `fluent logging, nested runs and searches`(client: PythonClient) async throws {
        try await client.run(
            """
            mlflow.set_experiment("my exp + 1")
            mlflow.set_experiment("my exp + 1")
            with mlflow.start_run(run_name="parent", tags={"team": "risk"}, description="about it") as parent:
                mlflow.log_param("depth", 3)
                mlflow.log_param("depth", 3)
                mlflow.log_params({"rate": 0.1, "kind": "tree"})
                for step in range(5):
                    mlflow.log_metric("loss", 1 / (step + 1), step=step)
                mlflow.log_metrics({"recall": 0.9, "nan": float("nan"), "inf": float("inf")})
                mlflow.set_tag("note", "ü")
                for index in range(3):
                    with mlflow.start_run(nested=True, run_name=f"child {index}"):
                        mlflow.log_metric("recall", 0.5 + index / 10)
            refused("INVALID_PARAMETER_VALUE", client.log_param, parent.info.run_id, "depth", 4)
            run = mlflow.get_run(parent.info.run_id)
            assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time
            assert run.data.params == {"depth": "3", "rate": "0.1", "kind": "tree"}, run.data.params
            assert run.data.metrics["loss"] == 0.2 and run.data.metrics["inf"] == float("inf")
            assert run.data.metrics["nan"] != run.data.metrics["nan"]
            assert run.data.tags["note"] == "ü" and run.data.tags["mlflow.runName"] == "parent"
            assert run.data.tags["mlflow.note.content"] == "about it"
            history = client.get_metric_history(parent.info.run_id, "loss")
            assert [(point.step, point.value) for point in history][:2] == [(0, 1.0), (1, 0.5)], history
            children = mlflow.search_runs(
                filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
                order_by=["metrics.recall DESC"],
            )
            assert list(children["tags.mlflow.runName"]) == ["child 2", "child 1", "child 0"]
            best = mlflow.search_runs(filter_string="metrics.recall > 0.65 and tags.`note` != 'x'", output_format="list")
            assert [run.info.run_name for run in best] == ["parent"]
            mlflow.end_run()
            try:
                with mlflow.start_run(run_name="fails") as failing:
                    raise ValueError("no")
            except ValueError:
                pass
            assert mlflow.get_run(failing.info.run_id).info.status == "FAILED"
            with mlflow.start_run(run_id=failing.info.run_id):
                mlflow.log_metric("again", 1)
            assert mlflow.get_run(failing.info.run_id).info.status == "FINISHED"
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `the client's calls of experiments, runs, batches and pages`(client: PythonClient) async throws {
        try await client.run(
            """
            from mlflow.entities import Metric, Param, RunTag, ViewType
            first = client.create_experiment("first", tags={"a": "b"})
            second = client.create_experiment("second")
            refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, "first")
            client.rename_experiment(first, "1st")
            client.set_experiment_tag(first, "c", "d")
            client.delete_experiment_tag(first, "c")
            assert client.get_experiment(first).name == "1st" and client.get_experiment(first).tags == {"a": "b"}
            assert client.get_experiment_by_name("none") is None
            client.delete_experiment(second)
            names = lambda **named: sorted(found.name for found in client.search_experiments(**named))
            assert names() == ["1st", "Default"] and names(view_type=ViewType.DELETED_ONLY) == ["second"]
            assert names(view_type=ViewType.ALL, filter_string="name LIKE '%s%'") == ["1st", "second"]
            client.restore_experiment(second)
            assert [found.name for found in client.search_experiments(order_by=["name DESC"], max_results=2)] == ["second", "Default"]

            ids = [client.create_run(first, start_time=1000 + index).info.run_id for index in range(7)]
            for index, run in enumerate(ids):
                client.log_batch(
                    run,
                    metrics=[Metric("m", index, 1, step) for step in range(3)],
                    params=[Param("p", str(index % 2))],
                    tags=[RunTag("t", "x" * index)],
                )
            found, token = [], None
            while True:
                page = client.search_runs([first], "params.p = '0'", order_by=["metrics.m DESC"], max_results=2, page_token=token)
                found += [run.data.metrics["m"] for run in page]
                token = page.token
                if not token:
                    break
            assert found == [6, 4, 2, 0], found
            assert "m" in refused("INVALID_PARAMETER_VALUE", client.search_runs, [first], "metrics.m = 'x'")
            client.delete_run(ids[0])
            refused("INVALID_PARAMETER_VALUE", client.set_tag, ids[0], "a", "b")
            assert len(client.search_runs([first])) == 6
            assert [run.info.run_id for run in client.search_runs([first], run_view_type=ViewType.DELETED_ONLY)] == [ids[0]]
            client.restore_run(ids[0])
            client.update_run(ids[0], status="KILLED", name="new name")
            assert client.get_run(ids[0]).info.status == "KILLED" and client.get_run(ids[0]).info.run_name == "new name"
            client.set_terminated(ids[1], "FAILED", 5000)
            assert client.get_run(ids[1]).info.end_time == 5000
            client.delete_tag(ids[1], "t")
            refused("RESOURCE_DOES_NOT_EXIST", client.delete_tag, ids[1], "t")
            refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)
            client.log_batch(ids[2], metrics=[Metric("many", value, 1, value) for value in range(1000)])
            assert len(client.get_metric_history(ids[2], "many")) == 1000
            client.log_param(ids[2], "long", "x" * 7000)
            assert len(client.get_run(ids[2]).data.params["long"]) == 6000
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `artefacts go up and down with their folders`(client: PythonClient) async throws {
        try await client.run(
            """
            import pathlib, pandas
            tree = pathlib.Path("tree/deep/er")
            tree.mkdir(parents=True)
            (tree / "a ü+100%.txt").write_text("one")
            (tree.parent / "b.bin").write_bytes(bytes(range(256)) * 5000)
            with mlflow.start_run() as run:
                mlflow.log_artifacts("tree", "up")
                mlflow.log_artifact("tree/deep/b.bin")
                mlflow.log_text("hello", "texts/hello.txt")
                mlflow.log_dict({"a": [1, 2]}, "dict.json")
                mlflow.log_table(pandas.DataFrame({"x": [1, 2]}), "table.json")
            id = run.info.run_id
            paths = lambda path=None: [(file.path, file.is_dir) for file in client.list_artifacts(id, path)]
            assert paths() == [("b.bin", False), ("dict.json", False), ("table.json", False), ("texts", True), ("up", True)], paths()
            assert paths("up/deep") == [("up/deep/b.bin", False), ("up/deep/er", True)], paths("up/deep")
            assert [file.file_size for file in client.list_artifacts(id, "up/deep")] == [1280000, None]
            local = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=id, dst_path="down"))
            assert (local / "up/deep/er/a ü+100%.txt").read_text() == "one"
            assert (local / "up/deep/b.bin").read_bytes() == bytes(range(256)) * 5000
            assert mlflow.artifacts.load_text(f"runs:/{id}/texts/hello.txt") == "hello"
            assert mlflow.artifacts.load_dict(run.info.artifact_uri + "/dict.json") == {"a": [1, 2]}
            assert list(mlflow.load_table("table.json", run_ids=[id])["x"]) == [1, 2]
            try:
                mlflow.artifacts.download_artifacts(run_id=id, artifact_path="none.txt")
                raise AssertionError("was found")
            except MlflowException:
                pass
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `data that went in, and metrics that come in the background`(client: PythonClient) async throws {
        try await client.run(
            """
            import pandas
            frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
            data = mlflow.data.from_pandas(frame, source="data/train.csv", targets="y", name="train")
            with mlflow.start_run() as run:
                mlflow.log_input(data, context="training")
                mlflow.log_input(data, context="training")
                for step in range(200):
                    mlflow.log_metric("loss", step, step=step, synchronous=False)
                mlflow.log_params({"a": 1}, synchronous=False)
                mlflow.set_tags({"b": "2"}, synchronous=False)
            mlflow.flush_async_logging()
            found = client.get_run(run.info.run_id)
            assert found.data.metrics["loss"] == 199 and found.data.params == {"a": "1"} and found.data.tags["b"] == "2"
            assert len(client.get_metric_history(run.info.run_id, "loss")) == 200
            [input] = found.inputs.dataset_inputs
            assert input.dataset.name == "train" and input.dataset.digest == data.digest
            assert [(tag.key, tag.value) for tag in input.tags] == [("mlflow.data.context", "training")]
            assert len(mlflow.search_runs(filter_string="datasets.name = 'train' AND datasets.context = 'training'")) == 1
            assert len(mlflow.search_runs(filter_string=f"datasets.digest = '{data.digest}x'")) == 0
            """
        )
    }

    @Test(arguments: PythonClient.allCases)
    func `a model of scikit-learn is logged, registered, named and loaded`(client: PythonClient) async throws {
        try await client.run(
            guarded: ["guarded"],
            """
            import numpy
            from sklearn.linear_model import LogisticRegression
            from mlflow.models import infer_signature
            mlflow.set_experiment("models")
            X, y = numpy.array([[0.0], [1.0], [2.0], [3.0]]), numpy.array([0, 0, 1, 1])
            mlflow.sklearn.autolog(log_input_examples=False, log_models=False)
            with mlflow.start_run() as automatic:
                LogisticRegression(C=0.5).fit(X, y)
            found = client.get_run(automatic.info.run_id)
            assert found.data.params["C"] == "0.5" and found.data.metrics["training_accuracy_score"] == 1.0
            assert found.inputs.dataset_inputs, "autolog notes its data"
            mlflow.sklearn.autolog(disable=True)
            model = LogisticRegression(C=7).fit(X, y)
            with mlflow.start_run() as run:
                info = mlflow.sklearn.log_model(
                    model, name="model", signature=infer_signature(X, y), registered_model_name="churn",
                    serialization_format="cloudpickle", pip_requirements=["scikit-learn"], params={"C": 7},
                )
                mlflow.log_metric("recall", 0.9, model_id=info.model_id)
            logged = mlflow.get_logged_model(info.model_id)
            assert logged.status == "READY" and logged.params == {"C": "7"} and logged.source_run_id == run.info.run_id
            assert [(metric.key, metric.value) for metric in logged.metrics] == [("recall", 0.9)], logged.metrics
            [output] = client.get_run(run.info.run_id).outputs.model_outputs
            assert output.model_id == info.model_id
            [best] = mlflow.search_logged_models(filter_string="metrics.recall > 0.5", output_format="list")
            assert best.model_id == info.model_id
            version = client.get_model_version("churn", "1")
            assert version.run_id == run.info.run_id and version.source == f"models:/{info.model_id}"
            copy = client.copy_model_version("models:/churn/1", "copied")
            assert copy.version == "1" and copy.run_id == run.info.run_id
            client.set_registered_model_alias("churn", "best", "1")
            client.set_model_version_tag("churn", "1", "gate", "passed")
            client.update_model_version("churn", "1", description="first")
            assert client.get_model_version_by_alias("churn", "best").version == "1"
            assert [found.version for found in client.search_model_versions("name='churn' and tags.gate = 'passed'")] == ["1"]
            for uri in [info.model_uri, f"models:/{info.model_id}", "models:/churn/1", "models:/churn@best", "models:/copied/1"]:
                assert list(mlflow.sklearn.load_model(uri).predict(X)) == list(model.predict(X)), uri
            assert list(mlflow.pyfunc.load_model("models:/churn@best").predict(X)) == list(model.predict(X))
            assert client.get_registered_model("churn").aliases == {"best": "1"}
            client.create_registered_model("guarded", tags={"a": "b"})
            client.create_model_version("guarded", info.model_uri, run.info.run_id)
            assert "gyre promote" in refused("PERMISSION_DENIED", client.set_registered_model_alias, "guarded", "champion", "1")
            assert [found.name for found in client.search_registered_models("name LIKE 'g%'")] == ["guarded"]
            client.rename_registered_model("churn", "new")
            client.delete_registered_model_alias("new", "best")
            client.delete_model_version("new", "1")
            refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "new", "1")
            client.delete_registered_model("new")
            refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "new")
            """
        ) { server in
            let champion = try await server.registry.version(model: "guarded", alias: RegistryService.champion)
            #expect(champion == nil)
        }
    }
}
