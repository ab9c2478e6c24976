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
        try directory(try await uri(of: version), Self.owner(version))
    }

    /// Where the files of a registered version lie in the store, whether they are a model or not.
    func key(of version: ModelVersion) async throws -> ObjectKey {
        try key(try await uri(of: version), Self.owner(version))
    }

    private static func owner(_ version: ModelVersion) -> String { "version \(version.version) of `\(version.name)`" }

    private func uri(of version: ModelVersion) async throws -> String {
        if let id = version.modelID { return try await tracking.artifactURI(ofModel: id) }
        let uri = version.location
        guard uri.hasPrefix("runs:/") else { return uri }
        let parts = uri.dropFirst("runs:/".count).split(separator: "/", maxSplits: 1)
        let run = try await tracking.run(id: String(parts.first ?? ""))
        return "\(run.artifactURI)/\(parts.dropFirst().first ?? "")"
    }

    private func key(_ uri: String, _ owner: String) throws(ServerError) -> ObjectKey {
        guard let prefix = TrackingService.artifactPrefix(of: uri), let key = try? ObjectKey(prefix) else {
            throw ServerError(
                .notFound,
                what: "cannot find the model of \(owner)",
                why: "its files lie in `\(uri)`, which is not this project's store"
            )
        }
        return key
    }

    /// The model in the store under a URI; `owner` says whose it is.
    func directory(_ uri: String, _ owner: String) throws -> ModelDirectory {
        let path = artifacts.localPath(of: try key(uri, owner))
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
