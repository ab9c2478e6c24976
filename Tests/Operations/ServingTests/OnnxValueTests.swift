// SPDX-License-Identifier: Apache-2.0

import Serving
import Testing

/// Values of every type go through the engine and come back as they were.
@Suite(.timeLimit(.minutes(2)))
struct OnnxValueTests {
    private static let kinds: [(graph: String, type: ElementType)] = [
        ("FLOAT", .float32), ("DOUBLE", .float64), ("FLOAT16", .float16), ("BFLOAT16", .bfloat16), ("UINT8", .uint8),
        ("UINT16", .uint16), ("UINT32", .uint32), ("UINT64", .uint64), ("INT8", .int8), ("INT16", .int16),
        ("INT32", .int32), ("INT64", .int64), ("BOOL", .bool),
    ]

    @Test(arguments: kinds)
    func `numbers of each type come back as they were`(graph: String, type: ElementType) async throws {
        let model = try await OnnxGraphs.shared.model("same-\(graph)")
        #expect(model.inputs == [TensorSpec(name: "x", type: type, shape: [-1, 2])])
        let numbers: [Double] = type == .bool ? [1, 0, 0, 1] : [1, 2, 100, 0]
        let input = try Tensor.numbers(numbers, as: type, name: "x", shape: [2, 2])
        let output = try #require(try model.run([input], outputs: ["y"]).first)
        #expect(output.storage == input.storage)
        #expect(output.doubles == numbers)
        #expect(output.type == type && output.shape == [2, 2])
    }

    @Test(arguments: [UInt64.max, UInt64(1 << 53) + 1]) func `large whole numbers lose nothing`(
        number: UInt64
    ) async throws {
        let model = try await OnnxGraphs.shared.model("same-UINT64")
        let input = Tensor(name: "x", shape: [1, 2], [number, number - 1])
        let output = try #require(try model.run([input], outputs: ["y"]).first)
        #expect(output.values(as: UInt64.self) == [number, number - 1])
        #expect(output.texts == ["\(number)", "\(number - 1)"])
    }

    @Test func `texts of any language and no length come back`() async throws {
        let model = try await OnnxGraphs.shared.model("same-STRING")
        let texts = ["", "grün–ß", String(repeating: "長", count: 1_000), "a\nb"]
        let output = try #require(
            try model.run([Tensor(name: "x", shape: [2, 2], texts: texts)], outputs: ["y"]).first
        )
        #expect(output.texts == texts && output.type == .string)
    }

    @Test func `no rows give no rows`() async throws {
        let model = try await OnnxGraphs.shared.model("same-FLOAT")
        let output = try #require(try model.run([Tensor(name: "x", shape: [0, 2], [Float]())], outputs: ["y"]).first)
        #expect(output.shape == [0, 2] && output.count == 0)
    }

    @Test(arguments: [("zip-text", ["no", "yes"]), ("zip-number", ["3", "5"])])
    func `a list of maps comes as one tensor with names`(graph: String, labels: [String]) async throws {
        let model = try await OnnxGraphs.shared.model(graph)
        #expect(model.outputs == [TensorSpec(name: "z", kind: .maps, type: .float32, shape: [-1, -1])])
        let input = Tensor(name: "p", shape: [3, 2], [0.25, 0.75, 1, 0, 0.5, 0.5] as [Float])
        let output = try #require(try model.run([input], outputs: ["z"]).first)
        #expect(output.labels == labels)
        #expect(output.shape == [3, 2])
        #expect(output.values(as: Float.self) == [0.25, 0.75, 1, 0, 0.5, 0.5])
    }

    @Test func `a sequence of tensors is stacked if they have one shape`() async throws {
        let model = try await OnnxGraphs.shared.model("sequence")
        #expect(model.outputs.map(\.kind) == [.sequence])
        let a = Tensor(name: "a", shape: [2], [1, 2] as [Float])
        let output = try #require(
            try model.run([a, Tensor(name: "b", shape: [2], [3, 4] as [Float])], outputs: ["s"]).first
        )
        #expect(output.shape == [2, 2] && output.values(as: Float.self) == [1, 2, 3, 4])
        let error = #expect(throws: ServingError.self) {
            try model.run([a, Tensor(name: "b", shape: [1], [3] as [Float])], outputs: ["s"])
        }
        #expect(error?.why.contains("several shapes") == true)
    }

    @Test func `dimensions may be free, and outputs have any rank`() async throws {
        let model = try await OnnxGraphs.shared.model("free")
        #expect(model.outputs.map(\.shape) == [[-1, -1], []])
        for (rows, columns) in [(1, 1), (2, 3), (5, 1)] {
            let ones = Array(repeating: Float(1), count: rows * columns)
            let inputs = ["a", "b"].map { Tensor(name: $0, shape: [rows, columns], ones) }
            let outputs = try model.run(inputs, outputs: ["total", "sum"])
            #expect(outputs.map(\.shape) == [[], [rows, columns]])
            #expect(outputs[0].values(as: Float.self) == [Float(2 * rows * columns)])
        }
    }

    @Test func `what the library does not know is named`() async throws {
        let error = await #expect(throws: ServingError.self) { _ = try await OnnxGraphs.shared.model("foreign") }
        #expect(
            error?.code == .invalidModel && error?.why.contains("nobody.knows") == true,
            "\(String(describing: error))"
        )
    }

    @Test(
        arguments: [
            (Float.pi, 0x4049), (1, 0x3F80), (-0.0, 0x8000), (.infinity, 0x7F80), (1.0039062, 0x3F80),
            (1.0117188, 0x3F82),
        ] as [(Float, UInt16)]
    )
    func `numbers are rounded to the nearest short one`(number: Float, bits: UInt16) throws {
        let tensor = try Tensor.numbers([Double(number)], as: .bfloat16, name: "x", shape: [1])
        #expect(tensor.storage == .bytes([UInt8(bits & 0xFF), UInt8(bits >> 8)]))
    }
}
