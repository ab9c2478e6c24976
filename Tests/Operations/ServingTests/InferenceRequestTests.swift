// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText
import Serving
import Testing

/// Tensors of the Open Inference Protocol, as JSON and as bytes, to a model that takes them as they are.
@Suite(.timeLimit(.minutes(2)))
struct InferenceRequestTests {
    private func model(_ graph: String) async throws -> ServedModel {
        try ServedModel(name: "graph", version: "1", runID: nil, engine: try await OnnxGraphs.shared.model(graph))
    }

    private func answer(_ graph: String, _ json: String, rest: [UInt8] = []) async throws -> InferenceAnswer {
        let request = try InferenceRequest(try JSONDocument(json).root, rest: rest[...])
        return try await ServingService { 0 }.infer(try await model(graph), request)
    }

    private static let values: [(graph: String, type: String, data: String)] = [
        ("FLOAT", "FP32", "[1.5,-2.25,3.4028235e+38,1e-45]"), ("DOUBLE", "FP64", "[1.5,0.1,1e+300,-0.0]"),
        ("FLOAT16", "FP16", "[1.5,-2.25,65504.0,0.0]"), ("BFLOAT16", "BF16", "[1.5,-2.25,3.0,0.0]"),
        ("UINT8", "UINT8", "[0,1,2,255]"), ("UINT16", "UINT16", "[0,1,2,65535]"),
        ("UINT32", "UINT32", "[0,1,2,4294967295]"), ("UINT64", "UINT64", "[0,1,2,18446744073709551615]"),
        ("INT8", "INT8", "[-128,1,2,127]"), ("INT16", "INT16", "[-32768,1,2,32767]"),
        ("INT32", "INT32", "[-2147483648,1,2,2147483647]"),
        ("INT64", "INT64", "[-9223372036854775808,1,2,9223372036854775807]"),
        ("BOOL", "BOOL", "[true,false,false,true]"),
        ("STRING", "BYTES", #"["a","","grün","\u0001"]"#),
    ]

    @Test(arguments: values)
    func `JSON of each type comes back the same, flat or nested`(graph: String, type: String, data: String) async throws
    {
        let parts = try JSONDocument(data).root.elements.map(\.json)
        let nested = "[[\(parts[0]),\(parts[1])],[\(parts[2]),\(parts[3])]]"
        for form in [data, nested] {
            let text = #"{"inputs": [{"name": "x", "shape": [2, 2], "datatype": "\#(type)", "data": \#(form)}]}"#
            let output = try #require(
                try JSONDocument(try await answer("same-\(graph)", text).json).root["outputs"]?.elements.first { _ in
                    true
                }
            )
            #expect(output["datatype"]?.string == type)
            #expect(output["shape"]?.json == "[2,2]")
            #expect(output["data"]?.json == (try JSONDocument(data).root.json))
        }
    }

    @Test(arguments: values)
    func `bytes of each type come back the same`(graph: String, type: String, data: String) async throws {
        let json =
            #"{"inputs": [{"name": "x", "shape": [2, 2], "datatype": "\#(type)", "data": \#(data)}], "#
            + #""outputs": [{"name": "y", "parameters": {"binary_data": true}}]}"#
        let sent = try await answer("same-\(graph)", json)
        let output = try #require(try JSONDocument(sent.json).root["outputs"]?.elements.first { _ in true })
        #expect(output["data"] == nil)
        #expect(output["parameters"]?["binary_data_size"]?.int64 == Int64(sent.rest.count))
        // And the same bytes as an input give the same again.
        let size = sent.rest.count
        let binary =
            #"{"inputs": [{"name": "x", "shape": [2, 2], "datatype": "\#(type)", "parameters": {"binary_data_size": \#(size)}}], "#
            + #""parameters": {"binary_data_output": true}, "outputs": [{"name": "y"}]}"#
        #expect(try await answer("same-\(graph)", binary, rest: sent.rest).rest == sent.rest)
    }

