// SPDX-License-Identifier: Apache-2.0

import Files
import Serving
import Subprocess
import SystemPackage

/// Small ONNX graphs, made once by the `onnx` package: one for each kind of value that an engine may meet.
struct OnnxGraphs: Sendable {
    let folder: FilePath

    static var shared: OnnxGraphs {
        get async throws { try await making.value }
    }

    private static let making = Task { try await make() }

    private static func make() async throws -> OnnxGraphs {
        let folder = try FileSystem.temporaryDirectory(prefix: "onnx-graphs")
        try AtomicFile.write(program, to: folder.appending("make.py"))
        let result = try await Subprocess.run(
            .path(TestPython.path),
            arguments: [folder.appending("make.py").string, folder.string],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        guard case .exited(0) = result.terminationStatus else {
            throw ServingError(.invalidModel, what: "cannot make graphs", why: "\(result.standardError)")
        }
        return OnnxGraphs(folder: folder)
    }

    func model(_ name: String) async throws -> OnnxModel {
        try OnnxModel(runtime: try await TrainedModels.shared.runtime, path: folder.appending("\(name).onnx"))
    }

    private static let program = """
        import sys
        from pathlib import Path

        import onnx
        from onnx import TensorProto, helper

        root = Path(sys.argv[1])


        def save(name, nodes, inputs, outputs, opset=None):
            graph = helper.make_graph(nodes, name, inputs, outputs)
            opset = opset or [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
            onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), root / f"{name}.onnx")


        def tensor(name, kind, shape):
            return helper.make_tensor_value_info(name, kind, shape)


        kinds = [
            "FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
            "BOOL", "STRING",
        ]
        for kind in kinds:
            value = getattr(TensorProto, kind)
            nodes = [helper.make_node("Identity", ["x"], ["y"])]
            save(f"same-{kind}", nodes, [tensor("x", value, ["n", 2])], [tensor("y", value, ["n", 2])])

        # ZipMap, as skl2onnx ends classifiers.
        for keys in [{"classlabels_strings": ["no", "yes"]}, {"classlabels_int64s": [3, 5]}]:
            kind = list(keys)[0]
            text = "strings" in kind
            node = helper.make_node("ZipMap", ["p"], ["z"], domain="ai.onnx.ml", **keys)
            value = helper.make_map_type_proto(
                TensorProto.STRING if text else TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
            )
            z = helper.make_value_info("z", helper.make_sequence_type_proto(value))
            save("zip-" + ("text" if text else "number"), [node], [tensor("p", TensorProto.FLOAT, ["n", 2])], [z])

        s = helper.make_value_info("s", helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None)))
        node = helper.make_node("SequenceConstruct", ["a", "b"], ["s"])
        save("sequence", [node], [tensor("a", TensorProto.FLOAT, ["n"]), tensor("b", TensorProto.FLOAT, ["m"])], [s])

        # Two outputs, one of them a scalar, and free dimensions.
        nodes = [
            helper.make_node("Add", ["a", "b"], ["sum"]),
            helper.make_node("ReduceSum", ["sum"], ["total"], keepdims=0),
        ]
        free = tensor("a", TensorProto.FLOAT, ["n", "m"]), tensor("b", TensorProto.FLOAT, ["n", "m"])
        save("free", nodes, list(free), [tensor("sum", TensorProto.FLOAT, ["n", "m"]), tensor("total", TensorProto.FLOAT, [])])
        # The answer to a row depends on the others.
        nodes = [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
            helper.make_node("Sub", ["x", "mean"], ["y"]),
        ]
        save("centred", nodes, [tensor("x", TensorProto.FLOAT, ["n", 2])], [tensor("y", TensorProto.FLOAT, ["n", 2])])

        newest = [helper.make_opsetid("", 17), helper.make_opsetid("nobody.knows", 1)]
        save("foreign", [helper.make_node("Odd", ["a"], ["y"], domain="nobody.knows")], [tensor("a", TensorProto.FLOAT, [1])],
             [tensor("y", TensorProto.FLOAT, [1])], newest)
        """
}
