# SPDX-License-Identifier: Apache-2.0
"""Trains the classifier, measures it on data/test.csv and logs both with the mlflow client. Knows nothing of Gyre."""

import json
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import sklearn
import yaml
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TARGET = "malignant"
params = yaml.safe_load(Path("params.yaml").read_text())["train"]

# errors.csv gathers what the model got wrong in service: rows to train on like any other, only that they count more.
train, errors, test = (pd.read_csv(f"data/{name}.csv") for name in ("train", "errors", "test"))
rows = pd.concat([train, errors]) if len(errors) else train
weights = np.repeat([1.0, params["error_weight"]], [len(train), len(errors)])
features, labels = rows.drop(columns=TARGET), rows[TARGET]

model = make_pipeline(
    StandardScaler(),
    LogisticRegression(C=params["C"], max_iter=params["max_iter"], class_weight=params["class_weight"]),
)

with mlflow.start_run():
    mlflow.log_params(params)
    mlflow.log_params({"rows": len(train), "error_rows": len(errors)})
    model.fit(features, labels, logisticregression__sample_weight=weights)

    unseen = test.drop(columns=TARGET)
    predicted, probability = model.predict(unseen), model.predict_proba(unseen)[:, 1]
    metrics = {
        "accuracy": accuracy_score(test[TARGET], predicted),
        "precision": precision_score(test[TARGET], predicted, zero_division=0),
        "recall": recall_score(test[TARGET], predicted),
        "f1": f1_score(test[TARGET], predicted),
        "roc_auc": roc_auc_score(test[TARGET], probability),
    }
    mlflow.log_metrics(metrics)
    Path("metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")

    card = {
        "serialization_format": "cloudpickle",
        "signature": infer_signature(unseen, predicted),
        "input_example": unseen.head(5),
        "pip_requirements": [f"scikit-learn=={sklearn.__version__}", f"pandas=={pd.__version__}"],
    }
    shutil.rmtree("model", ignore_errors=True)
    mlflow.sklearn.save_model(model, "model", **card)
    mlflow.sklearn.log_model(model, name="model", **card)

print(", ".join(f"{name} {value:.3f}" for name, value in metrics.items()))
