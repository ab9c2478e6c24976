// SPDX-License-Identifier: Apache-2.0

import Testing

/// What other libraries log through the client, each with its own, unmodified integration.
@Suite(.timeLimit(.minutes(5)))
struct IntegrationTests {
    @Test func `scikit-learn is logged by itself, with its model and its search`() async throws {
        try await PythonClient.current.run(
            """
            import numpy
            from sklearn.ensemble import RandomForestClassifier
            from sklearn.linear_model import LogisticRegression
            from sklearn import metrics
            from sklearn.model_selection import GridSearchCV
            X = numpy.random.RandomState(0).rand(60, 3)
            y = (X[:, 0] > 0.5).astype(int)
            mlflow.sklearn.autolog(serialization_format="cloudpickle", registered_model_name="auto", log_input_examples=True)
            with mlflow.start_run() as run:
                forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, y)
                metrics.accuracy_score(y, forest.predict(X))
            found = client.get_run(run.info.run_id)
            assert found.data.params["n_estimators"] == "3" and found.data.params["bootstrap"] == "True"
            assert found.data.metrics["training_accuracy_score"] >= 0.9, found.data.metrics
            assert found.data.metrics.get("accuracy_score_X") == found.data.metrics["training_accuracy_score"], found.data.metrics
            assert found.data.tags["estimator_name"] == "RandomForestClassifier"
            [output] = found.outputs.model_outputs
            assert mlflow.get_logged_model(output.model_id).source_run_id == run.info.run_id
            loaded = mlflow.pyfunc.load_model("models:/auto/1")
            assert list(loaded.predict(X)) == list(forest.predict(X)) and loaded.metadata.signature is not None
            with mlflow.start_run() as search:
                GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=2).fit(X, y)
            children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{search.info.run_id}'")
            assert sorted(children["params.C"]) == ["0.1", "1.0", "10.0"], children
            best = client.get_run(search.info.run_id).data
            assert best.params["best_C"] in ["0.1", "1.0", "10.0"] and "best_cv_score" in best.metrics
            names = [file.path for file in client.list_artifacts(search.info.run_id)]
            assert "cv_results.csv" in names, names
            """
        )
    }

    @Test(arguments: [false, true])
    func `Optuna's callback logs every trial`(isNested: Bool) async throws {
        try await PythonClient.current.run(
            variables: ["NESTED": isNested ? "1" : ""],
            """
            import contextlib, optuna
            from optuna_integration.mlflow import MLflowCallback
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            nested = bool(os.environ["NESTED"])
            callback = MLflowCallback(
                tracking_uri=os.environ["MLFLOW_TRACKING_URI"], metric_name=["loss", "cost"], mlflow_kwargs={"nested": nested},
                tag_study_user_attrs=True,
            )
            study = optuna.create_study(
                study_name="my study", directions=["minimize", "maximize"], sampler=optuna.samplers.RandomSampler(seed=1))
            study.set_user_attr("team", "risk")

            @callback.track_in_mlflow()
            def objective(trial):
                x = trial.suggest_float("x", -1, 1)
                kind = trial.suggest_categorical("kind", ["a", "b"])
                trial.set_user_attr("note", "é" * 9000)
                mlflow.log_metric("inside", x, step=trial.number)
                if trial.number == 4:
                    raise optuna.TrialPruned()
                return x ** 2, len(kind)

            mlflow.set_experiment("my study")
            with mlflow.start_run(run_name="all") if nested else contextlib.nullcontext() as parent:
                study.optimize(objective, n_trials=12, callbacks=[callback])
            runs = mlflow.search_runs(
                experiment_names=["my study"], filter_string="tags.number LIKE '%'", order_by=["attributes.start_time"],
                output_format="list")
            assert len(runs) == 12
            runs = {run.data.tags["number"]: run for run in runs}
            for trial in study.trials:
                run = runs[str(trial.number)]
                assert run.info.status == "FINISHED" and run.info.run_name == str(trial.number)
                assert run.data.params == {"x": str(trial.params["x"]), "kind": trial.params["kind"]}
                expected = {"inside": trial.params["x"]}
                if trial.values:
                    expected.update(loss=trial.values[0], cost=trial.values[1])
                assert run.data.metrics == expected, run.data.metrics
                tags = run.data.tags
                assert tags["state"] == trial.state.name and tags["team"] == "risk", tags
                assert tags["direction"] == "['MINIMIZE', 'MAXIMIZE']" and "x_distribution" in tags, tags
                assert tags["note"].startswith("é" * 4900), len(tags["note"])
                assert tags.get("mlflow.parentRunId") == (parent.info.run_id if nested else None)
            best = mlflow.search_runs(filter_string="tags.state = 'COMPLETE' AND params.kind = 'a'", order_by=["metrics.loss"])
            assert best["metrics.loss"].iloc[0] == min(t.values[0] for t in study.trials if t.values and t.params["kind"] == "a")
            """
        )
    }

