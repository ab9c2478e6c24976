// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import PythonWorker
import Subprocess
package import SystemPackage

/// Makes models ready to serve, once for each content.
///
/// A scikit-learn model is converted by a Python program that this binary carries, run in the model's own environment; it
/// proves on rows that both predict the same. The result lies in a folder named by the model's digest, complete or not at
/// all, so a second call, or a second process, finds it.
package struct ModelPreparation: Sendable {
    private let cache: FilePath
    private let python: @Sendable () throws -> FilePath

    /// A preparation.
    ///
    /// - Parameters:
    ///   - cache: The folder of prepared models; must exist.
    ///   - python: The Python that has the model's packages; asked only if a model must be converted.
    package init(cache: FilePath, python: @escaping @Sendable () throws -> FilePath) {
        self.cache = cache
        self.python = python
    }

    /// The prepared form of a model.
    ///
    /// - Parameters:
    ///   - model: The model as MLflow saves it.
    ///   - rows: A CSV table to prove the conversion on; the model's own example if nil.
    /// - Returns: The model, proved and complete.
    /// - Throws: ``ServingError`` `.cannotConvert` with the converter's words.
    package func prepare(_ model: ModelDirectory, rows: FilePath? = nil) async throws -> PreparedModel {
        let digest = try await model.digest()
        let target = cache.appending(digest.hex)
        if FileSystem.exists(target.appending("prepared.json")) {
            return try PreparedModel(target, sourceDigest: digest.description)
        }
        let building = cache.appending(".\(digest.hex.prefix(16)).\(UInt64.random(in: .min ... .max))")
        try FileSystem.createDirectory(building)
        defer {
            // What was renamed is gone from here; what was not is of no use.
            try? FileSystem.removeTree(building)
        }
        try await convert(model, into: building, rows: rows)
        try FileSystem.syncDirectory(building)
        do {
            try FileSystem.rename(building, to: target)
        } catch {
            // If another process was faster, its result has the same digest.
            if error.code != .alreadyExists { throw error }
        }
        return try PreparedModel(target, sourceDigest: digest.description)
    }

    private func convert(_ model: ModelDirectory, into target: FilePath, rows: FilePath?) async throws {
        let program = target.appending("convert.py")
        var length = 0
        let source = gyre_convert_py(&length)
        try AtomicFile.write(Array(UnsafeBufferPointer(start: source, count: length)), to: program)
        let executable = try python()
        let arguments = [program.string, model.path.string, target.string] + (rows.map { [$0.string] } ?? [])
        guard FileSystem.exists(executable) else {
            throw ServingError(
                .cannotConvert,
                what: "cannot turn the model in `\(model.path)` into ONNX",
                why: "there is no Python at `\(executable)`",
                next: "run `gyre doctor --fix`, or name the Python that has the model's packages"
            )
        }
        let result = try await Subprocess.run(
            .path(executable),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        guard case .exited(0) = result.terminationStatus else {
            let lines = result.standardError.split(separator: "\n")
            throw ServingError(
                .cannotConvert,
                what: "cannot turn the model in `\(model.path)` into ONNX",
                why: lines.last.map(String.init) ?? "the converter ended with \(result.terminationStatus)",
                next: "install what the model needs into `\(executable)`, or log the model with `mlflow.onnx`"
            )
        }
        try FileSystem.remove(program)
    }
}
