// SPDX-License-Identifier: Apache-2.0

import Files
import ObjectStorage
import Registry
import Serving
import SystemPackage
import Tracking

/// Finds the files of registered versions in the project's artefact store.
struct ModelFiles: Sendable {
    let tracking: TrackingService
    let artifacts: FolderStore

    /// The files of a registered version.
    func directory(of version: ModelVersion) async throws -> ModelDirectory {
        var uri = version.location
        if let id = version.modelID { uri = try await tracking.artifactURI(ofModel: id) }
        if uri.hasPrefix("runs:/") {
            let parts = uri.dropFirst("runs:/".count).split(separator: "/", maxSplits: 1)
            let run = try await tracking.run(id: String(parts.first ?? ""))
            uri = "\(run.artifactURI)/\(parts.dropFirst().first ?? "")"
        }
        return try directory(uri, "version \(version.version) of `\(version.name)`")
    }

    /// The model in the store under a URI; `owner` says whose it is.
    func directory(_ uri: String, _ owner: String) throws -> ModelDirectory {
        guard let prefix = TrackingService.artifactPrefix(of: uri), let key = try? ObjectKey(prefix) else {
            throw ServerError(
                .notFound,
                what: "cannot find the model of \(owner)",
                why: "its files lie in `\(uri)`, which is not this project's store"
            )
        }
        let path = artifacts.localPath(of: key)
        guard FileSystem.exists(path.appending("MLmodel")) else {
            throw ServerError(
                .notFound,
                what: "cannot find the model of \(owner)",
                why: "it logged none",
                next: "log it in the training, for example by `mlflow.sklearn.log_model(model, name=\"model\")`"
            )
        }
        return try ModelDirectory(path)
    }

    /// What guards the `champion` of a project's model: nothing, as long as the project requires nothing.
    func gate(for project: ProjectFile) -> ChampionGate {
        ChampionGate(models: project.evaluation.require.isEmpty ? [] : [project.model.name]) { version in
            try await directory(of: version).digest().description
        }
    }
}
