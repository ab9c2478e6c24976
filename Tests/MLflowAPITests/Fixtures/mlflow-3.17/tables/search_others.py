# SPDX-License-Identifier: Apache-2.0
"""The search language over experiments, registered models and model versions."""

import urllib.parse

from _calls import *

STEPS = [
    experiment("alpha", "E1", tags=[{"key": "team", "value": "risk"}, {"key": "a b", "value": "s"}]),
    experiment("Beta", "E2", tags=[{"key": "team", "value": "Risk"}]),
    experiment("gamma_1", "E3"), experiment("it's", "E4"), experiment("alpha/sub", "E5"),
]


def experiments(filter=None, order=None, **more):
    body = {"max_results": 100}
    if filter is not None:
        body["filter"] = filter
    if order is not None:
        body["order_by"] = order
    return post("experiments/search", body, pick="experiments.*.name", **more)


STEPS += [experiments(text) for text in [
    None, "", "name = 'alpha'", "name != 'alpha'", "name LIKE 'alpha%'", "name LIKE 'ALPHA%'", "name ILIKE 'ALPHA%'",
    "name LIKE '%a_1'", "attribute.name = 'alpha'", "attributes.name = 'alpha'", "attr.name = 'alpha'", "`name` = 'alpha'",
    'name = "it\'s"', "tags.team = 'risk'", "tag.team = 'risk'", "tags.team != 'risk'", "tags.team LIKE 'r%'",
    "tags.team ILIKE 'r%'", "tags.`a b` = 's'", 'tags."a b" = "s"', "tags.none = 'x'", "tags.none != 'x'",
    "creation_time > 0", "creation_time = 0", "creation_time >= 1", "last_update_time > 0", "last_update_time < 5",
    "attribute.creation_time > 0", "name = 'alpha' AND tags.team = 'risk'", "name = 'alpha' and creation_time > 0",
    "tags.team IS NULL", "tags.team IS NOT NULL", "tags.team is not null and name = 'alpha'",
    "experiment_id = 1", "experiment_id = '1'", "experiment_id > 2", "experiment_id != 1",
    "bogus = 'x'", "tags.team", "name = alpha", "name > 'a'", "name =", "creation_time = 'x'", "creation_time LIKE '1'",
    "tags.team > 'r'", "metrics.m > 1", "params.p = '1'", "name = 'a", "and", "name = 'alpha', name = 'x'", "lifecycle_stage = 'active'",
    "artifact_location LIKE '%'",
]]
STEPS += [experiments(text) for text in [
    "name = 'alpha' OR name = 'Beta'", "NOT name = 'alpha'", "(name = 'alpha')", "name IN ('alpha')", "name NOT IN ('alpha')",
    "tags.team IN ('risk')", "name IS NULL", "name NOT LIKE 'a%'",
]]
STEPS += [experiments(None, terms) for terms in [
    ["name"], ["name ASC"], ["name DESC"], ["name desc"], ["attribute.name"], ["attributes.name DESC"], ["`name`"],
    ["experiment_id"], ["experiment_id DESC"], ["creation_time", "name"], ["last_update_time DESC", "name"],
    ["bogus"], ["tags.team"], ["name up"], [""], ["name", "name"], ["lifecycle_stage"], ["name,experiment_id"],
]]
for page in range(3):
    body = {"max_results": 2, "order_by": ["name"]} | ({"page_token": "$TOKEN"} if page else {})
    STEPS.append(post("experiments/search", body, save={"TOKEN": "next_page_token"}, pick="experiments.*.name"))
