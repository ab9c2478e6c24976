// SPDX-License-Identifier: Apache-2.0

import DataVersions

/// The experiments of a git remote, which others push and pull.
package struct SharedExperiments: Sendable {
    private let store: ExperimentStore
    private let remote: String
    private var git: Git { Git(root: store.data.root) }

    /// The experiments of a remote.
    ///
    /// - Parameters:
    ///   - remote: A remote's name, or an address.
    ///   - store: The experiments here.
    package init(of remote: String, beside store: ExperimentStore) { (self.remote, self.store) = (remote, store) }

    /// What became of experiments that were to be sent or brought.
    package struct Outcome: Sendable {
        /// Those that were.
        package var moved: [Experiment] = []
        /// Those that were there.
        package var upToDate: [Experiment] = []
        /// Those in whose place there is another.
        package var diverged: [Experiment] = []

        /// Those that both sides have now.
        package var shared: [Experiment] { moved + upToDate }
    }

    /// All experiments of the remote, by name; when they were made is not known.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if the remote does not answer.
    package func all() async throws -> [Experiment] {
        try await git.references(of: remote, below: ExperimentStore.folder)
            .compactMap { ExperimentStore.experiment(named: $0.key, commit: $0.value, seconds: 0) }
            .sorted { ($0.name, $0.baseline) < ($1.name, $1.baseline) }
    }

    /// Sorts experiments by what the other side has of them.
    private static func outcome(
        of experiments: [Experiment],
        against others: [Experiment],
        force: Bool
    ) -> (outcome: Outcome, old: [String: String]) {
        var known: [String: String] = [:]
        for other in others { known[ExperimentStore.reference(other)] = other.commit }
        var outcome = Outcome()
        for experiment in experiments {
            switch known[ExperimentStore.reference(experiment)] {
            case experiment.commit: outcome.upToDate.append(experiment)
            case .some where !force: outcome.diverged.append(experiment)
            default: outcome.moved.append(experiment)
            }
        }
        return (outcome, known)
    }

    /// Sends experiments, once what they need is there.
    ///
    /// - Parameters:
    ///   - experiments: Some of those here.
    ///   - force: Whether they take the place of others of their names.
    ///   - sendData: Sends the data of those that the remote will have.
    /// - Returns: What became of each.
    /// - Throws: ``DataVersionsError`` `.git`; what `sendData` throws, and then none was sent.
    package func push(
        _ experiments: [Experiment],
        force: Bool,
        sendData: (Outcome) async throws -> Void
    ) async throws -> Outcome {
        let (outcome, old) = Self.outcome(of: experiments, against: try await all(), force: force)
        try await sendData(outcome)
        let changes = outcome.moved.map { experiment in
            let name = ExperimentStore.reference(experiment)
            return Git.ReferenceChange(name, to: experiment.commit, from: old[name])
        }
        try await git.push(changes, to: remote)
        return outcome
    }

    /// Brings experiments here.
    ///
    /// - Parameters:
    ///   - experiments: Some of those of the remote.
    ///   - force: Whether they take the place of others of their names.
    /// - Returns: What became of each.
    /// - Throws: ``DataVersionsError`` `.git`.
    package func pull(_ experiments: [Experiment], force: Bool) async throws -> Outcome {
        let (outcome, _) = Self.outcome(of: experiments, against: try await store.all(), force: force)
        try await git.fetch(outcome.moved.map { ExperimentStore.reference($0) }, from: remote, force: force)
        return outcome
    }

    /// Removes experiments from the remote.
    ///
    /// - Throws: ``DataVersionsError`` `.git`.
    package func remove(_ experiments: [Experiment]) async throws {
        let changes = experiments.map { experiment in
            Git.ReferenceChange(ExperimentStore.reference(experiment), to: nil, from: experiment.commit)
        }
        try await git.push(changes, to: remote)
    }
}
