# SPDX-License-Identifier: Apache-2.0
"""The search language over logged models."""

from _calls import *


def model(name, save, **more):
    return post("logged-models", {"experiment_id": "$E", "name": name} | more, save={save: "model.info.model_id"})


def metric(model, key, value, step=0, dataset=None, digest=None):
    body = {"run_id": "$RUN", "key": key, "value": value, "timestamp": 5 + step, "step": step, "model_id": model}
    return post("runs/log-metric", body | ({"dataset_name": dataset, "dataset_digest": digest} if dataset else {}))


STEPS = [
    experiment("models", "E"), run("$E", "r", "RUN"),
    model("alpha", "A", model_type="xgb", source_run_id="$RUN", params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "x"}]),
    model("Beta", "B", model_type="Forest", params=[{"key": "p", "value": "2"}, {"key": "a b", "value": "s"}]),
    model("gamma", "C", tags=[{"key": "t", "value": "X"}]), model("delta", "D"),
    metric("$A", "acc", 0.9, 0, "train", "d1"), metric("$A", "acc", 0.7, 1, "test", "d2"), metric("$B", "acc", 0.8, 0, "train", "d1"),
    metric("$C", "acc", "NaN"), metric("$A", "loss", 2), metric("$D", "loss", "Infinity", 0, "train", "d9"),
    patch("logged-models/$A", {"model_id": "$A", "status": "LOGGED_MODEL_READY"}), patch("logged-models/$B", {"model_id": "$B", "status": 3}),
]


def find(filter=None, order=None, datasets=None, **more):
    body = {"experiment_ids": ["$E"]}
    for key, value in (("filter", filter), ("order_by", order), ("datasets", datasets)):
        if value is not None:
            body[key] = value
    return post("logged-models/search", body, pick="models.*.info.name", **more)


STEPS += [find(text) for text in [
    None, "", "name = 'alpha'", "name != 'alpha'", "name LIKE 'a%'", "name ILIKE 'A%'", "name LIKE 'A%'", "name IN ('alpha', 'Beta')",
    "name NOT IN ('alpha')", "attributes.name = 'alpha'", "attribute.name = 'alpha'", "model_id = '$A'", "model_id IN ('$A')", "model_id LIKE 'm-%'",
    "status = 'READY'", "status = 'LOGGED_MODEL_READY'", "status != 'READY'", "status = 'PENDING'", "status = 'FAILED'", "status IN ('READY','PENDING')", "status LIKE 'R%'",
    "model_type = 'xgb'", "model_type != 'xgb'", "model_type LIKE 'F%'", "source_run_id = '$RUN'", "source_run_id != '$RUN'",
    "creation_timestamp > 0", "creation_timestamp < 5", "creation_time > 0", "last_updated_timestamp > 0", "last_updated_timestamp_ms > 0", "creation_timestamp_ms > 0",
    "metrics.acc > 0.75", "metrics.acc >= 0.9", "metrics.acc = 0.7", "metrics.acc != 0.7", "metrics.acc < 1", "metrics.loss > 1", "metrics.none > 0",
    "metrics.acc > 0.75 AND metrics.loss > 1", "params.p = '1'", "params.p != '1'", "params.p LIKE '%'", "params.`a b` = 's'", "params.p IN ('1','2')",
    "tags.t = 'x'", "tags.t ILIKE 'x'", "tags.t != 'x'", "tags.none != 'x'", "params.p IS NULL", "params.p IS NOT NULL", "tags.t IS NOT NULL", "tags.t IS NULL",
    "metrics.acc > 0.5 and params.p = '1' and name = 'alpha'", "creation_timestamp > 'x'", "metrics.acc > 'x'", "params.p = 1", "params.p > '1'",
    "bogus = 'x'", "bogus.x = 'x'", "name = alpha", "name > 'a'", "name =", "name", "and", "name = 'a", "datasets.name = 'x'", "experiment_id = '1'", "artifact_uri LIKE '%'",
    "metrics.acc", "metrics.acc LIKE 'x'", "metrics.acc IN (1)", "name = 'alpha' name = 'b'", "status_message = 'x'", "lifecycle_stage = 'active'",
]]
STEPS += [find(text) for text in ["name = 'alpha' OR name = 'Beta'", "(name = 'alpha')", "NOT name = 'alpha'"]]


def by(field, **more):
    return {"field_name": field} | more


STEPS += [find(None, terms) for terms in [
    [by("name")], [by("name", ascending=False)], [by("name", ascending=True)], [by("metrics.acc")], [by("metrics.acc", ascending=False)],
    [by("metrics.loss")], [by("metrics.loss", ascending=False)], [by("metrics.none")], [by("metrics.acc", dataset_name="train")],
    [by("metrics.acc", dataset_name="train", ascending=False)], [by("metrics.acc", dataset_name="train", dataset_digest="d1", ascending=False)],
    [by("metrics.acc", dataset_name="test", dataset_digest="none", ascending=False)], [by("creation_timestamp"), by("name")], [by("creation_timestamp", ascending=False)],
    [by("creation_time")], [by("last_updated_timestamp")], [by("model_type"), by("name")], [by("status"), by("name")], [by("params.p")], [by("params.p", ascending=False)], [by("tags.t")],
    [by("bogus")], [by("")], [{}], [by("metrics.acc"), by("metrics.acc")], [by("name", dataset_name="train")], [by("metrics.acc", dataset_digest="d1")],
    [by("source_run_id"), by("name")], [by("experiment_id")], [by("name", ascending="x")], ["name"], "name",
]]
STEPS += [find(text, None, datasets) for text, datasets in [
    (None, [{"dataset_name": "train"}]), (None, [{"dataset_name": "train", "dataset_digest": "d1"}]), (None, [{"dataset_name": "none"}]),
    ("metrics.acc > 0.75", [{"dataset_name": "test"}]), ("metrics.acc > 0.75", [{"dataset_name": "train"}]), ("metrics.acc < 0.75", [{"dataset_name": "test"}]),
    ("metrics.acc > 0", [{"dataset_name": "train", "dataset_digest": "d2"}]), ("name = 'alpha'", [{"dataset_name": "train"}, {"dataset_name": "test"}]),
    (None, [{}]), (None, [{"dataset_digest": "d1"}]), (None, []), (None, "train"), (None, ["train"]),
]]
STEPS += [
    post("logged-models/search", {"experiment_ids": ["$E"], "max_results": 2, "order_by": [by("name")]}, save={"TOKEN": "next_page_token"}, pick="models.*.info.name"),
    post("logged-models/search", {"experiment_ids": ["$E"], "max_results": 2, "order_by": [by("name")], "page_token": "$TOKEN"}, pick="models.*.info.name"),
    post("logged-models/search", {"experiment_ids": ["$E"], "max_results": 0}, pick="models.*.info.name"), post("logged-models/search", {"experiment_ids": ["$E"], "max_results": -1}),
    post("logged-models/search", {"experiment_ids": ["$E"], "max_results": 1000000}, pick="models.*.info.name"), post("logged-models/search", {"experiment_ids": ["$E"], "page_token": "junk"}),
    post("logged-models/search", {"experiment_ids": []}), post("logged-models/search", {}), post("logged-models/search", {"experiment_ids": ["999"]}, pick="models.*.info.name"),
    post("logged-models/search", {"experiment_ids": [1]}), post("logged-models/search", {"experiment_ids": ["x"]}), post("logged-models/search", {"experiment_ids": "$E"}),
    delete("logged-models/$D"), find(),
]
