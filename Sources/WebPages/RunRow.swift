// SPDX-License-Identifier: Apache-2.0

/// An experiment in a list.
package struct ExperimentRow: Sendable {
    /// Its id.
    package var id: String
    /// Its name.
    package var name: String
    /// How many runs it has.
    package var runCount: Int?
    /// Start of its newest run.
    package var lastRunMs: Int64?

    /// An experiment.
    package init(id: String, name: String, runCount: Int? = nil, lastRunMs: Int64? = nil) {
        self.id = id
        self.name = name
        self.runCount = runCount
        self.lastRunMs = lastRunMs
    }
}

/// A run in a list.
package struct RunRow: Sendable {
    /// Its id.
    package var id: String
    /// Its name.
    package var name: String
    /// Name of its experiment.
    package var experiment: String
    /// MLflow's word: `RUNNING`, `FINISHED`, `FAILED`, `KILLED`, `SCHEDULED`.
    package var status: String
    /// Its start.
    package var startMs: Int64?
    /// Its end; nil while it runs.
    package var endMs: Int64?
    /// Who started it.
    package var user: String?
    /// The commit it ran on.
    package var commit: String?
    /// Its params; the table shows those that differ between the runs.
    package var params: [String: String]
    /// Its latest metrics; the table shows the ones that most runs have.
    package var metrics: [String: Double]

    /// A run.
    package init(
        id: String,
        name: String,
        experiment: String,
        status: String,
        startMs: Int64? = nil,
        endMs: Int64? = nil,
        user: String? = nil,
        commit: String? = nil,
        params: [String: String] = [:],
        metrics: [String: Double] = [:]
    ) {
        self.id = id
        self.name = name
        self.experiment = experiment
        self.status = status
        self.startMs = startMs
        self.endMs = endMs
        self.user = user
        self.commit = commit
        self.params = params
        self.metrics = metrics
    }
}