    @Test func `Lightning's logger keeps a training and its checkpoints`() async throws {
        try await PythonClient.current.run(
            """
            import logging, torch, warnings
            import pytorch_lightning as lightning
            from pytorch_lightning.callbacks import ModelCheckpoint
            from pytorch_lightning.loggers import MLFlowLogger
            from torch.utils.data import DataLoader, TensorDataset
            warnings.simplefilter("ignore")
            logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
            torch.set_num_threads(1)
            torch.manual_seed(0)

            class Line(lightning.LightningModule):
                def __init__(self, rate=0.1, layers={"width": 2, "kind": "x" * 400}):
                    super().__init__()
                    self.save_hyperparameters()
                    self.layer = torch.nn.Linear(1, 1)
                def training_step(self, batch, index):
                    loss = ((self.layer(batch[0]) - batch[1]) ** 2).mean()
                    self.log("train/loss", loss, on_step=True, on_epoch=False)
                    return loss
                def validation_step(self, batch, index):
                    self.log("val_loss", ((self.layer(batch[0]) - batch[1]) ** 2).mean())
                def configure_optimizers(self):
                    return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

            x = torch.linspace(0, 1, 32).unsqueeze(1)
            data = DataLoader(TensorDataset(x, 2 * x), batch_size=8)
            logger = MLFlowLogger(
                experiment_name="lightning", run_name="line", tracking_uri=os.environ["MLFLOW_TRACKING_URI"],
                tags={"team": "risk"}, log_model=True, prefix="p")
            keeper = ModelCheckpoint(dirpath="checkpoints", monitor="val_loss", save_top_k=1, filename="best")
            trainer = lightning.Trainer(
                max_epochs=3, logger=logger, callbacks=[keeper], accelerator="cpu", devices=1, log_every_n_steps=1,
                enable_progress_bar=False, enable_model_summary=False)
            trainer.fit(Line(), data, data)
            run = client.get_run(logger.run_id)
            assert client.get_experiment(run.info.experiment_id).name == "lightning"
            assert run.info.status == "FINISHED" and run.info.run_name == "line" and run.data.tags["team"] == "risk"
            assert run.data.params == {"rate": "0.1", "layers/width": "2", "layers/kind": "x" * 250}, run.data.params
            losses = client.get_metric_history(logger.run_id, "p-train/loss")
            assert [point.step for point in losses] == list(range(12)), losses
            validation = client.get_metric_history(logger.run_id, "p-val_loss")
            assert [point.step for point in validation] == [3, 7, 11], validation
            assert validation[-1].value < validation[0].value, validation
            assert run.data.metrics["p-epoch"] == 2, run.data.metrics
            names = {file.path for file in client.list_artifacts(logger.run_id, "best")}
            assert names == {"best/best.ckpt", "best/metadata.yaml", "best/aliases.txt"}, names
            local = mlflow.artifacts.download_artifacts(run_id=logger.run_id, artifact_path="best/best.ckpt", dst_path="down")
            loaded = Line.load_from_checkpoint(local)
            assert torch.allclose(loaded.layer.weight, trainer.model.layer.weight)

            # A second logger goes on with the run.
            more = MLFlowLogger(run_id=logger.run_id, tracking_uri=os.environ["MLFLOW_TRACKING_URI"])
            more.log_metrics({"after": 1.5}, step=12)
            more.finalize("failed")
            again = client.get_run(logger.run_id)
            assert again.data.metrics["after"] == 1.5 and again.info.status == "FAILED"
            """
        )
    }
}
