# SPDX-License-Identifier: Apache-2.0
"""Makes the folders of this folder with the real Sacred 0.8.7.

    python -m venv /tmp/venv
    /tmp/venv/bin/pip install sacred==0.8.7 mongomock pymongo
    mkdir -p /tmp/sacred-fixture && cp Tests/TransferTests/Fixtures/sacred-0.8/make.py /tmp/sacred-fixture/
    /tmp/venv/bin/python /tmp/sacred-fixture/make.py Tests/TransferTests/Fixtures/sacred-0.8

Sacred notes where a script lies, and nobody's own folders belong into a fixture, hence the copy.

`files/` is what the file observer writes. `dump/` is what `mongodump` makes of the MongoDB observer's collections, and
`export/` what `mongoexport` does; mongomock stands for the server, pymongo's own `bson` writes both formats.
"""

import pathlib
import shutil
import sys
import warnings

import bson
import bson.json_util
import gridfs
import mongomock
import mongomock.gridfs
import sacred
from sacred.observers import FileStorageObserver, MongoObserver

warnings.simplefilter("ignore")
here = pathlib.Path(sys.argv[1]).resolve()
host = {"hostname": "host", "os": ["Linux", "6"], "python_version": "3.11", "ENV": {}}
sacred.initialize.get_host_info = lambda *arguments, **options: host


def experiment(observers) -> sacred.Experiment:
    ex = sacred.Experiment("tuning", interactive=True, save_git_info=False)
    ex.observers.extend(observers)

    @ex.config
    def config():
        lr = 0.1  # noqa: F841
        net = {"layers": [16, 8], "name": "mlp"}  # noqa: F841
        fails = False  # noqa: F841

    @ex.main
    def main(_run, lr, fails):
        print("begin ü")
        for step in range(3):
            _run.log_scalar("loss/train", lr / (step + 1), step)
        _run.log_scalar("odd", float("nan"), 0)
        _run.log_scalar("odd", float("inf"), 1)
        note = pathlib.Path("/tmp/sacred-fixture/note.txt")
        note.parent.mkdir(exist_ok=True)
        note.write_text("a note\n")
        ex.add_artifact(str(note))
        _run.info["best"] = 0.9
        if fails:
            raise ValueError("on purpose")
        return 0.42

    return ex


def run(observer) -> None:
    experiment([observer]).run(config_updates={"lr": 0.2})
    try:
        experiment([observer]).run(config_updates={"fails": True})
    except ValueError:
        pass


def main() -> None:
    for name in ["files", "dump", "export"]:
        shutil.rmtree(here / name, ignore_errors=True)

    run(FileStorageObserver(str(here / "files")))

    mongomock.gridfs.enable_gridfs_integration()
    client = mongomock.MongoClient()
    database = client["sacred"]
    observer = MongoObserver.__new__(MongoObserver)
    observer.initialize(database["runs"], gridfs.GridFS(database), metrics_collection=database["metrics"])
    run(observer)
    (here / "dump/sacred").mkdir(parents=True)
    (here / "export").mkdir()
    for name in ["runs", "metrics", "fs.files", "fs.chunks"]:
        documents = list(client["sacred"][name].find())
        (here / f"dump/sacred/{name}.bson").write_bytes(b"".join(bson.encode(document) for document in documents))
        lines = [bson.json_util.dumps(d, json_options=bson.json_util.RELAXED_JSON_OPTIONS) for d in documents]
        (here / f"export/{name}.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
