// SPDX-License-Identifier: Apache-2.0

import Registry
import Tracking

/// Finds what a version is made from, where its source names it by `models:/…`.
struct VersionOrigin: Sendable {
    let registry: RegistryService
    let tracking: TrackingService

    /// A version to make: of a logged model with the run that made it, or as a copy of another version.
    ///
    /// - Throws: ``TrackingError`` or ``RegistryError`` `.notFound` if the source names a model or version that is not there.
    func draft(model name: String, source: String, runID: String?, modelID: String?) async throws -> VersionDraft {
        if let id = modelID ?? Self.loggedModel(source) {
            let run = try await tracking.model(id: id).sourceRunID
            return VersionDraft(model: name, source: source, runID: runID ?? run, modelID: id)
        }
        if let (original, number) = Self.version(source) {
            let version = try await registry.version(model: original, number: number)
            return VersionDraft(
                model: name,
                source: version.source,
                runID: runID ?? version.runID,
                modelID: version.modelID
            )
        }
        return VersionDraft(model: name, source: source, runID: runID)
    }

    /// The URI of a version's files.
    func artifactURI(of version: ModelVersion) async throws -> String {
        // A logged model's URI names its files only through the model.
        guard let id = version.modelID, version.source.hasPrefix("models:/") else { return version.source }
        return try await tracking.artifactURI(ofModel: id)
    }

    /// The id in `models:/m-…`.
    private static func loggedModel(_ source: String) -> String? {
        let id = source.dropFirst("models:/".count)
        return source.hasPrefix("models:/m-") && !id.contains("/") && !id.contains("@") ? String(id) : nil
    }

    /// The name and number in `models:/NAME/NUMBER`.
    private static func version(_ source: String) -> (name: String, number: Int)? {
        guard source.hasPrefix("models:/") else { return nil }
        let parts = source.dropFirst("models:/".count).split(separator: "/")
        guard parts.count == 2, let number = Int(parts[1]) else { return nil }
        return (String(parts[0]), number)
    }
}
