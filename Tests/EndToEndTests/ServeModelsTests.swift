// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing

/// `gyre serve` with models from files, asked by the real clients of Open Inference and by what MLflow itself predicts.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct ServeModelsTests {
    /// Graphs of every element type, one that adds, and a model that MLflow saved in ONNX.
    private static let graphs = #"""
        import mlflow
        import numpy as np
        import onnx
        from mlflow.models import infer_signature
        from onnx import TensorProto, helper

        def save(name, nodes, inputs, outputs):
            graph = helper.make_graph(nodes, name, inputs, outputs)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
            onnx.save(model, f"{name}.onnx")
            return model

        def tensor(name, kind, shape):
            return helper.make_tensor_value_info(name, kind, shape)

        for kind in "FLOAT DOUBLE FLOAT16 UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 BOOL STRING".split():
            value = getattr(TensorProto, kind)
            save(kind, [helper.make_node("Identity", ["x"], ["y"])], [tensor("x", value, ["n", 2])], [tensor("y", value, ["n", 2])])
        a, b = tensor("a", TensorProto.FLOAT, ["n", 3]), tensor("b", TensorProto.FLOAT, ["n", 3])
        model = save("add", [helper.make_node("Add", ["a", "b"], ["sum"])], [a, b], [tensor("sum", TensorProto.FLOAT, ["n", 3])])
        ones = {"a": np.ones((2, 3), np.float32), "b": np.ones((2, 3), np.float32)}
        mlflow.onnx.save_model(model, "saved", signature=infer_signature(ones, ones["a"]))
        """#

    private static let client = #"""
        import sys
        import numpy as np
        import tritonclient.http as http
        from tritonclient.utils import InferenceServerException

        client = http.InferenceServerClient(sys.argv[1].removeprefix("http://"), concurrency=4)
        assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("add", "1")
        assert not client.is_model_ready("nothing")
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        metadata = client.get_model_metadata("add")
        assert metadata["inputs"] == [{"name": n, "datatype": "FP32", "shape": [-1, 3]} for n in "ab"], metadata
        assert metadata["versions"] == ["1"], metadata

        def ask(model, arrays, kind, output, sends, wants):
            inputs = []
            for name, array in arrays.items():
                inputs.append(http.InferInput(name, array.shape, kind))
                inputs[-1].set_data_from_numpy(array, binary_data=sends)
            wanted = [http.InferRequestedOutput(output, binary_data=wants)]
            return client.infer(model, inputs, outputs=wanted, request_id="seven")

        values = {
            "FLOAT": ("FP32", np.float32, [1.5, -2, 3, 4]), "DOUBLE": ("FP64", np.float64, [1.5, 0.1, 3, 4]),
            "FLOAT16": ("FP16", np.float16, [1.5, -2, 3, 4]), "BOOL": ("BOOL", bool, [True, False, False, True]),
            "STRING": ("BYTES", np.object_, ["a", "grün", "", "d"]),
        }
        for bits in (8, 16, 32, 64):
            values[f"UINT{bits}"] = (f"UINT{bits}", getattr(np, f"uint{bits}"), [0, 1, 2, 2**bits - 1])
            values[f"INT{bits}"] = (f"INT{bits}", getattr(np, f"int{bits}"), [-(2 ** (bits - 1)), 1, 2, 2 ** (bits - 1) - 1])
        count = 0
        for model, (kind, dtype, numbers) in values.items():
            array = np.array(numbers, dtype=dtype).reshape(2, 2)
            for sends in (True, False):
                for wants in (True, False):
                    # The client itself has FP16 as bytes alone.
                    if kind == "FP16" and not (sends and wants):
                        continue
                    result = ask(model, {"x": array}, kind, "y", sends, wants)
                    got = result.as_numpy("y")
                    if kind == "BYTES":
                        got = np.array([t.decode() if isinstance(t, bytes) else t for t in got.flat], object).reshape(2, 2)
                    assert got.dtype == array.dtype and np.array_equal(got, array), (model, sends, wants, got)
                    response = result.get_response()
                    assert response["id"] == "seven" and response["model_name"] == model, response
                    count += 1
        arrays = {name: np.arange(6, dtype=np.float32).reshape(2, 3) for name in "ab"}
        many = [client.async_infer("add", [i for i in map(lambda item: (lambda t: (t.set_data_from_numpy(item[1]), t)[1])(
            http.InferInput(item[0], item[1].shape, "FP32")), arrays.items())]) for _ in range(20)]
        for one in many:
            assert np.array_equal(one.get_result().as_numpy("sum"), arrays["a"] * 2)
        for wrong in ({"a": arrays["a"]}, {"a": arrays["a"], "z": arrays["b"]}):
            try:
                ask("add", wrong, "FP32", "sum", True, True)
                raise SystemExit("it took a wrong request")
            except InferenceServerException as error:
                assert error.status() == "400", error.status()
        print("answers", count)
        """#

    private func serving(
        _ arguments: [String],
        _ body: (Program, RunningServer) async throws -> Void
    ) async throws {
        try await Program.inEmptyFolder { gyre in
            try AtomicFile.write(Self.graphs, to: gyre.folder.appending("graphs.py"))
            let made = try await gyre.shell("\(Program.python) graphs.py")
            try #require(made.code == 0, "\(made.error)")
            let places: [String: String?] = ["GYRE_PYTHON": Program.python.string]
            let end = try await gyre.serve(["serve", "--port", "0"] + arguments, environment: places) { server in
                try await body(gyre, server)
            }
            #expect(end.code == 0, "\(end.log)")
        }
    }

    @Test func `the unmodified tritonclient gets every type, as bytes and as JSON`() async throws {
        let kinds = "FLOAT DOUBLE FLOAT16 UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 BOOL STRING add"
        try await serving(kinds.split(separator: " ").map { "\($0).onnx" }) { gyre, server in
            try AtomicFile.write(Self.client, to: gyre.folder.appending("client.py"))
            let answer = try await gyre.shell("\(Program.clients) client.py \(server.url)")
            #expect(answer.code == 0 && answer.output == "answers 49\n", "\(answer.output)\(answer.error)")
        }
    }

    @Test func `a model that MLflow saved in ONNX scores as MLflow itself does`() async throws {
        try await serving(["saved", "other=add.onnx"]) { gyre, server in
            let asked = #"{"inputs": {"a": [[1, 2, 3], [4, 5, 6]], "b": [[1, 1, 1], [0.5, 0.5, 0.5]]}}"#
            let several = try await server.send("POST", "/invocations", asked)
            #expect(several.status == 404 && several.text.contains("live are"), "\(several.text)")
            let metadata = try JSONDocument(try await server.send("GET", "/v2/models/other").body).root
            #expect(metadata["name"]?.string == "other")
        }
        try await serving(["saved"]) { gyre, server in
            for body in [
                #"{"inputs": {"a": [[1, 2, 3], [4, 5, 6]], "b": [[1, 1, 1], [0.5, 0.5, 0.5]]}}"#,
                #"{"instances": [{"a": [1, 2, 3], "b": [1, 1, 1]}, {"a": [4, 5, 6], "b": [0.5, 0.5, 0.5]}]}"#,
            ] {
                let answer = try await server.send("POST", "/invocations", body)
                #expect(answer.status == 200, "\(answer.text)")
                let root = try JSONDocument(answer.body).root
                #expect(root["predictions"]?["sum"]?.json == "[[2.0,3.0,4.0],[4.5,5.5,6.5]]")
                #expect(root["prediction_ids"]?.count == 2)
            }
            let words = """
                import json, mlflow, numpy as np
                a, b = np.array([[1, 2, 3], [4, 5, 6]], np.float32), np.array([[1, 1, 1], [0.5, 0.5, 0.5]], np.float32)
                print(json.dumps(mlflow.pyfunc.load_model("saved").predict({"a": a, "b": b})["sum"].tolist()))
                """
            try AtomicFile.write(words, to: gyre.folder.appending("own.py"))
            let own = try await gyre.shell("\(Program.python) own.py")
            #expect(own.output == "[[2.0, 3.0, 4.0], [4.5, 5.5, 6.5]]\n", "\(own.error)")
            for (body, words) in [
                (#"{"inputs": [[1, 2, 3]]}"#, "has the inputs `a`, `b`"),
                (#"{"inputs": {"c": [[1]]}}"#, "no input `c`"),
                (#"{"inputs": {"a": [[1, 2, 3]]}}"#, "`b` is missing"),
                (#"{"inputs": {"a": [[1, 2], [3]], "b": [[1, 2, 3]]}}"#, "its shape wants 4"),
                (#"{"inputs": {"a": [["x", 2, 3]], "b": [[1, 2, 3]]}}"#, "is no number"),
            ] {
                let refused = try await server.send("POST", "/invocations", body)
                #expect(refused.status == 400 && refused.text.contains(words), "\(refused.text)")
            }
        }
    }

    @Test(
        arguments: [
            (["models:/", "--port", "0"], 2), (["runs:/abc"], 2), (["ftp:/x"], 2), (["=a.onnx"], 2), (["a.onnx"], 1),
            (["models:/a/b"], 2), (["graphs.py"], 1), (["broken.onnx"], 1), (["add.onnx", "./add.onnx"], 2),
        ] as [([String], Int32)]
    )
    func `what cannot be served is told before the port opens`(models: [String], code: Int32) async throws {
        try await Program.inEmptyFolder { gyre in
            try AtomicFile.write(Self.graphs, to: gyre.folder.appending("graphs.py"))
            _ = try await gyre.shell("\(Program.python) graphs.py; head -c 60 add.onnx > broken.onnx")
            let answer = try await gyre.run(
                ["serve", "--port", "0"] + models,
                environment: ["GYRE_PYTHON": Program.python.string]
            )
            #expect(answer.code == code, "\(answer.error)")
            #expect(answer.output.isEmpty && answer.error.hasPrefix("error: cannot "), "\(answer.error)")
        }
    }
}
