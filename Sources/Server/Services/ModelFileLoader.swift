// SPDX-License-Identifier: Apache-2.0

import Files
package import Serving
package import SystemPackage

/// Loads models from files, without a project: an `.onnx` file, a folder that MLflow wrote, the model of a built image.
package struct ModelFileLoader: Sendable {
    private let runtimes: Runtimes
    private let cache: FilePath?

    /// A loader.
    ///
    /// - Parameters:
    ///   - runtimes: The libraries.
    ///   - cache: The folder where models are kept that had to be converted; nil to convert none.
    package init(runtimes: Runtimes, cache: FilePath? = nil) { (self.runtimes, self.cache) = (runtimes, cache) }

    /// The model at a path.
    ///
    /// - Parameters:
    ///   - path: A file or folder.
    ///   - shown: As a person wrote it.
    ///   - name: The name that it is served under; nil for its own.
    /// - Returns: The model, loaded.
    /// - Throws: ``ServerError`` `.notFound`, ``ServingError``.
    package func model(at path: FilePath, shown: String, as name: String?) async throws -> ServedModel {
        let own = name ?? path.stem ?? "model"
        guard FileSystem.exists(path) else { throw unknown(shown, "there is no such file or folder") }
        guard FileSystem.isDirectory(path) else {
            guard path.extension == "onnx" else { throw unknown(shown, "a file must be ONNX, and end with `.onnx`") }
            return try await tensors(path, name: own, version: "1", runID: nil)
        }
        if FileSystem.exists(path.appending("service.json")) { return try await image(path, as: name) }
        guard FileSystem.exists(path.appending("MLmodel")) else {
            throw unknown(
                shown,
                "it has neither `MLmodel`, as MLflow writes it, nor `service.json`, as a built image has it"
            )
        }
        let directory = try await BlockingPool.shared.run { try ModelDirectory(path) }
        if let onnx = directory.onnx { return try await tensors(onnx, name: own, version: "1", runID: directory.runID) }
        guard let cache else { throw unknown(shown, "it is not in ONNX") }
        try FileSystem.createDirectory(cache)
        let runtimes = runtimes
        let prepared = try await ModelPreparation(cache: cache) { try runtimes.python() }.prepare(directory)
        return try await table(prepared, name: own, version: "1", runID: directory.runID, rule: nil)
    }

    private func image(_ folder: FilePath, as name: String?) async throws -> ServedModel {
        let description = try await BlockingPool.shared.run { try ServiceDescription(folder: folder) }
        let prepared = try await BlockingPool.shared.run { try PreparedModel(folder, sourceDigest: "") }
        return try await table(
            prepared,
            name: name ?? description.name,
            version: description.version,
            runID: description.runID,
            rule: description.rule
        )
    }

    /// A model that takes rows with columns.
    func table(
        _ prepared: PreparedModel,
        name: String,
        version: String,
        runID: String?,
        rule: DecisionRule?
    ) async throws -> ServedModel {
        let runtime = try await runtimes.onnxRuntime()
        return try await BlockingPool.shared.run {
            try ServedModel(
                name: name,
                version: version,
                runID: runID,
                prepared: prepared,
                runtime: runtime,
                rule: rule,
                onRun: RunInstruments(model: name, version: version).note
            )
        }
    }

    /// A model that takes and gives tensors.
    func tensors(_ file: FilePath, name: String, version: String, runID: String?) async throws -> ServedModel {
        let runtime = try await runtimes.onnxRuntime()
        return try await BlockingPool.shared.run {
            let engine = try OnnxModel(runtime: runtime, path: file)
            return try ServedModel(
                name: name,
                version: version,
                runID: runID,
                engine: engine,
                onRun: RunInstruments(model: name, version: version).note
            )
        }
    }

    private func unknown(_ shown: String, _ why: String) -> ServerError {
        ServerError(
            .notFound,
            what: "cannot serve `\(shown)`",
            why: why,
            next: "name an `.onnx` file, a folder with `MLmodel`, or a model such as `models:/NAME@champion`"
        )
    }
}
