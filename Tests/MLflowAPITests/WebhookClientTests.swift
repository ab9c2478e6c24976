// SPDX-License-Identifier: Apache-2.0

import Testing

/// What programs do with webhooks by the real client, and how they check what arrives.
@Suite(.timeLimit(.minutes(5)))
struct WebhookClientTests {
    @Test(arguments: PythonClient.allCases)
    func `the client makes, lists, tries and removes webhooks, and gets signed events`(
        client: PythonClient
    ) async throws {
        try await client.run(
            """
            import base64, hashlib, hmac, threading, time, urllib.request
            from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

            arrived = []
            came = threading.Condition()

            class Receiver(BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    with came:
                        arrived.append((self.headers, body.decode()))
                        came.notify_all()
                    self.send_response(200)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                def log_message(self, *arguments):
                    pass

            receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
            threading.Thread(target=receiver.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{receiver.server_port}/hook"

            # As MLflow's documentation checks a delivery.
            def verify(payload, signature, secret, delivery_id, timestamp):
                if not signature.startswith("v1,"):
                    return False
                signed = f"{delivery_id}.{timestamp}.{payload}"
                expected = hmac.new(secret.encode("utf-8"), signed.encode("utf-8"), hashlib.sha256).digest()
                return hmac.compare_digest(signature[3:], base64.b64encode(expected).decode("utf-8"))

            def check(headers, body, secret):
                assert abs(time.time() - int(headers["X-MLflow-Timestamp"])) < 300
                return verify(
                    body, headers["X-MLflow-Signature"], secret, headers["X-MLflow-Delivery-Id"], headers["X-MLflow-Timestamp"]
                )

            hook = client.create_webhook(
                name="hook", url=url, secret="s3cret", description="d",
                events=["registered_model.created", "model_version.created", "model_version_tag.set",
                        "model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted"],
            )
            assert hook.status == "ACTIVE" and hook.secret is None and len(hook.events) == 6, hook
            refused("INVALID_PARAMETER_VALUE", client.create_webhook, "a b", url, ["model_version.created"])
            refused("INVALID_PARAMETER_VALUE", client.create_webhook, "x", "ftp://x", ["model_version.created"])
            prompts = client.create_webhook("prompts", url, ["prompt.created", "prompt_alias.deleted"])

            # Webhooks with events of runs, of which this client knows nothing.
            def post(path, body):
                request = urllib.request.Request(
                    os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/" + path, json.dumps(body).encode(),
                    {"Content-Type": "application/json"})
                return json.load(urllib.request.urlopen(request))
            runs = post("webhooks", {"name": "runs", "url": url, "secret": "other", "run_events": ["FINISHED", "FAILED"]})
            both = post("webhooks", {"name": "both", "url": url, "status": "DISABLED", "run_events": ["CREATED"],
                                     "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]})["webhook"]["webhook_id"]
            listed = client.list_webhooks()
            assert [w.name for w in listed] == ["both", "prompts", "hook"], listed
            assert [w.name for w in client.list_webhooks(max_results=2)] == ["both", "prompts"]
            token = client.list_webhooks(max_results=2).token
            assert [w.name for w in client.list_webhooks(max_results=2, page_token=token)] == ["hook"]
            assert client.get_webhook(both).events == client.update_webhook(both, events=["model_version.created"]).events
            assert post(f"webhooks/{both}/test", {"event": {"entity": "RUN", "action": "CREATED"}})["result"]["success"]
            arrived.clear()

            result = client.test_webhook(hook.webhook_id, "model_version.created")
            assert (result.success, result.response_status, result.response_body) == (True, 200, "ok"), result
            assert json.loads(arrived[0][1])["data"]["run_id"] == "abcd1234abcd5678"
            assert check(*arrived[0], "s3cret") and not check(*arrived[0], "s3cret2")
            assert not check(arrived[0][0], arrived[0][1] + " ", "s3cret")
            arrived.clear()

            client.create_registered_model("mö")
            client.create_model_version("mö", "s3://bucket/model", description="first")
            client.set_model_version_tag("mö", "1", "k", "v")
            client.set_registered_model_alias("mö", "best", "1")
            client.delete_registered_model_alias("mö", "best")
            client.delete_model_version_tag("mö", "1", "k")
            with mlflow.start_run() as run:
                mlflow.log_metric("auc", 0.5)
            killed = client.create_run("0").info.run_id
            client.set_terminated(killed, "KILLED")
            with came:
                assert came.wait_for(lambda: len(arrived) == 8, timeout=60), arrived
            told = {}
            for headers, body in arrived:
                document = json.loads(body)
                told.setdefault((document["entity"], document["action"]), []).append(document["data"])
                assert check(headers, body, "other" if document["entity"] == "run" else "s3cret")
            assert told[("registered_model", "created")] == [{"name": "mö", "tags": {}, "description": ""}], told
            assert told[("model_version", "created")][0]["description"] == "first", told
            assert told[("model_version_tag", "set")] == [{"name": "mö", "version": "1", "key": "k", "value": "v"}]
            assert told[("model_version_alias", "created")] == [{"name": "mö", "alias": "best", "version": "1"}]
            [finished] = told[("run", "finished")]
            assert finished["run_id"] == run.info.run_id and finished["metrics"] == {"auc": 0.5}, finished
            assert told[("run", "failed")][0]["status"] == "KILLED", told
            assert len({headers["X-MLflow-Delivery-Id"] for headers, body in arrived}) == 8

            changed = client.update_webhook(hook.webhook_id, status="DISABLED", name="new", events=["model_version.created"])
            assert changed.status == "DISABLED" and changed.name == "new" and len(changed.events) == 1
            for webhook in client.list_webhooks():
                client.delete_webhook(webhook.webhook_id)
            assert client.list_webhooks() == []
            refused("RESOURCE_DOES_NOT_EXIST", client.get_webhook, hook.webhook_id)
            """,
            delivering: true
        )
    }
}
