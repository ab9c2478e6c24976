# SPDX-License-Identifier: Apache-2.0
"""Artefacts: the proxy, listings, downloads by run, model and version, uploads by the page, and paths that lead elsewhere."""

from _calls import *

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
NOBODY = "00000000000000000000000000000000"


def file(path, text="hello", **more):
    return step("PUT", PROXY + "/" + path, raw=text, headers={"Content-Type": "application/octet-stream"}, **more)


HOSTILE = ["..", "../x", "../../x", "a/../../x", "a/..", "%2e%2e", "%2e%2e/x", "%252e%252e/x", "%25252e%25252e/x", "..%2fx", "..%2Fx", "%2fetc%2fpasswd", "//etc/passwd", "/etc/passwd", "%2Fetc", "a%00b", "%00", "a%5c..%5cb", "..%5cx", "%5cetc", "C:%5cx", "C:/x", "file:///etc/passwd", "file:/etc/passwd", "a%23b", "a%0ab", "a%7fb", "a%3fb", "%zz", "%ff", ".", "./a", "a/./b", "a//b", "a/", "$X300", "a/$X2000"]

STEPS = [
    experiment("e", "E"), run("$E", "r", "R"), run("$E", "gone", "D"), experiment("far", "F", artifact_location="s3://bucket/x"), run("$F", "far", "S"), post("runs/delete", {"run_id": "$D"}),
    post("logged-models", {"experiment_id": "$E", "name": "m", "source_run_id": "$R"}, save={"M": "model.info.model_id"}),
    get("artifacts/list?run_id=$R"), get(PROXY), get(PROXY + "?path="), get(PROXY + "/"),
    file("$E/$R/artifacts/a.txt"), file("$E/$R/artifacts/B.json", "{}"), file("$E/$R/artifacts/b/c/d.txt", "12345"), file("$E/$R/artifacts/b/empty", ""), file("$E/$R/artifacts/a%20b%2B%C3%BC%25.txt"), file("$E/$R/artifacts/.hidden"), file("$E/$R/artifacts/b.txt"), file("$E/models/$M/artifacts/MLmodel", "flavors: {}"), file("$E/models/$M/artifacts/data/model.bin", "x"), file("$E/$D/artifacts/x", "1"),
    file("$E/$R/artifacts/a.txt", "replaced"), file("$E/$R/artifacts/b"), file("$E/$R/artifacts/a.txt/below"), file("", "x"), file("$E/$R/artifacts/dir/", "x"),
    *[get("artifacts/list" + query) for query in ["?run_id=$R", "?run_uuid=$R", "?run_id=$R&path=b", "?run_id=$R&path=b/", "?run_id=$R&path=b/c", "?run_id=$R&path=a.txt", "?run_id=$R&path=none", "?run_id=$R&path=", "?run_id=" + NOBODY, "", "?run_id=", "?run_id=$D", "?run_id=$R&page_token=x", "?run_id=$R&path=.", "?run_id=$R&path=b&path=c"]],
    *[get("logged-models/$M/artifacts/directories" + query) for query in ["", "?artifact_directory_path=data", "?artifact_directory_path=", "?artifact_directory_path=MLmodel", "?artifact_directory_path=none"]],
    *[get(PROXY + query) for query in ["?path=$E/$R/artifacts", "?path=$E/$R/artifacts/b", "?path=$E/$R/artifacts/a.txt", "?path=none"]],
    *[get(PROXY + "/" + path, text=True, see=["Content-Type", "X-Content-Type-Options", "Content-Disposition"]) for path in ["$E/$R/artifacts/a.txt", "$E/$R/artifacts/B.json", "$E/$R/artifacts/b/empty", "$E/$R/artifacts/a%20b%2B%C3%BC%25.txt", "$E/models/$M/artifacts/MLmodel", "$E/models/$M/artifacts/data/model.bin"]],
    *[get(PROXY + "/" + path) for path in ["$E/$R/artifacts/b", "$E/$R/artifacts/none", "none", "$E/$R/artifacts/a.txt/x"]],
    *[get(prefix + query, text=True, see=["Content-Type", "Content-Disposition", "X-Content-Type-Options"]) for prefix in ("/get-artifact",) for query in ["?run_id=$R&path=a.txt", "?run_uuid=$R&path=a.txt", "?run_id=$R&path=B.json", "?run_id=$R&path=b/c/d.txt", "?run_id=$R&path=a%20b%2B%C3%BC%2525.txt", "?run_id=$D&path=x"]],
    *[get("/get-artifact" + query) for query in ["?run_id=$R&path=none", "?run_id=$R&path=b", "?run_id=$R", "?path=a.txt", "", "?run_id=" + NOBODY + "&path=a.txt", "?run_id=$R&path="]],
    get("/api/2.0/mlflow/get-artifact?run_id=$R&path=a.txt"), get("/ajax-api/2.0/mlflow/get-artifact?run_id=$R&path=a.txt"),
    *[get("/ajax-api/2.0/mlflow/logged-models/$M/artifacts/files" + query, text=True, see=["Content-Type", "Content-Disposition"]) for query in ["?artifact_file_path=MLmodel", "?artifact_file_path=data/model.bin"]],
    *[get("/ajax-api/2.0/mlflow/logged-models/" + rest) for rest in ["$M/artifacts/files", "$M/artifacts/files?artifact_file_path=", "$M/artifacts/files?artifact_file_path=none", "$M/artifacts/files?artifact_file_path=data", "m-" + NOBODY + "/artifacts/files?artifact_file_path=x"]],
    get("/api/2.0/mlflow/logged-models/$M/artifacts/files?artifact_file_path=MLmodel"),
    post("registered-models/create", {"name": "reg"}), post("model-versions/create", {"name": "reg", "source": "models:/$M", "model_id": "$M"}), post("model-versions/create", {"name": "reg", "source": "mlflow-artifacts:/$E/$R/artifacts/b", "run_id": "$R"}), post("model-versions/create", {"name": "reg", "source": "s3://b/x"}),
    *[get("/model-versions/get-artifact" + query, text=True, see=["Content-Type", "Content-Disposition"]) for query in ["?name=reg&version=1&path=MLmodel", "?name=reg&version=2&path=c/d.txt"]],
    *[get("/model-versions/get-artifact" + query) for query in ["?name=reg&version=1&path=none", "?name=reg&version=2&path=c", "?name=reg&version=99&path=x", "?name=zz&version=1&path=x", "?name=reg&path=x", "?name=reg&version=1", "?version=1&path=x", "?name=reg&version=x&path=x", "?name=reg&version=2&path=../a.txt"]],
    *[post("/ajax-api/2.0/mlflow/upload-artifact" + query, raw=text, headers={"Content-Type": "application/octet-stream"}) for query, text in [("?run_uuid=$R&path=up/page.txt", "by page"), ("?run_uuid=$R&path=top.txt", "by page"), ("?run_uuid=$R", "x"), ("?path=x", "x"), ("?run_uuid=&path=x", "x"), ("?run_uuid=$R&path=", "x"), ("?run_uuid=$R&path=x", ""), ("?run_uuid=" + NOBODY + "&path=x", "x"), ("?run_uuid=$D&path=x", "x"), ("?run_id=$R&path=x", "x"), ("?run_uuid=$R&path=dir/", "x"), ("?run_uuid=$R&path=up", "x")]],
    post("/ajax-api/2.0/mlflow/upload-artifact?run_uuid=$R&path=huge", raw="$X10485761", headers={"Content-Type": "application/octet-stream"}), post("/ajax-api/2.0/mlflow/upload-artifact?run_uuid=$R&path=most", raw="$X10485760", headers={"Content-Type": "application/octet-stream"}),
    post("/api/2.0/mlflow/upload-artifact?run_uuid=$R&path=x", raw="x"), get("/get-artifact?run_id=$R&path=up/page.txt", text=True), get("artifacts/list?run_id=$R&path=up"),
    *[get("artifacts/list?run_id=$R&path=" + path) for path in HOSTILE], *[get("logged-models/$M/artifacts/directories?artifact_directory_path=" + path) for path in HOSTILE], *[get(PROXY + "?path=" + path) for path in HOSTILE],
    *[get(PROXY + "/" + path) for path in HOSTILE], *[file(path, "evil") for path in HOSTILE], *[get("/get-artifact?run_id=$R&path=" + path) for path in HOSTILE], *[get("/model-versions/get-artifact?name=reg&version=2&path=" + path) for path in HOSTILE],
    *[get("/ajax-api/2.0/mlflow/logged-models/$M/artifacts/files?artifact_file_path=" + path) for path in HOSTILE], *[post("/ajax-api/2.0/mlflow/upload-artifact?run_uuid=$R&path=" + path, raw="evil", headers={"Content-Type": "application/octet-stream"}) for path in HOSTILE],
    *[delete(PROXY + "/" + path) for path in HOSTILE if path not in (".", "./a", "%2e%2e", "..")],
    *[get("/api/2.0/mlflow-artifacts/presigned/" + path) for path in ["$E/$R/artifacts/a.txt", "none", "%2e%2e/x", "a%00b"]],
    *[post("artifacts/presigned-download-url", body) for body in [{"run_id": "$R", "path": "a.txt"}, {"run_id": "$S", "path": "a.txt"}, {"run_id": NOBODY, "path": "a"}, {"path": "a"}, {"run_id": "$R"}, {"run_id": "$R", "path": "../x"}, {"run_id": "$R", "path": "a.txt", "expiration": 0}, {"run_id": "$R", "path": "a.txt", "expiration": 604801}, {"run_id": "$R", "path": "a.txt", "expiration": "x"}, {"run_id": "$R", "path": "%2e%2e/x"}]],
    *[post("artifacts/presigned-upload-url", body) for body in [{"run_id": "$R", "path": "a.txt"}, {"model_id": "$M", "path": "a.txt"}, {"run_id": "$R", "model_id": "$M", "path": "a.txt"}, {"path": "a"}, {"run_id": "$R"}, {"run_id": NOBODY, "path": "a"}, {"model_id": "m-" + NOBODY, "path": "a"}, {"run_id": "$R", "path": "../x"}]],
    *[post("/api/2.0/mlflow-artifacts/mpu/" + verb + "/$E/$R/artifacts", body) for verb, body in [("create", {}), ("create", {"path": 5}), ("complete", {"path": "x"}), ("abort", {})]], post("/api/2.0/mlflow-artifacts/mpu/create/%2e%2e/x", {"path": "x", "num_parts": 1}), post("/api/2.0/mlflow-artifacts/mpu/abort/%2e%2e", {"path": "x", "upload_id": "x"}), post("/api/2.0/mlflow-artifacts/mpu/complete/a%00/%2e%2e", {"path": "x", "upload_id": "x", "parts": []}),
    *[delete(PROXY + "/" + path) for path in ["$E/$R/artifacts/a.txt", "$E/$R/artifacts/a.txt", "$E/$R/artifacts/b", "none"]], get("artifacts/list?run_id=$R"), delete(PROXY), step("POST", PROXY + "/x", raw="x"), step("PATCH", PROXY + "/x", raw="x"),
]
