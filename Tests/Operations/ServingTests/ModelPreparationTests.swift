// SPDX-License-Identifier: Apache-2.0

import Files
import Serving
import Synchronization
import SystemPackage
import Testing

struct ModelPreparationTests {
    private func broken(_ document: String) throws -> FilePath {
        let folder = try FileSystem.temporaryDirectory(prefix: "broken-model")
        try AtomicFile.write(document, to: folder.appending("MLmodel"))
        return folder
    }

    @Test func `MLflow's description is read`() async throws {
        let models = try await TrainedModels.shared
        let tumour = try models.directory("tumour")
        #expect(tumour.flavors.sorted() == ["python_function", "sklearn"])
        #expect(tumour.columns?.count == 30)
        #expect(tumour.columns?.first == ModelColumn(name: "mean radius", kind: .number))
        #expect(tumour.onnx == nil)
        let mixed = try models.directory("mixed")
        #expect(mixed.columns == [ModelColumn(name: "colour", kind: .text), ModelColumn(name: "size", kind: .number)])
        #expect(try models.directory("matrix").columns?.count == 10)
    }

    @Test func `a prepared model knows its columns, classes and proof`() async throws {
        let prepared = try #require(try await TrainedModels.shared.served("mixed").table)
        #expect(prepared.columns.map(\.name) == ["colour", "size"])
        #expect(prepared.classes == ["go", "stop", "wait"])
        #expect(prepared.provedRows == 40)
        #expect(!prepared.isMatrix)
    }

    @Test func `the second preparation of the same content asks for no Python`() async throws {
        let models = try await TrainedModels.shared
        let cache = try FileSystem.temporaryDirectory(prefix: "prepared")
        let asked = Mutex(0)
        let preparation = ModelPreparation(cache: cache) {
            asked.withLock { $0 += 1 }
            return TestPython.path
        }
        let first = try await preparation.prepare(try models.directory("matrix"))
        let second = try await preparation.prepare(try models.directory("matrix"))
        #expect(first.path == second.path)
        #expect(first.sourceDigest == second.sourceDigest)
        #expect(asked.withLock { $0 } == 1)
        #expect(try FileSystem.list(cache).count == 1)
    }

    @Test func `a table that lacks a column proves nothing, and leaves nothing behind`() async throws {
        let models = try await TrainedModels.shared
        let cache = try FileSystem.temporaryDirectory(prefix: "prepared")
        let rows = cache.appending("rows.csv")
        try AtomicFile.write("mean radius,mean texture\n1,2\n", to: rows)
        let error = await #expect(throws: ServingError.self) {
            try await ModelPreparation(cache: cache) { TestPython.path }
                .prepare(try models.directory("tumour"), rows: rows)
        }
        #expect(error?.code == .cannotConvert)
        #expect(error?.why.contains("mean perimeter") == true)
        #expect(try FileSystem.list(cache) == ["rows.csv"])
    }

    @Test func `a model of another kind is refused with the kinds it has`() async throws {
        let folder = try broken("flavors:\n  pytorch:\n    code: null\n")
        let cache = try FileSystem.temporaryDirectory(prefix: "prepared")
        let error = await #expect(throws: ServingError.self) {
            try await ModelPreparation(cache: cache) { TestPython.path }.prepare(try ModelDirectory(folder))
        }
        #expect(error?.code == .cannotConvert)
        #expect(error?.why.contains("pytorch") == true)
    }

    @Test func `a folder without a model is refused`() throws {
        let folder = try FileSystem.temporaryDirectory(prefix: "empty")
        let error = #expect(throws: ServingError.self) { try ModelDirectory(folder) }
        #expect(error?.code == .invalidModel)
    }

    @Test(arguments: ["flavors: [", "signature:\n  inputs: '[{\"type\": '\n"])
    func `a damaged description is refused`(document: String) throws {
        let folder = try broken(document)
        let error = #expect(throws: ServingError.self) { try ModelDirectory(folder) }
        #expect(error?.code == .invalidModel)
    }

    @Test func `a Python that is not there is an error that says so`() async throws {
        let models = try await TrainedModels.shared
        let cache = try FileSystem.temporaryDirectory(prefix: "prepared")
        let error = await #expect(throws: ServingError.self) {
            try await ModelPreparation(cache: cache) { "/nowhere/bin/python" }.prepare(try models.directory("matrix"))
        }
        #expect(error?.code == .cannotConvert)
        #expect(error?.why.contains("/nowhere/bin/python") == true)
        #expect(try FileSystem.list(cache).isEmpty)
    }
}
