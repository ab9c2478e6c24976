# SPDX-License-Identifier: Apache-2.0
"""Experiments: their life, tags, limits, and requests that are wrong."""

from _calls import *

STEPS = [
    get("experiments/get?experiment_id=0"), get("experiments/get-by-name?experiment_name=Default"),
    post("experiments/create", {"name": "churn", "tags": [{"key": "a", "value": "b"}], "unknown": 1}, save={"E": "experiment_id"}),
    post("experiments/create", {"name": "far", "artifact_location": "s3://bucket/far"}, save={"F": "experiment_id"}),
    get("experiments/get?experiment_id=$E"), get("experiments/get?experiment_id=$F"), get("experiments/get-by-name?experiment_name=churn"),
    step("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=$E"),
    *[post("experiments/create", body, pick="none") for body in [
        {"name": "churn"}, {"name": ""}, {"name": " "}, {}, {"name": None}, {"name": 5}, {"name": True}, {"name": ["x"]}, {"name": {}}, {"name": "$X500"}, {"name": "$X501"},
        {"name": "ü/ñ 1"}, {"name": "t1", "tags": 5}, {"name": "t2", "tags": [{"key": "../a", "value": "x"}]}, {"name": "t3", "tags": [{"key": "k", "value": "$X5000"}]},
        {"name": "t4", "tags": [{"key": "k", "value": "$X20001"}]}, {"name": "t5", "tags": [{"value": "x"}]}, {"name": "t6", "tags": [{"key": "k"}]}, {"name": "t7", "tags": ["a"]}, {"name": "t8", "tags": [{"key": "k", "value": 3}]},
        {"name": "t9", "tags": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]}, {"name": "u1", "artifact_location": "runs:/x"}, {"name": "u2", "artifact_location": ""}, {"name": "u3", "artifact_location": "s3://b/../c"},
        {"name": "u4", "artifact_location": "s3://b/c?x=1#y"}, {"name": "u5", "artifact_location": 5}, {"name": "u6", "artifact_location": "mlflow-artifacts:/../x"}, {"name": "u7", "artifact_location": "mlflow-artifacts:/a/b"},
        {"name": "u8", "artifact_location": "mlflow-artifacts:/%2e%2e/x"}, {"name": "u9", "artifact_location": "$X2049"},
    ]],
    *[post("experiments/create", raw=raw, pick="none") for raw in ["", "null", "{", "[]", "5", "\"{\\\"name\\\":\\\"double\\\"}\"", "{\"name\":\"a\",}", "{\"name\":\"dup\",\"name\":\"dup2\"}", "\ufeff{\"name\":\"bom\"}", "{'name':'x'}", "nope"]],
    post("experiments/create", raw="{\"name\":\"\xff\"}", latin=True, pick="none"), post("experiments/create", raw="{\"name\":\"a\\u0000b\"}", pick="none"), post("experiments/create", raw="{\"name\":\"\\ud800\"}", pick="none"),
    post("experiments/create", raw="{\"name\":\"plain\"}", headers={"Content-Type": "text/plain"}, pick="none"), post("experiments/create", raw="{\"name\":\"charset\"}", headers={"Content-Type": "application/json; charset=utf-8"}, pick="none"),
    *[get("experiments/get" + query) for query in ["", "?experiment_id=", "?experiment_id=abc", "?experiment_id=9999", "?experiment_id=-1", "?experiment_id=1e3", "?experiment_id=99999999999999999999", "?experiment_id=%00", "?experiment_id=$E&experiment_id=0",
                                                  "?experiment_id=$E&unknown=1", "?unknown=1"]],
    *[get("experiments/get-by-name" + query) for query in ["", "?experiment_name=", "?experiment_name=nope", "?experiment_name=CHURN", "?experiment_name=churn%20"]],
    post("experiments/get-by-name", {"experiment_name": "churn"}), step("PUT", "experiments/create", {"name": "x"}), step("DELETE", "experiments/delete"), get("experiments/create"), get("experiments/nothing"),
    *[post("experiments/update", body) for body in [
        {"experiment_id": "$E", "new_name": "renamed"}, {"experiment_id": "$E", "new_name": "far"}, {"experiment_id": "$E", "new_name": "renamed"}, {"experiment_id": "$E"}, {"experiment_id": "$E", "new_name": ""}, {"new_name": "x"},
        {"experiment_id": "9999", "new_name": "q"}, {"experiment_id": "abc", "new_name": "q"}, {"experiment_id": "$E", "new_name": "$X501"}, {"experiment_id": 1, "new_name": "q"}]],
    *[post("experiments/set-experiment-tag", body) for body in [
        {"experiment_id": "$E", "key": "k", "value": "v"}, {"experiment_id": "$E", "key": "k", "value": "w"}, {"experiment_id": "$E", "key": "k"}, {"experiment_id": "$E", "value": "v"}, {"experiment_id": "$E", "key": "", "value": "v"},
        {"experiment_id": "$E", "key": "/a", "value": "v"}, {"experiment_id": "$E", "key": "a//b", "value": "v"}, {"experiment_id": "$E", "key": "a/./b", "value": "v"}, {"experiment_id": "$E", "key": "a/b", "value": "v"}, {"experiment_id": "$E", "key": ".", "value": "v"},
        {"experiment_id": "$E", "key": "a#b", "value": "v"}, {"experiment_id": "$E", "key": "ü-1: /x", "value": "v"}, {"experiment_id": "$E", "key": "$X250", "value": "v"}, {"experiment_id": "$E", "key": "$X251", "value": "v"},
        {"experiment_id": "$E", "key": "long", "value": "$X20000"}, {"experiment_id": "$E", "key": "long", "value": "$X20001"}, {"experiment_id": "9999", "key": "k", "value": "v"}, {"key": "k", "value": "v"}, {"experiment_id": "$E", "key": 5, "value": "v"}, {"experiment_id": "$E", "key": "n", "value": 5}]],
    get("experiments/get?experiment_id=$E"),
    *[post("experiments/delete-experiment-tag", body) for body in [{"experiment_id": "$E", "key": "k"}, {"experiment_id": "$E", "key": "k"}, {"experiment_id": "$E"}, {"experiment_id": "9999", "key": "k"}, {"key": "k"}]],
    run("$E", "r", "R"),
    *[post("experiments/delete", body) for body in [{"experiment_id": "$E"}, {"experiment_id": "$E"}, {}, {"experiment_id": "9999"}, {"experiment_id": "abc"}, {"experiment_id": 1}]],
    get("experiments/get?experiment_id=$E", pick="experiment.lifecycle_stage"), get("experiments/get-by-name?experiment_name=renamed", pick="experiment.lifecycle_stage"), get("runs/get?run_id=$R", pick="run.info.lifecycle_stage"),
    post("experiments/create", {"name": "renamed"}), post("experiments/update", {"experiment_id": "$E", "new_name": "x1"}), post("experiments/set-experiment-tag", {"experiment_id": "$E", "key": "k", "value": "v"}),
    post("experiments/delete-experiment-tag", {"experiment_id": "$E", "key": "a"}), post("runs/create", {"experiment_id": "$E"}), post("runs/set-tag", {"run_id": "$R", "key": "k", "value": "v"}), post("logged-models", {"experiment_id": "$E", "name": "m"}),
    *[post("experiments/restore", body) for body in [{"experiment_id": "$E"}, {"experiment_id": "$E"}, {}, {"experiment_id": "9999"}, {"experiment_id": "abc"}]],
    get("runs/get?run_id=$R", pick="run.info.lifecycle_stage"), get("experiments/get?experiment_id=$E", pick="experiment.lifecycle_stage"),
    post("runs/delete", {"run_id": "$R"}), post("experiments/delete", {"experiment_id": "$E"}), post("experiments/restore", {"experiment_id": "$E"}), get("runs/get?run_id=$R", pick="run.info.lifecycle_stage"),
    post("experiments/delete", {"experiment_id": "0"}), get("experiments/get?experiment_id=0", pick="experiment.lifecycle_stage"),
]
