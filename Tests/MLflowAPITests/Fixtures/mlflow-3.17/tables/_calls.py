# SPDX-License-Identifier: Apache-2.0
"""The words of the tables: a step is a call, and what of its answer is kept."""


def step(method, path, body=None, **more):
    """A call below /api/2.0/mlflow/, or of a whole path; `raw` is a body as text.

    `save` names values of the answer for later steps, `pick` keeps a part of it, `$X10` is a text of ten x.
    """
    path = path if path.startswith("/") else "/api/2.0/mlflow/" + path
    result = {"call": f"{method} {path}"}
    if body is not None:
        result["body"] = body
    return result | more


def post(path, body=None, **more):
    return step("POST", path, {} if body is None and "raw" not in more else body, **more)


def get(path, **more):
    return step("GET", path, **more)


def patch(path, body=None, **more):
    return step("PATCH", path, {} if body is None and "raw" not in more else body, **more)


def put(path, text="", **more):
    return step("PUT", path, raw=text, **more)


def delete(path, body=None, **more):
    return step("DELETE", path, body, **more)


def experiment(name, save, **more):
    return post("experiments/create", {"name": name} | more, save={save: "experiment_id"})


def run(experiment, name, save, start=1000, **more):
    body = {"experiment_id": experiment, "run_name": name, "start_time": start} | more
    return post("runs/create", body, save={save: "run.info.run_id"})
