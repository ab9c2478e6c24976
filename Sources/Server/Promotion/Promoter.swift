// SPDX-License-Identifier: Apache-2.0

package import Evaluation
import JSONText
import ObjectStorage
package import Registry
package import SystemPackage
import Tracking

/// What came of a promotion.
package struct PromotionResult: Sendable {
    /// The measurement and the verdict.
    package let report: EvaluationReport
    /// The version that the run's model became; nil if it was refused.
    package let version: ModelVersion?
    /// Whether `champion` points to it now.
    package let isChampion: Bool
}

/// Makes a run's model the champion, if it meets the project's requirements.
package struct Promoter: Sendable {
    private let services: ProjectServices

    /// A promoter for a project.
    package init(services: ProjectServices) { self.services = services }

    /// Judges a run's model; if it passes, registers it, records the verdict, makes it ready to serve, and moves `champion`.
    ///
    /// The report is kept as an artefact of the run, whatever it says. A run that is registered already is not
    /// registered again.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - root: The work tree whose data counts.
    ///   - movesAlias: Whether `champion` moves; else the version waits for a person's word.
    /// - Returns: What came of it.
    /// - Throws: ``ServerError`` if the model cannot be judged; a refusal is no error.
    package func promote(run: String, root: FilePath, movesAlias: Bool = true) async throws -> PromotionResult {
        let report = try await Judge(services: services).report(on: run, root: root)
        try await keep(report)
        guard report.verdict.passed else { return PromotionResult(report: report, version: nil, isChampion: false) }
        let name = services.project.model.name
        let registry = services.registry
        try await registry.ensureModel(name: name)
        try await registry.setGuarded(model: name, true)
        let candidate = try await ModelStore(services: services).model(of: run)
        let known = try await registry.searchVersions(VersionSearch(model: name, runID: run), limit: 1).first
        let version: ModelVersion
        if let known {
            version = known
        } else {
            version = try await registry.createVersion(
                VersionDraft(model: name, source: candidate.source, runID: run, modelID: candidate.modelID)
            )
        }
        var writer = JSONWriter()
        report.write(into: &writer)
        let verdict = RecordedVerdict(
            digest: report.modelDigest,
            passed: true,
            report: writer.text,
            createdMs: report.createdMs
        )
        try await registry.record(verdict, model: name, version: version.version)
        if movesAlias {
            try await registry.setAlias(model: name, alias: RegistryService.champion, version: version.version)
        }
        return PromotionResult(report: report, version: version, isChampion: movesAlias)
    }

    private func keep(_ report: EvaluationReport) async throws {
        let run = try await services.tracking.run(id: report.runID)
        guard let prefix = TrackingService.artifactPrefix(of: run.artifactURI) else { return }
        var writer = JSONWriter(pretty: true)
        report.write(into: &writer)
        try await services.artifacts.put(try ObjectKey("\(prefix)/gyre/evaluation.json"), bytes: writer.bytes)
    }
}
