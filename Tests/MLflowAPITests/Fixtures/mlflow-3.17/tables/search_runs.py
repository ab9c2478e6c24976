# SPDX-License-Identifier: Apache-2.0
"""The search language over runs: filters, orders, pages."""

from _calls import *

NAN, INF = "NaN", "Infinity"


def log(run, metrics=(), params=(), tags=()):
    return post("runs/log-batch", {
        "run_id": run,
        "metrics": [{"key": key, "value": value, "timestamp": 1, "step": 0} for key, value in metrics],
        "params": [{"key": key, "value": value} for key, value in params],
        "tags": [{"key": key, "value": value} for key, value in tags],
    })


def data(run, name, digest, context=None):
    tags = [{"key": "mlflow.data.context", "value": context}] if context else []
    dataset = {"name": name, "digest": digest, "source_type": "local", "source": "s"}
    return post("runs/log-inputs", {"run_id": run, "datasets": [{"dataset": dataset, "tags": tags}]})


STEPS = [
    experiment("one", "E1"), experiment("two", "E2"),
    run("$E1", "alpha", "A", 1000), run("$E1", "Beta", "B", 2000), run("$E1", "gamma ray", "C", 3000),
    run("$E1", "it's", "D", 4000), run("$E2", "delta_%", "E", 5000), run("$E1", "same", "F", 4500),
    log("$A", [("m", 1.5), ("loss", 0.1), ("a b", 1), ("x/y", 7)], [("p", "1"), ("Case", "Up"), ("quote", "it's")],
        [("t", "x"), ("a.b", "dot"), ("with space", "s")]),
    log("$B", [("m", NAN), ("loss", -3)], [("p", "10")], [("t", "X")]),
    log("$C", [("m", INF), ("loss", 2)], [("p", "2")], [("t", "xy")]),
    log("$D", [("m", "-Infinity")], [("p", "a_b"), ("empty", "")], [("t", "50%")]),
    log("$E", [("m", 2)], [("p", "é")], [("t", "ÜBER")]),
    log("$F", [("m", 1.5), ("loss", 0.1)], [], []),
    data("$A", "iris", "d1", "training"), data("$A", "wine", "d2", "eval"), data("$B", "iris", "d1"),
    data("$C", "Iris", "d3", "training"),
    post("runs/update", {"run_id": "$A", "status": "FINISHED", "end_time": 9000}),
    post("runs/update", {"run_id": "$B", "status": "FAILED", "end_time": 8000}),
]


def find(filter, order=None, pick="runs.*.info.run_name", **more):
    body = {"experiment_ids": ["$E1", "$E2"], "filter": filter}
    if order is not None:
        body["order_by"] = order
    return post("runs/search", body, pick=pick, **more)


def order(*terms, **more):
    return find("", list(terms), **more)