    @Test func `JSON and bytes may stand side by side`() async throws {
        let json = #"""
            {"inputs": [{"name": "a", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}},
                        {"name": "b", "shape": [1, 2], "datatype": "FP32", "data": [10, 20]}],
             "outputs": [{"name": "total"}, {"name": "sum", "parameters": {"binary_data": true}}]}
            """#
        let bytes: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]
        let sent = try await answer("free", json, rest: bytes)
        let outputs = try #require(try JSONDocument(sent.json).root["outputs"]?.elements.map { $0 })
        #expect(outputs.map { $0["name"]?.string } == ["total", "sum"])
        #expect(outputs[0]["data"]?.json == "[33.0]" && outputs[0]["shape"]?.json == "[]")
        #expect(sent.rest == [0, 0, 0x30, 0x41, 0, 0, 0xB0, 0x41])
    }

    @Test func `classes of a map are named`() async throws {
        let json = #"{"inputs": [{"name": "p", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 0.75]}]}"#
        let output = try JSONDocument(try await answer("zip-text", json).json).root["outputs"]?.elements.first { _ in
            true
        }
        #expect(output?["parameters"]?["labels"]?.string == "no,yes")
        #expect(output?["data"]?.json == "[0.25,0.75]")
    }

    @Test func `each answer has an id for each row`() async throws {
        let json =
            #"{"inputs": [{"name": "x", "shape": [3, 2], "datatype": "INT8", "data": [1,2,3,4,5,6]}], "outputs": [{"name": "prediction_id"}]}"#
        let output = try JSONDocument(try await answer("same-INT8", json).json).root["outputs"]?.elements.first { _ in
            true
        }
        #expect(output?["shape"]?.json == "[3]")
        #expect(Set(output?["data"]?.elements.compactMap(\.string) ?? []).count == 3)
    }

    private static let float = #""shape": [1, 2], "datatype": "FP32""#

    @Test(arguments: [
        ("[]", "", "no JSON object"), (#"{"inputs": {}}"#, "", "`inputs`"),
        (#"{"inputs": [{"name": "z", \#(float), "data": [1, 2]}]}"#, "", "no input `z`"),
        (
            #"{"inputs": [{"name": "x", \#(float), "data": [1, 2]}, {"name": "x", \#(float), "data": [1, 2]}]}"#, "",
            "twice"
        ),
        (
            #"{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}"#, "",
            "FP64; the model takes FP32"
        ),
        (#"{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}"#, "", "shape [1, 3]"),
        (#"{"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}"#, "", "shape [2]"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1, "a"]}]}"#, "", "is no number"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1, {}]}]}"#, "", "is no number"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1]}]}"#, "", "1 values; its shape wants 2"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1, 2, 3]}]}"#, "", "its shape wants 2"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [[[1, 2]]]}]}"#, "", "is no number"),
        (
            #"{"inputs": [{"name": "x", "shape": [4294967296, 4294967296], "datatype": "FP32", "data": []}]}"#, "",
            "no size"
        ),
        (
            #"{"inputs": [{"name": "x", "shape": [2000000000, 2000000000], "datatype": "FP32", "data": []}]}"#, "",
            "more than"
        ),
        (#"{"inputs": [{"name": "x", "shape": [2000000000, 1], "datatype": "FP32", "data": []}]}"#, "", "0 values"),
        (
            #"{"inputs": [{"name": "x", \#(float), "parameters": {"binary_data_size": 8}}]}"#, "abcd",
            "no size of what follows"
        ),
        (
            #"{"inputs": [{"name": "x", \#(float), "parameters": {"binary_data_size": 4}}]}"#, "abcd",
            "4 bytes; its shape wants 8"
        ),
        (
            #"{"inputs": [{"name": "x", \#(float), "parameters": {"binary_data_size": -1}}]}"#, "abcd",
            "no size of what follows"
        ),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1, 2]}]}"#, "abcd", "4 bytes behind the JSON"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1, 2]}], "outputs": 5}"#, "", "no list"),
        (#"{"inputs": [{"name": "x", \#(float), "data": [1, 2]}], "outputs": [{"name": "q"}]}"#, "", "no output `q`"),
    ])
    func `what does not fit is refused, with the place`(json: String, rest: String, words: String) async throws {
        let error = await #expect(throws: ServingError.self) {
            try await answer("same-FLOAT", json, rest: Array(rest.utf8))
        }
        #expect(error?.code == .invalidRequest && error?.kind == .invalid)
        #expect(error?.why.contains(words) == true, "\(error?.why ?? "")")
    }

    @Test(
        arguments: [
            ([3, 0, 0, 0, 97], "not 1 texts"), ([1, 0, 0, 0, 0xFF], "no UTF-8"),
            ([0xFF, 0xFF, 0xFF, 0xFF], "not 1 texts"),
            ([1, 0, 0], "not 1 texts"), ([0, 0, 0, 0, 1], "not 1 texts"),
        ] as [([UInt8], String)]
    )
    func `bytes that are no texts are refused`(bytes: [UInt8], words: String) async throws {
        let json =
            #"{"inputs": [{"name": "x", "shape": [1, 1], "datatype": "BYTES", "parameters": {"binary_data_size": \#(bytes.count)}}]}"#
        let error = await #expect(throws: ServingError.self) { try await answer("same-STRING", json, rest: bytes) }
        #expect(error?.why.contains(words) == true, "\(error?.why ?? "")")
    }

    @Test func `a NUL in a text is refused: the engine would cut it off there`() async throws {
        let json = #"{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "BYTES", "data": ["a\u0000b", "c"]}]}"#
        let error = await #expect(throws: ServingError.self) { try await answer("same-STRING", json) }
        #expect(error?.why.contains("NUL") == true)
    }

    @Test(arguments: ["-1", "x", "5", "99999999999999999999"])
    func `a length of the JSON that is none is refused`(length: String) {
        let error = #expect(throws: ServingError.self) {
            try InferenceRequest.split(Array("{}ab".utf8), headerLength: length)
        }
        #expect(error?.why.contains("4 bytes") == true)
    }

    @Test func `the JSON ends where the header says`() throws {
        let parts = try InferenceRequest.split(Array("{}ab".utf8), headerLength: "2")
        #expect(Array(parts.json) == Array("{}".utf8) && Array(parts.rest) == Array("ab".utf8))
    }
}
