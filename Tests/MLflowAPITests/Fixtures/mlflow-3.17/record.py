#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what mlflow's own server answers to the tables of requests beside this file, or compares Gyre with the record.

    .venv-mlflow/bin/python record.py                       starts mlflow, records all tables
    .venv-mlflow/bin/python record.py --only runs,search    records some
    python3 record.py --gyre .build/debug/gyre              starts Gyre, prints where its answers differ
    python3 record.py --gyre .build/debug/gyre --accept "…"  notes those differences as meant, with the reason
    python3 record.py --mlflow http://127.0.0.1:5917 --state FOLDER    a server that runs already over FOLDER

A table is a file `tables/NAME.py` with `STEPS`; its record is `NAME.jsonl`. The tests of MLflowAPI replay the records.
Where Gyre answers otherwise on purpose, `differences.jsonl` says what and why.
Needs only Python's library; mlflow must be installed beside the interpreter that records.
"""

import argparse
import http.client
import json
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
TIMES = {
    "creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp", "creation_timestamp_ms",
    "last_updated_timestamp_ms", "start_time", "end_time", "timestamp",
}
UNORDERED = {"tags", "params", "aliases", "dataset_inputs", "model_inputs", "model_outputs", "latest_versions",
             "metrics", "dataset_summaries"}


class Table:
    """What happens between a state and its answer: names of ids that earlier answers gave."""

    def __init__(self):
        self.names = {}

    def fill(self, value):
        if isinstance(value, dict):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, str):
            return value
        value = re.sub(r"\$X(\d+)", lambda match: "x" * int(match[1]), value)
        for name, text in sorted(self.names.items(), key=lambda item: -len(item[0])):
            value = value.replace("$" + name, text)
        return value

    def plain(self, value, key=""):
        """The answer without what differs from one server to the next."""
        if isinstance(value, dict):
            items = {name: self.plain(item, name) for name, item in value.items()}
            return {name: item for name, item in sorted(items.items()) if item not in (None, [], {})}
        if isinstance(value, list):
            items = [self.plain(item, key) for item in value]
            keys = {item.get("key") for item in items if isinstance(item, dict)}
            if key in UNORDERED and not (key == "metrics" and len(keys) == 1):
                items.sort(key=lambda item: json.dumps(item, sort_keys=True))
            return items
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return "<time>" if key in TIMES and value >= 1_000_000 else value
        if key == "next_page_token":
            return "<token>" if value else None
        for name, text in self.names.items():
            if len(text) >= 32:
                value = value.replace(text, "$" + name)
        value = re.sub(r"[0-9a-f]{32}", "<id>", value)
        value = re.sub(r"x{200,}", lambda match: f"$X{len(match[0])}", value)
        if key in ("run_name", "value", "name"):
            value = re.sub(r"^[a-z]+-[a-z]+-\d+$", "<name>", value)
        return value


def pick(value, path):
    """The values at `a.*.b`; `*` stands for all elements."""
    head, _, rest = path.partition(".")
    if not head:
        return value
    if head == "*":
        return [pick(item, rest) for item in value or []]
    found = (value or {}).get(head) if isinstance(value, dict) else None
    return pick(found, rest) if rest else found


def send(url, step, table):
    base = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
    method, path = table.fill(step["call"]).split(" ", 1)
    headers = {key: table.fill(value) for key, value in step.get("headers", {}).items()}
    body = None
    if "body" in step:
        document = table.fill(step["body"])
        for field, many in step.get("repeat", {}).items():
            item = json.dumps(many["item"])
            document[field] = [table.fill(json.loads(item.replace("$I", str(index)))) for index in range(many["count"])]
        body = json.dumps(document).encode()
        headers.setdefault("Content-Type", "application/json")
    elif "raw" in step:
        body = table.fill(step["raw"]).encode("latin-1" if step.get("latin") else "utf-8")
        headers.setdefault("Content-Type", "application/json")
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    return response, content, document


def answer(url, step, table):
    response, content, document = send(url, step, table)
    for name, path in step.get("save", {}).items():
        saved = pick(document, path) if document is not None else None
        if isinstance(saved, str):
            table.names[name] = saved
    result = {"status": response.status}
    if isinstance(document, dict) and "error_code" in document and response.status >= 400:
        result["code"] = document["error_code"]
    elif response.status >= 400:
        pass
    elif document is not None and not step.get("text"):
        result["answer"] = table.plain(pick(document, step.get("pick", "")), step.get("pick", "").rpartition(".")[2])
    else:
        result["text"] = content.decode("utf-8", "replace")
    for name in step.get("see", []):
        result.setdefault("seen", {})[name] = response.headers.get(name)
    return result


def steps(name):
    space = {}
    sys.path.insert(0, str(HERE / "tables"))
    exec(compile((HERE / "tables" / f"{name}.py").read_text(), name, "exec"), space)
    return space["STEPS"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(url, process, seconds):
    for _ in range(seconds * 10):
        if process is not None and process.poll() is not None:
            raise SystemExit("the server ended")
        try:
            base = urllib.parse.urlsplit(url)
            connection = http.client.HTTPConnection(base.hostname, base.port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server does not answer")


class MLflow:
    """mlflow's server; between tables its rows and files are removed, because it takes half a minute to start."""

    def __init__(self, url=None, state=None):
        self.process = None
        self.state = pathlib.Path(state or tempfile.mkdtemp(prefix="mlflow-record-"))
        self.url = url or f"http://127.0.0.1:{free_port()}"
        if not url:
            program = pathlib.Path(sys.executable).parent / "mlflow"
            port = urllib.parse.urlsplit(self.url).port
            self.process = subprocess.Popen(
                [program, "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port), "--serve-artifacts",
                 "--backend-store-uri", f"sqlite:///{self.state}/mlflow.db",
                 "--artifacts-destination", f"{self.state}/artifacts"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        wait_for(self.url, self.process, 180)

    def fresh(self):
        with sqlite3.connect(self.state / "mlflow.db", timeout=30) as database:
            names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                if name in ("alembic_version", "workspaces") or name.startswith("sqlite_"):
                    continue
                kept = " WHERE experiment_id <> 0" if name == "experiments" else ""
                database.execute(f"DELETE FROM {name}{kept}")
            database.execute("UPDATE experiments SET name = 'Default', lifecycle_stage = 'active'")
            if "sqlite_sequence" in names:
                database.execute("DELETE FROM sqlite_sequence")
        shutil.rmtree(self.state / "artifacts", ignore_errors=True)
        return self.url

    def end(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            shutil.rmtree(self.state, ignore_errors=True)


class Gyre:
    """`gyre up`, anew for each table."""

    def __init__(self, program):
        self.program = pathlib.Path(program).resolve()
        self.process = None
        self.folder = None

    def fresh(self):
        self.end()
        self.folder = tempfile.mkdtemp(prefix="gyre-record-")
        subprocess.run([self.program, "init"], cwd=self.folder, check=True, capture_output=True)
        port = free_port()
        self.process = subprocess.Popen(
            [self.program, "up", "--port", str(port)], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        wait_for(url, self.process, 20)
        return url

    def end(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.process = None


DIFFERENCES = HERE / "differences.jsonl"
ANSWER = ("status", "code", "answer", "text", "seen")


def key(name, step, seen):
    """What a difference is noted under: the table, the request, and which of its repetitions."""
    request = json.dumps([name, step["call"], step.get("body", step.get("raw")), step.get("repeat")], sort_keys=True)
    seen[request] = seen.get(request, 0) + 1
    return f"{request} #{seen[request]}"


def differences():
    lines = DIFFERENCES.read_text().splitlines() if DIFFERENCES.exists() else []
    return {line["key"]: line["ours"] for line in map(json.loads, lines)}


def note(known):
    lines = [json.dumps({"key": name, "ours": ours}, ensure_ascii=False) for name, ours in sorted(known.items())]
    DIFFERENCES.write_text("\n".join(lines) + "\n")


def differs(recorded, found):
    """Whether an answer is another than the recorded one; where mlflow itself fails, any refusal will do."""
    ours = recorded.get("ours")
    if ours is not None:
        return any(found.get(field) != ours[field] for field in ANSWER if field in ours)
    if recorded["status"] == 500:
        return not 400 <= found["status"] < 500
    if recorded["status"] >= 400 and "code" not in recorded:
        return recorded["status"] != found["status"]
    return any(recorded.get(field) != found.get(field) for field in ANSWER)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only")
    parser.add_argument("--gyre")
    parser.add_argument("--mlflow")
    parser.add_argument("--state")
    parser.add_argument("--accept", help="why the differences that are found are meant")
    parser.add_argument("--match", default="", help="accept only requests that hold this expression")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else sorted(path.stem for path in (HERE / "tables").glob("[a-z]*.py"))
    server = Gyre(options.gyre) if options.gyre else MLflow(options.mlflow, options.state)
    failures = 0
    known = differences()
    try:
        for name in names:
            url, table, seen, lines = server.fresh(), Table(), {}, []
            if options.gyre:
                for line in (HERE / f"{name}.jsonl").read_text().splitlines():
                    step = json.loads(line)
                    found = answer(url, step, table)
                    place = key(name, step, seen)
                    if differs(step, found) and options.accept and re.search(options.match, line):
                        known[place] = {field: found[field] for field in ANSWER if field in found} | {"why": options.accept}
                        step["ours"] = known[place]
                    lines.append(json.dumps(step, ensure_ascii=False))
                    if differs(step, found):
                        failures += 1
                        shown = {field: step[field] for field in (*ANSWER, "ours") if field in step}
                        print(f"{name}: {step['call']} {json.dumps(step.get('body', step.get('raw', '')))[:300]}")
                        print(f"    mlflow {json.dumps(shown, ensure_ascii=False)[:1500]}")
                        print(f"    gyre   {json.dumps(found, ensure_ascii=False)[:1500]}")
                if options.accept:
                    (HERE / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
                continue
            for step in steps(name):
                step = dict(step)
                found = answer(url, step, table)
                ours = known.get(key(name, step, seen))
                lines.append(json.dumps(step | found | ({"ours": ours} if ours else {}), ensure_ascii=False))
                if found["status"] >= 500:
                    print(f"{name}: mlflow fails with {found['status']} on {step['call'][:200]}", file=sys.stderr)
            (HERE / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
            print(f"{name}: {len(lines)} answers", file=sys.stderr)
    finally:
        server.end()
    if options.accept:
        note(known)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
