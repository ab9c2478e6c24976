// SPDX-License-Identifier: Apache-2.0

import Files
package import Registry
package import Serving
import SystemPackage
import Tracking

/// Finds the files of models, and makes them ready to serve.
package struct ModelStore: Sendable {
    private let services: ProjectServices
    private let files: ModelFiles

    /// The models of a project.
    package init(services: ProjectServices) {
        self.services = services
        files = ModelFiles(tracking: services.tracking, artifacts: services.artifacts)
    }

    /// The model that a run logged, as it lies in the artefact store.
    ///
    /// - Throws: ``ServerError`` `.notFound` if the run logged none.
    package func model(of run: String) async throws -> (directory: ModelDirectory, modelID: String?, source: String) {
        if let logged = try await services.tracking.models(of: run).first(where: { $0.status == .ready }) {
            return (try files.directory(logged.artifactURI, "run `\(run)`"), logged.id, logged.artifactURI)
        }
        // Older clients put the model among the run's artefacts.
        let uri = try await services.tracking.run(id: run).artifactURI + "/model"
        return (try files.directory(uri, "run `\(run)`"), nil, uri)
    }

    /// The files of a registered version.
    package func directory(of version: ModelVersion) async throws -> ModelDirectory {
        try await files.directory(of: version)
    }

    /// A version made ready to serve, with the rule of the project.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - name: The name that it is served under; nil for its own.
    /// - Returns: The version, loaded.
    /// - Throws: ``ServerError`` `.refused` if the files are not those that passed, ``ServingError``.
    package func served(_ version: ModelVersion, as name: String? = nil) async throws -> ServedModel {
        try await served(
            try await checked(version),
            name: name ?? version.name,
            version: String(version.version),
            runID: version.runID
        )
    }

    /// The files of a run, or what it logged under that name, made ready to serve.
    package func served(run: String, path: String, as name: String?) async throws -> ServedModel {
        let logged = try await services.tracking.models(of: run).first { $0.name == path && $0.status == .ready }
        let uri =
            if let logged { logged.artifactURI } else {
                try await services.tracking.run(id: run).artifactURI + "/" + path
            }
        let directory = try files.directory(uri, "run `\(run)`")
        return try await served(directory, name: name ?? path, version: "1", runID: run)
    }

    /// A logged model made ready to serve.
    package func served(logged id: String, as name: String?) async throws -> ServedModel {
        let model = try await services.tracking.model(id: id)
        let directory = try files.directory(model.artifactURI, "model `\(id)`")
        return try await served(directory, name: name ?? model.name, version: "1", runID: model.sourceRunID)
    }

    private func served(
        _ directory: ModelDirectory,
        name: String,
        version: String,
        runID: String?
    ) async throws -> ServedModel {
        if let onnx = directory.onnx {
            return try await ModelFileLoader(runtimes: services.runtimes)
                .tensors(onnx, name: name, version: version, runID: runID)
        }
        return try await load(try await prepare(directory), name: name, version: version, runID: runID)
    }

    /// The prepared form of a version, which is what was judged, if it was.
    ///
    /// - Throws: ``ServerError`` `.refused` if the files are not those that passed.
    package func prepared(_ version: ModelVersion) async throws -> PreparedModel {
        try await prepare(try await checked(version))
    }

    /// The files of a version, which are those that were judged, if it was.
    private func checked(_ version: ModelVersion) async throws -> ModelDirectory {
        let directory = try await directory(of: version)
        let verdict = try await services.registry.verdicts(model: version.name, version: version.version).first
        // Before it is prepared, because that may run code of the model.
        if let verdict, try await verdict.digest != directory.digest().description {
            throw ServerError(
                .refused,
                what: "cannot use version \(version.version) of `\(version.name)`",
                why: "its files changed after it was judged",
                next: version.runID.map { "judge it anew by `gyre promote \($0)`" }
            )
        }
        return directory
    }

    /// A prepared model, loaded.
    package func load(
        _ prepared: PreparedModel,
        name: String,
        version: String,
        runID: String?
    ) async throws -> ServedModel {
        let model = services.project.model
        let rule =
            prepared.classes.contains(model.positive)
            ? DecisionRule(positive: model.positive, threshold: model.threshold) : nil
        return try await ModelFileLoader(runtimes: services.runtimes)
            .table(prepared, name: name, version: version, runID: runID, rule: rule)
    }

    /// The prepared form of a model; the test data proves the conversion, if the project has some.
    package func prepare(_ directory: ModelDirectory) async throws -> PreparedModel {
        let runtimes = services.runtimes
        let preparation = ModelPreparation(cache: services.workspace.serving) { try runtimes.python() }
        let data = services.project.evaluation.data.map { services.workspace.root.pushing($0) }
        let rows = data.flatMap { $0.extension == "csv" && FileSystem.exists($0) ? $0 : nil }
        return try await preparation.prepare(directory, rows: rows)
    }
}
