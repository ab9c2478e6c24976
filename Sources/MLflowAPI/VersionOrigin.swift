// SPDX-License-Identifier: Apache-2.0

import Registry
import Tracking

/// Finds what a version is made from, and refuses a source that is not of the run or model that the request names.
struct VersionOrigin: Sendable {
    /// Schemes that name a host, which a client could make the server ask.
    private static let remote: Set<String> = ["http", "https", "ftp", "sftp", "hdfs", "viewfs"]

    let registry: RegistryService
    let tracking: TrackingService

    /// A version to make: of a logged model with the run that made it, as a copy of another version, or of files.
    ///
    /// - Throws: ``CallError`` for a source that the request may not name; ``TrackingError`` or ``RegistryError`` `.notFound`
    ///   if it names a model or version that is not there.
    func draft(model name: String, source: String, runID: String?, modelID: String?) async throws -> VersionDraft {
        let scheme = source.prefix { $0 != ":" }.lowercased()
        guard !Self.remote.contains(scheme) else {
            throw CallError.invalid("Invalid model version source: '\(source.prefix(200))'. It names a host.")
        }
        if scheme == "models" {
            return try await copy(model: name, source, runID: runID, modelID: modelID)
        }
        if let id = modelID {
            let model = try await tracking.model(id: id)
            let isOther = scheme == "mlflow-artifacts" && !Self.isWithin(source, model.artifactURI)
            guard scheme != "runs", !isOther else { throw Self.refused(source, "model_id") }
            return VersionDraft(model: name, source: source, runID: runID ?? model.sourceRunID, modelID: id)
        }
        if scheme == "runs" {
            guard let run = Self.run(source), run.id == runID else { throw Self.refused(source, "run_id") }
        } else if scheme == "mlflow-artifacts" {
            guard let runID, try await isArtifact(source, of: runID) else { throw Self.refused(source, "run_id") }
        }
        return VersionDraft(model: name, source: source, runID: runID)
    }

    /// The URI of a version's files.
    func artifactURI(of version: ModelVersion) async throws -> String {
        // A logged model's URI names its files only through the model.
        guard let id = version.modelID, version.source.hasPrefix("models:/") else { return version.location }
        return try await tracking.artifactURI(ofModel: id)
    }

    /// The run and path in `runs:/RUN/PATH`.
    static func run(_ source: String) -> (id: String, path: String)? {
        guard source.lowercased().hasPrefix("runs:/"), !source.dropFirst("runs:/".count).hasPrefix("/") else {
            return nil
        }
        let parts = source.dropFirst("runs:/".count).split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    // MARK: Models

    /// A version of a logged model, `models:/m-…`, or of another version.
    private func copy(
        model name: String,
        _ source: String,
        runID: String?,
        modelID: String?
    ) async throws -> VersionDraft {
        let rest = source.dropFirst("models:/".count)
        guard source.hasPrefix("models:/"), !rest.isEmpty, !rest.hasPrefix("/") else {
            throw Self.refused(source, "model_id")
        }
        if rest.hasPrefix("m-"), !rest.contains("/"), !rest.contains("@") {
            // Clients that are older than this rule name the model in the source alone.
            guard modelID == nil || modelID == String(rest) else { throw Self.refused(source, "model_id") }
            let run = try await tracking.model(id: String(rest)).sourceRunID
            return VersionDraft(model: name, source: source, runID: runID ?? run, modelID: String(rest))
        }
        let original = try await version(String(rest), source)
        guard runID == nil || runID == original.runID, modelID == nil || modelID == original.modelID else {
            throw CallError.invalid(
                "Invalid model version source: '\(source.prefix(200))'. The run_id and model_id request parameters must "
                    + "match the referenced model version."
            )
        }
        return VersionDraft(
            model: name,
            source: "models:/\(original.name)/\(original.version)",
            // The original may be renamed or go.
            storage: try await artifactURI(of: original),
            runID: original.runID,
            modelID: original.modelID
        )
    }

    /// The version in `NAME/NUMBER`, `NAME/STAGE`, `NAME/latest` or `NAME@ALIAS`.
    private func version(_ text: String, _ source: String) async throws -> ModelVersion {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 {
            if let number = Int(parts[1]) { return try await registry.version(model: parts[0], number: number) }
            let model = try await registry.model(named: parts[0])
            let isLatest = parts[1].lowercased() == "latest"
            let stage = isLatest ? nil : try VersionStage(named: parts[1])
            let newest = model.latest.filter { stage == nil || $0.stage == stage }.max { $0.version < $1.version }
            if let newest { return newest }
        } else if parts.count == 1, let sign = text.firstIndex(of: "@") {
            let (name, alias) = (String(text[..<sign]), String(text[text.index(after: sign)...]))
            if let found = try await registry.version(model: name, alias: alias) { return found }
        }
        throw CallError.invalid("Invalid model version source: '\(source.prefix(200))'. There is no such version.")
    }

    // MARK: Files

    private func isArtifact(_ source: String, of run: String) async throws -> Bool {
        do {
            return Self.isWithin(source, try await tracking.run(id: run).artifactURI)
        } catch let error as TrackingError where error.code == .notFound {
            return false
        }
    }

    /// Whether a URI lies at or below another, part by part, however often its parts are encoded.
    private static func isWithin(_ source: String, _ root: String) -> Bool {
        let (source, root) = (parts(of: source), parts(of: root))
        return root.count > 1 && source.starts(with: root)
    }

    private static func parts(of uri: String) -> [String] {
        uri.split(separator: "/").map { part in
            var part = String(part)
            while let decoded = percentDecoded(part), decoded != part { part = decoded }
            return part
        }
    }

    private static func refused(_ source: String, _ parameter: String) -> CallError {
        .invalid(
            "Invalid model version source: '\(source.prefix(200))'. The \(parameter) request parameter must identify the "
                + "resource that contains the source."
        )
    }
}
