// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
import Serving
import SystemPackage
import Testing

struct EngineTests {
    @Test func `the library of the Python is found and says its version`() async throws {
        let runtime = try await TrainedModels.shared.runtime
        #expect(runtime.version.hasPrefix("1."))
        #expect(runtime.path.string.contains("onnxruntime/capi"))
    }

    @Test(arguments: ["/nowhere/libonnxruntime.so", "/etc/hostname", "libm.so.6"])
    func `a library that is missing, broken or another one is an error`(path: String) throws {
        let error = try #require(throws: ServingError.self) {
            try OnnxRuntime.find(python: nil, explicit: FilePath(path))
        }
        #expect(error.code == .missingRuntime)
        #expect(error.kind == .unavailable)
        #expect(error.next != nil)
    }

    @Test(arguments: ["", "this is no model", String(repeating: "\u{8}\u{1}", count: 5_000)])
    func `a damaged model file is an error`(content: String) async throws {
        let models = try await TrainedModels.shared
        let file = try FileSystem.temporaryDirectory(prefix: "onnx").appending("model.onnx")
        try AtomicFile.write(content, to: file)
        let error = #expect(throws: ServingError.self) { try OnnxModel(runtime: models.runtime, path: file) }
        #expect(error?.code == .invalidModel)
    }

    @Test func `a model file that ends early is an error`() async throws {
        let models = try await TrainedModels.shared
        let whole = try FileReader.bytes(of: try #require(try await models.served("tumour").table).onnx)
        let file = try FileSystem.temporaryDirectory(prefix: "onnx").appending("model.onnx")
        try AtomicFile.write(Array(whole.prefix(whole.count / 2)), to: file)
        #expect(throws: ServingError.self) { try OnnxModel(runtime: models.runtime, path: file) }
    }

    @Test func `the engine's own complaint comes back`() async throws {
        let models = try await TrainedModels.shared
        let model = try OnnxModel(
            runtime: models.runtime,
            path: try #require(try await models.served("matrix").table).onnx
        )
        let input = try #require(model.inputs.first)
        let names = model.outputs.map(\.name)
        #expect(input.shape == [-1, 10])
        let narrow = Tensor(name: input.name, shape: [1, 3], [1.0, 2, 3])
        let error = #expect(throws: ServingError.self) { try model.run([narrow], outputs: names) }
        #expect(error?.code == .engineFailed)
        let other = Tensor(name: "other", shape: [1, 10], Array(repeating: 0.0, count: 10))
        #expect(throws: ServingError.self) { try model.run([other], outputs: names) }
        #expect(throws: ServingError.self) { try model.run([], outputs: names) }
    }

    @Test func `a tensor whose shape does not fit its values is refused`() async throws {
        let models = try await TrainedModels.shared
        let model = try OnnxModel(
            runtime: models.runtime,
            path: try #require(try await models.served("matrix").table).onnx
        )
        let input = try #require(model.inputs.first)
        let names = model.outputs.map(\.name)
        let short = Tensor(name: input.name, shape: [1_000, 10], [1.0, 2, 3])
        #expect(throws: ServingError.self) { try model.run([short], outputs: names) }
    }

    @Test func `many runs at once give what one gives`() async throws {
        let models = try await TrainedModels.shared
        let model = try OnnxModel(
            runtime: models.runtime,
            path: try #require(try await models.served("matrix").table).onnx
        )
        let input = try #require(model.inputs.first)
        let names = model.outputs.map(\.name)
        let tensor = Tensor(name: input.name, shape: [1, 10], Array(repeating: 0.01, count: 10))
        let alone = try model.run([tensor], outputs: names)
        try await withThrowingTaskGroup(of: [Tensor].self) { group in
            for _ in 0..<100 {
                group.addTask { try await BlockingPool.shared.run { try model.run([tensor], outputs: names) } }
            }
            for try await result in group { #expect(result == alone) }
        }
    }

    @Test(arguments: [1.5, .nan, .infinity, 300, -1])
    func `a number that is no whole number of the type is refused`(value: Double) {
        #expect(throws: ServingError.self) { try Tensor.numbers([value], as: .uint8, name: "x", shape: [1]) }
    }
}
