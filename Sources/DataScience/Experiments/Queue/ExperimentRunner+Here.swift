// SPDX-License-Identifier: Apache-2.0

import DataVersions
package import Pipelines

/// Experiments in the user's own work tree.
extension ExperimentRunner {
    /// Runs one.
    ///
    /// - Returns: The experiment, and what came of the stages.
    /// - Throws: As ``PipelineRunner/reproduce(_:)``, ``ExperimentsError``.
    package func runHere(
        _ request: ExperimentRequest,
        _ setting: Setting,
        onEvent: @escaping @Sendable (PipelineEvent) -> Void
    ) async throws -> (experiment: Experiment, result: ReproduceResult) {
        let entry = try await entryHere(request)
        var options = setting.options(of: entry)
        options.changes = request.combinations.first ?? []
        let runner = PipelineRunner(root: store.data.root, tracking: setting.tracking, onEvent: onEvent)
        let result = try await runner.reproduce(options)
        return (try await keep(store.data.root, as: entry), result)
    }

    /// Keeps the work tree as it is.
    ///
    /// - Parameters:
    ///   - request: The name, what the commit says, and whether it may replace another experiment.
    ///   - files: More files and folders to keep, relative to the root, also such as git does not track.
    ///   - record: Records the data as it is, once the name is known to be right.
    /// - Returns: The experiment, and files that git neither tracks nor ignores, which it lacks.
    /// - Throws: ``ExperimentsError``, what `record` throws.
    package func save(
        _ request: ExperimentRequest,
        adding files: [String],
        record: () async throws -> Void
    ) async throws -> (experiment: Experiment, left: [String]) {
        let entry = try await entryHere(request)
        try await record()
        let experiment = try await keep(store.data.root, as: entry, adding: files)
        let git = Git(root: store.data.root)
        let kept = Set(try await git.changedFiles(from: entry.baseline, to: experiment.commit))
        return (experiment, try await git.untracked().filter { !kept.contains($0) })
    }

    private func entryHere(_ request: ExperimentRequest) async throws -> QueueEntry {
        let baseline = try await store.head()
        guard let name = try await names(of: request, on: baseline).first else { throw CancellationError() }
        return entry(request, 0, name, baseline, snapshot: "")
    }
}
