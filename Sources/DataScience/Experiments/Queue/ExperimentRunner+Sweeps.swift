// SPDX-License-Identifier: Apache-2.0

import DataVersions
package import Tracking

/// The run above those of a sweep.
extension ExperimentRunner {
    /// The tag that names what a sweep varies.
    private static let tag = "gyre.sweep"

    /// Begins the run above those of a sweep.
    ///
    /// - Parameters:
    ///   - settings: The parameters as they were typed.
    ///   - name: The name of the run; one is made up if it is nil.
    ///   - experiment: The experiment of the runs.
    ///   - tracking: Where runs are tracked.
    /// - Returns: Its id.
    /// - Throws: Errors of Tracking and DataVersions.
    package func beginSweep(
        _ settings: [String],
        name: String?,
        experiment: String,
        _ tracking: TrackingService
    ) async throws -> String {
        let git = Git(root: store.data.root)
        let tags = [
            KeyValue(Self.tag, settings.joined(separator: " ")), KeyValue("mlflow.source.type", "PROJECT"),
            KeyValue("mlflow.source.name", "gyre exp run"),
            KeyValue("mlflow.source.git.commit", try await store.head()),
        ]
        let user = try await git.userName() ?? ""
        let id = try await tracking.ensureExperiment(named: experiment)
        return try await tracking.createRun(RunDraft(experimentID: id, name: name, userID: user, tags: tags)).id
    }

    /// Ends the runs above sweeps of which nothing waits or runs any more.
    ///
    /// - Parameters:
    ///   - parents: The runs.
    ///   - tracking: Where runs are tracked.
    /// - Throws: ``FilesError``, ``TrackingError``.
    package func endSweeps(_ parents: Set<String>, _ tracking: TrackingService) async throws {
        let entries = try queue.entries()
        for parent in parents {
            let own = entries.filter { $0.parentRun == parent }
            guard !own.contains(where: { [.queued, .running].contains($0.state) }) else { continue }
            let status: RunStatus =
                own.contains { $0.state == .failed }
                ? .failed : own.isEmpty || own.contains { $0.state == .killed } ? .killed : .finished
            // Somebody may have deleted the run; the experiments are there all the same.
            guard let run = try? await tracking.run(id: parent), run.status == .running else { continue }
            _ = try await tracking.updateRun(id: parent, status: status, endMs: now())
        }
    }
}
