# SPDX-License-Identifier: Apache-2.0
"""Logged models: life, params, tags, limits, and requests that are wrong."""

from _calls import *

NONE = "m-00000000000000000000000000000000"

STEPS = [
    experiment("e", "E"), run("$E", "r", "R"),
    post("logged-models", {"experiment_id": "$E", "name": "full", "model_type": "xgb", "source_run_id": "$R", "params": [{"key": "p", "value": "1"}], "tags": [{"key": "t", "value": "x"}]}, save={"M": "model.info.model_id"}),
    post("logged-models", {"experiment_id": "$E", "name": "gone"}, save={"G": "model.info.model_id"}),
    *[post("logged-models", body) for body in [
        {"experiment_id": "$E"}, {"experiment_id": "$E", "name": ""}, {"experiment_id": "$E", "name": "a/b"}, {"experiment_id": "$E", "name": "a.b"}, {"experiment_id": "$E", "name": "a b"}, {"experiment_id": "$E", "name": "it's"}, {"experiment_id": "$E", "name": "ü"}, {"experiment_id": "$E", "name": "$X500"}, {"experiment_id": "$E", "name": "$X501"}, {"experiment_id": "$E", "name": 5}, {"experiment_id": "9999", "name": "x"}, {"experiment_id": "abc", "name": "x"}, {"name": "x"}, {},
        {"experiment_id": "$E", "name": "x", "params": "y"}, {"experiment_id": "$E", "name": "x", "tags": [{"key": "a/../b", "value": "v"}]}, {"experiment_id": "$E", "name": "x", "params": [{"key": "k", "value": "$X6001"}]}, {"experiment_id": "$E", "name": "x", "params": [{"key": "$X251", "value": "v"}]}, {"experiment_id": "$E", "name": "x", "tags": [{"key": "k", "value": "$X8001"}]}, {"experiment_id": "$E", "name": "x", "source_run_id": "nope"}, {"experiment_id": "$E", "name": "x", "params": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]}, {"experiment_id": "$E", "name": "x", "params": [{"value": "1"}]}]],
    post("logged-models", {"experiment_id": "$E", "name": "many"}, repeat={"params": {"count": 150, "item": {"key": "p$I", "value": "1"}}}, pick="model.info.name"),
    get("logged-models/$M"), step("GET", "/ajax-api/2.0/mlflow/logged-models/$M"), get("logged-models/" + NONE), get("logged-models/x"), get("logged-models/.."), get("logged-models/%2e%2e"), get("logged-models/a%2Fb"), get("logged-models/%00"),
    *[patch("logged-models/$M", body) for body in [{"model_id": "$M", "status": "LOGGED_MODEL_READY"}, {"model_id": "$M", "status": 2}, {"status": 2}, {"model_id": "$M", "status": "LOGGED_MODEL_UPLOAD_FAILED"}, {"model_id": "$M", "status": "READY"}, {"model_id": "$M", "status": 9}, {"model_id": "$M", "status": 0}, {"model_id": "$M"}, {}, {"model_id": "$M", "status": "LOGGED_MODEL_PENDING"}]],
    patch("logged-models/" + NONE, {"model_id": NONE, "status": 2}),
    *[post("logged-models/$M/params", body) for body in [{"model_id": "$M", "params": [{"key": "q", "value": "2"}]}, {"params": [{"key": "q2", "value": "2"}]}, {"model_id": "$M", "params": [{"key": "p", "value": "1"}]}, {"model_id": "$M", "params": [{"key": "p", "value": "other"}]}, {"model_id": "$M"}, {"model_id": "$M", "params": []}, {"model_id": "$M", "params": 5}, {"model_id": "$M", "params": [{"key": "", "value": "x"}]}, {"model_id": "$M", "params": [{"key": "a/../b", "value": "x"}]}]],
    post("logged-models/" + NONE + "/params", {"model_id": NONE, "params": [{"key": "q", "value": "2"}]}),
    *[patch("logged-models/$M/tags", body) for body in [{"model_id": "$M", "tags": [{"key": "t", "value": "y"}, {"key": "u/v w", "value": "z"}]}, {"tags": [{"key": "n", "value": "1"}]}, {"model_id": "$M", "tags": []}, {"model_id": "$M"}, {"model_id": "$M", "tags": 5}, {"model_id": "$M", "tags": [{"key": "k", "value": 5}]}, {"model_id": "$M", "tags": [{"key": "", "value": "5"}]}]],
    patch("logged-models/" + NONE + "/tags", {"tags": [{"key": "n", "value": "1"}]}),
    get("logged-models/$M", pick="model.info.tags"), get("logged-models/$M", pick="model.data.params"),
    delete("logged-models/$M/tags/n"), delete("logged-models/$M/tags/n"), delete("logged-models/$M/tags/none"), delete("logged-models/" + NONE + "/tags/t"), delete("logged-models/$M/tags/"), delete("logged-models/$M/tags/u%2Fv%20w"),
    delete("logged-models/$G"), delete("logged-models/$G"), delete("logged-models/" + NONE), get("logged-models/$G"), get("logged-models/$G?allow_deleted=true", pick="model.info.name"), get("logged-models/$G?allow_deleted=false"), patch("logged-models/$G", {"model_id": "$G", "status": 2}), patch("logged-models/$G/tags", {"tags": [{"key": "n", "value": "1"}]}), post("logged-models/$G/params", {"model_id": "$G", "params": [{"key": "q", "value": "2"}]}),
    get("logged-models/$M/artifacts/directories"), get("logged-models/" + NONE + "/artifacts/directories"), get("logged-models/$G/artifacts/directories"), post("logged-models/$M"), get("logged-models"), get("logged-models/search"), delete("logged-models"),
]