FILTERS = [
    "", " ", "metrics.m > 1", "metrics.m >= 1.5", "metrics.m = 1.5", "metrics.m != 1.5", "metrics.m < 2",
    "metrics.m <= 1.5", "metrics.m > 1e0", "metrics.m > -1", "metrics.m > .5", "metrics.m > 1.", "metrics.m = -3.0",
    "metrics.loss = -3", "metrics.loss < 0", "metric.m > 1", "metrics.none > 0", "metrics.none != 0",
    'metrics."a b" = 1', "metrics.`a b` = 1", "metrics.`x/y` = 7", 'metrics."x/y" = 7', "metrics.x/y = 7",
    "metrics.m > 1 and metrics.loss < 1", "metrics.m > 1 AND metrics.loss < 1", "metrics.m > 1 And metrics.loss < 1",
    "params.p = '1'", 'params.p = "1"', "params.p != '1'", "params.p LIKE '1%'", "params.p like '1%'",
    "params.p ILIKE 'A_B'", "params.p LIKE 'a_b'", "params.p LIKE '%'", "params.p LIKE '_'", "params.p ilike 'É'",
    "params.p LIKE 'é'", "param.p = '1'", "parameters.p = '1'", "parameter.p = '1'", "params.Case = 'Up'",
    "params.case = 'Up'", "params.Case = 'up'", "params.Case ILIKE 'UP'", "params.Case LIKE 'up'",
    "params.quote = \"it's\"", "params.empty = ''", "params.empty IS NULL", "params.empty IS NOT NULL",
    "params.p IS NULL", "params.p IS NOT NULL", "params.p is null", "params.p is not null", "params.p Is Null",
    "params.none IS NULL and metrics.m > 1", "tags.t = 'x'", "tags.t != 'x'", "tags.t LIKE 'x%'", "tags.t ILIKE 'x%'",
    "tags.t = 'X'", "tags.t LIKE '50%'", "tags.t ILIKE 'über'", "tags.t ILIKE 'ÜBER'", "tags.none != 'x'",
    "tags.none IS NULL", "tags.t IS NOT NULL", "tag.t = 'x'", "tags.a.b = 'dot'", "tags.`a.b` = 'dot'",
    'tags."a.b" = \'dot\'', "tags.`with space` = 's'", 'tags."with space" = "s"', "`tags`.t = 'x'", "tags.mlflow.runName = 'alpha'",
    "tags.`mlflow.runName` LIKE 'a%'", "attributes.run_name = 'alpha'", "attribute.run_name = 'alpha'",
    "attr.run_name = 'alpha'", "run.run_name = 'alpha'", "run_name = 'alpha'", "run_name ILIKE 'BETA'",
    "attributes.`run name` = 'Beta'", "`run name` = 'Beta'", "attributes.`Run name` = 'Beta'", "attributes.`Run Name` = 'Beta'",
    "attributes.run_name LIKE 'delta!_%'", "attributes.run_name LIKE 'delta_%'", 'attributes.run_name = "it\'s"',
    "attributes.status = 'FINISHED'", "status = 'FAILED'", "status != 'RUNNING'", "status LIKE 'F%'", "status = 'finished'",
    "status ILIKE 'finished'", "attributes.run_id = '$A'", "run_id IN ('$A', '$B')", "run_id NOT IN ('$A', '$B')",
    "attributes.run_id in ('$A')", "run_id not in ('$A','$B')", "run_id IN ('$A',)", "run_id != '$A'", "run_id LIKE '%'",
    "attributes.start_time = 1000", "start_time > 1000", "start_time >= 4000", "created > 1000", "attributes.Created < 3000",
    "end_time > 8500", "attributes.end_time = 8000", "end_time < 100000", "end_time != 8000", "start_time > 1000.5",
    "start_time = 4000.0", "attributes.user_id = ''", "attributes.artifact_uri LIKE 'mlflow-artifacts:%'",
    "datasets.name = 'iris'", "dataset.name = 'iris'", "datasets.name != 'iris'", "datasets.name LIKE 'i%'",
    "datasets.name ILIKE 'i%'", "datasets.digest = 'd1'", "datasets.context = 'training'", "datasets.context = 'eval'",
    "datasets.context != 'training'", "datasets.name IN ('iris', 'wine')", "datasets.name NOT IN ('iris')",
    "datasets.digest IN ('d3')", "datasets.context IN ('eval','training')", "datasets.name = 'iris' AND datasets.digest = 'd1'",
    "datasets.name = 'wine' AND datasets.context = 'training'", "datasets.name = 'iris' AND metrics.m > 0",
    "  metrics.m   >   1  ", "metrics.m>1", "metrics.m>1 and params.p='1'", "metrics.m\n>\t1", "params.p = '1' ",
    "params.p='1'and params.Case='Up'",
]
REFUSED = [
    "metrics.m", "metrics.m >", "> 1", "metrics.m > 'a'", "metrics.m > '1'", "metrics.m = NaN", "metrics.m = inf",
    "metrics.m LIKE '1'", "metrics.m IN (1)", "metrics.m == 1", "metrics.m <> 1", "metrics.m => 1", "params.p = 1",
    "params.p > '1'", "params.p = one", "params.p", "params.p =", "tags.t > 'x'", "tags.t = x", "tags.t <= 'x'",
    "bogus = 'x'", "bogus.m = 'x'", "attributes.bogus = 'x'", "attributes.lifecycle_stage = 'active'",
    "attributes.experiment_id = '1'", "attributes.status > 'a'", "attributes.start_time = '1000'",
    "attributes.start_time LIKE '1'", "start_time IN (1000)", "datasets.bogus = 'x'", "datasets.name > 'x'", "datasets.name = 1",
    "metrics.m > 1 and", "and metrics.m > 1", "metrics.m > 1 metrics.loss < 1", "metrics.m > 1, metrics.loss < 1",
    "metrics.m > 1; metrics.loss < 1", "params.p = 'a' params.q = 'b'", "params.p = 'unclosed", "run_id IN ()", "run_id IN '$A'",
    "run_id IN ('$A'", "run_id IN (1)", "metrics.m IS NAN", "1 = 1", "'a' = 'a'", "metrics. > 1", ".m > 1", "params.p IS",
    "params.p IS NOT", "params.p NULL", "params.p NOT '1'", "params.p BETWEEN '1' AND '2'", "params.p = '1' -- comment", "SELECT 1",
]
BEYOND = [
    "metrics.m > 1 or metrics.loss < 0", "(metrics.m > 1)", "(metrics.m > 1 and params.p = '1') or params.p = '2'",
    "not metrics.m > 1", "params.p IN ('1','2')", "tags.t IN ('x')", "params.p NOT IN ('1')", "params.p NOT LIKE '1%'",
    "status IN ('FAILED')", "run_name IN ('alpha')", "metrics.m IS NULL", "metrics.loss IS NOT NULL", "end_time IS NULL",
    "attributes.end_time IS NOT NULL", "datasets.name IS NULL",
]