STEPS += [
    post("experiments/delete", {"experiment_id": "$E3"}),
    *[post("experiments/search", {"max_results": 10, "view_type": view, "order_by": ["name"]}, pick="experiments.*.name")
      for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", 1, 2, 3, "2", "BOGUS", 0)],
    get("experiments/search?max_results=10&view_type=DELETED_ONLY", pick="experiments.*.name"),
    get("experiments/search?max_results=10&view_type=3&order_by=name", pick="experiments.*.name"),
    get("experiments/search", pick="experiments.*.name"), post("experiments/search", {}, pick="experiments.*.name"),
    get("experiments/search?max_results=abc"), get("experiments/search?max_results=1&max_results=2", pick="experiments.*.name"),
]

# Registered models.
STEPS += [
    post("registered-models/create", {"name": "churn", "description": "d", "tags": [{"key": "team", "value": "risk"}]}),
    post("registered-models/create", {"name": "Churn2", "tags": [{"key": "team", "value": "Risk"}, {"key": "a b", "value": "s"}]}),
    post("registered-models/create", {"name": "fraud_x"}), post("registered-models/create", {"name": "it's"}),
    post("registered-models/create", {"name": "prompt", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}),
]


def models(filter=None, order=(), size=None, **more):
    query = [("filter", filter)] if filter is not None else []
    query += [("order_by", term) for term in order]
    query += [("max_results", size)] if size is not None else []
    return get("registered-models/search?" + urllib.parse.urlencode(query), pick="registered_models.*.name", **more)


STEPS += [models(text) for text in [
    None, "", "name = 'churn'", "name != 'churn'", "name LIKE 'ch%'", "name LIKE 'CH%'", "name ILIKE 'CH%'", "name LIKE 'fraud!_x'",
    "name LIKE 'fraud_x'", "attribute.name = 'churn'", "attributes.name = 'churn'", "name = \"it's\"", "tags.team = 'risk'",
    "tags.team != 'risk'", "tags.team LIKE '%isk'", "tags.team ILIKE 'RISK'", "tags.`a b` = 's'", "tag.team = 'risk'",
    "name = 'churn' AND tags.team = 'risk'", "name LIKE 'c%' and name ILIKE '%2'", "tags.none = 'x'", "tags.none != 'x'",
    "tags.`mlflow.prompt.is_prompt` = 'true'", "tags.`mlflow.prompt.is_prompt` != 'true'",
    "name = 'churn' AND tags.`mlflow.prompt.is_prompt` != 'true'",
    "bogus = 'x'", "name = churn", "name > 'a'", "name = 1", "tags.team > 'a'", "tags.team", "name", "run_id = 'x'",
    "creation_timestamp > 0", "metrics.m > 1", "name = 'a", "name IN ('churn')", "tags.team IS NULL",
    "tags.team IS NOT NULL", "name LIKE 'c%', name = 'x'",
]]
STEPS += [models(text) for text in ["name = 'churn' OR name = 'fraud_x'", "NOT name = 'churn'", "(name = 'churn')"]]
STEPS += [models(None, terms) for terms in [
    ["name"], ["name DESC"], ["name desc"], ["timestamp", "name"], ["last_updated_timestamp DESC", "name"],
    ["timestamp ASC"], ["creation_timestamp"], ["bogus"], ["tags.team"], [""], ["name", "name"], ["name sideways"], ["`name` DESC"],
    ["attribute.name"], ["name ASC, timestamp DESC"],
]]
STEPS += [
    get("registered-models/search?max_results=2", save={"TOKEN": "next_page_token"}, pick="registered_models.*.name"),
    get("registered-models/search?max_results=2&page_token=$TOKEN", pick="registered_models.*.name"),
    models(size=0), models(size=-1), models(size=1000), models(size=1001), models(size="x"), models(size=99999999999),
]

# Versions.
STEPS += [
    post("experiments/create", {"name": "runs"}, save={"E": "experiment_id"}), run("$E", "r", "RUN"), run("$E", "s", "RUN2"),
    *[post("model-versions/create", {"name": name, "source": source, "run_id": run, "tags": [{"key": "stage", "value": tag}]})
      for name, source, run, tag in [
          ("churn", "mlflow-artifacts:/$E/$RUN/artifacts/a", "$RUN", "one"), ("churn", "mlflow-artifacts:/$E/$RUN2/artifacts/b", "$RUN2", "two"),
          ("fraud_x", "mlflow-artifacts:/$E/$RUN/artifacts/c", "$RUN", "One")]],
    post("model-versions/create", {"name": "Churn2", "source": "s3://bucket/x"}),
]


def versions(filter=None, order=(), size=None, **more):
    query = [("filter", filter)] if filter is not None else []
    query += [("order_by", term) for term in order]
    query += [("max_results", size)] if size is not None else []
    return get("model-versions/search?" + urllib.parse.urlencode(query).replace("%24", "$"), pick="model_versions.*.source", **more)


STEPS += [versions(text) for text in [
    None, "", "name = 'churn'", "name='churn'", "name != 'churn'", "name LIKE 'ch%'", "name ILIKE 'CH%'", "name LIKE 'CH%'",
    "attribute.name = 'churn'", "run_id = '$RUN'", "run_id != '$RUN'", "run_id IN ('$RUN','$RUN2')", "run_id IN ('$RUN')",
    "run_id LIKE '%'", "run_id NOT IN ('$RUN')", "source_path = 's3://bucket/x'", "source_path LIKE 's3:%'", "source_path ILIKE 'S3:%'",
    "source_path != 's3://bucket/x'", "version_number = 1", "version_number > 1", "version_number != 1", "version_number <= 1", "version_number >= 2",
    "version_number < 2", "attribute.version_number = 1",
    "tags.stage = 'one'", "tags.stage != 'one'", "tags.stage LIKE 'o%'", "tags.stage ILIKE 'ONE'", "tags.none = 'x'",
    "name = 'churn' AND version_number = 2", "name = 'churn' and run_id = '$RUN' and tags.stage = 'one'",
    "tags.`mlflow.prompt.is_prompt` != 'true'",
    "version = 1", "version_number = '1'", "version_number LIKE '1'", "bogus = 'x'", "name > 'a'", "name = churn", "stage = 'None'",
    "current_stage = 'None'", "creation_timestamp > 0", "tags.stage", "run_id IN ()", "run_id IN (1)", "name IN ('churn')", "model_id = 'x'",
    "version_number IN (1)", "tags.stage IS NULL", "run_id > 'a'", "source_path = 1", "name = 'a' name = 'b'",
]]
STEPS += [versions(text) for text in [
    "name = 'churn' OR name = 'fraud_x'", "(name = 'churn')", "NOT name = 'churn'"]]
STEPS += [versions(None, terms) for terms in [
    ["name"], ["name DESC"], ["version_number"], ["version_number DESC"], ["name", "version_number"], ["creation_timestamp", "name", "version_number"],
    ["creation_timestamp DESC", "name", "version_number"], ["last_updated_timestamp DESC", "name"], ["timestamp"], ["bogus"], [""], ["tags.stage"], ["name", "name"],
    ["version"], ["attribute.name"],
]]
STEPS += [
    get("model-versions/search?max_results=2", save={"TOKEN": "next_page_token"}, pick="model_versions.*.source"),
    get("model-versions/search?max_results=2&page_token=$TOKEN", pick="model_versions.*.source"),
    versions(size=0), versions(size=200000), versions(size=200001), versions(size=-3), versions(size="x"),
    get("model-versions/search?page_token=junk"),
]
