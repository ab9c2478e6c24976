# SPDX-License-Identifier: Apache-2.0
"""What stands beside: health, version, routes of generative AI, methods that a path does not take."""

from _calls import *

STEPS = [
    get("/health", text=True), get("/version", text=True), get("/api/3.0/mlflow/server-info"), get("/ajax-api/3.0/mlflow/server-info"),
    *[step(method, path) for method, path in [
        ("GET", "/api/2.0/mlflow/nothing"), ("POST", "/api/2.0/mlflow/nothing"), ("GET", "/api/2.0/nothing"), ("GET", "/api/1.0/mlflow/experiments/get"), ("GET", "/api/3.0/mlflow/experiments/get?experiment_id=0"), ("GET", "/api/2.0/preview/mlflow/experiments/get?experiment_id=0"), ("GET", "/api/2.0/mlflow/experiments/get/?experiment_id=0"),
        ("PUT", "/api/2.0/mlflow/experiments/create"), ("DELETE", "/api/2.0/mlflow/runs/delete"), ("PATCH", "/api/2.0/mlflow/runs/update"), ("GET", "/api/2.0/mlflow/runs/create"), ("POST", "/api/2.0/mlflow/runs/get"), ("POST", "/api/3.0/mlflow/server-info"), ("POST", "/health"), ("POST", "/version"), ("DELETE", "/version")]],
    get("/api/2.0/mlflow/experiments/list"), post("/api/2.0/mlflow/registered-models/list"),
]