STEPS += [find(text) for text in FILTERS]
STEPS += [find(text) for text in REFUSED]
STEPS += [find(text) for text in BEYOND]

STEPS += [
    order("metrics.m"), order("metrics.m ASC"), order("metrics.m DESC"), order("metrics.m desc"), order("metrics.m Asc"),
    order("metrics.loss"), order("metrics.loss DESC"), order("metrics.none"), order("metrics.none DESC"),
    order("metrics.`a b`"), order("metrics.`a b` DESC"), order('metrics."a b" DESC'), order("metrics.`x/y` DESC"),
    order("params.p"), order("params.p DESC"), order("params.Case", "metrics.m DESC"), order("tags.t"), order("tags.t DESC"),
    order("tags.`a.b`"), order("tags.a.b DESC"), order("parameters.p"), order("param.p"), order("metric.m"), order("tag.t"),
    order("start_time"), order("start_time DESC"), order("attributes.start_time"), order("attribute.start_time"),
    order("attr.start_time DESC"), order("run.start_time DESC"), order("Created"), order("attributes.Created DESC"),
    order("created DESC"), order("end_time"), order("end_time DESC"), order("status"), order("status DESC", "start_time"),
    order("run_name"), order("attributes.run_name DESC"), order("`run name`"), order("attributes.`Run Name` DESC"),
    order("user_id", "start_time"), order("experiment_id"), order("lifecycle_stage"),
    order("metrics.m", "start_time"), order("metrics.loss", "run_name DESC"), order("start_time", "run_name"),
    order("metrics.m upwards"), order("metrics.m ASC DESC"), order("metrics.m, start_time"), order(""), order("bogus"),
    order("bogus.m"), order("metrics"), order("metrics."), order("datasets.name"), order("DESC"), order("metrics.m", "metrics.m"),
    order("metrics.m ASC", "metrics.m DESC"), order("  metrics.m   DESC  "), order("metrics.m\tDESC"), order("a b"),
    order("metrics.'m'"), order("attributes.bogus DESC"), order("start_time DESC NULLS LAST"),
]

# Pages.
for terms in ([], ["metrics.m"], ["metrics.m DESC"], ["params.p"], ["end_time DESC"]):
    for page in range(4):
        body = {"experiment_ids": ["$E1", "$E2"], "max_results": 2, "order_by": terms}
        if page:
            body["page_token"] = "$TOKEN"
        STEPS.append(post("runs/search", body, save={"TOKEN": "next_page_token"}, pick="runs.*.info.run_name"))

STEPS += [
    post("runs/delete", {"run_id": "$F"}),
    *[post("runs/search", {"experiment_ids": ["$E1"], "run_view_type": view}, pick="runs.*.info.run_name")
      for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", 1, 2, 3, "1", "BOGUS", "", 0, 7)],
    post("runs/search", {"experiment_ids": ["$E1"], "run_view_type": None}, pick="runs.*.info.run_name"),
    post("runs/search", {}, pick="runs.*.info.run_name"), post("runs/search", {"experiment_ids": "$E1"}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": [1]}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": ["$E2", "$E2"]}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": ["$E2", "999"]}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": ["$E2"], "max_results": "1"}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": ["$E2"], "max_results": 1.5}),
    post("runs/search", {"experiment_ids": ["$E2"], "max_results": -1}), post("runs/search", {"experiment_ids": ["$E2"], "max_results": 50000}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": ["$E2"], "max_results": 2147483648}),
    post("runs/search", {"experiment_ids": ["$E2"], "filter": 5}), post("runs/search", {"experiment_ids": ["$E2"], "order_by": "start_time"}),
    post("runs/search", {"experiment_ids": ["$E2"], "page_token": ""}, pick="runs.*.info.run_name"),
    post("runs/search", {"experiment_ids": ["$E2"], "page_token": "eyJvZmZzZXQiOiAtMX0="}),
]
