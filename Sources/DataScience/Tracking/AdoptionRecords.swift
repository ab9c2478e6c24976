// SPDX-License-Identifier: Apache-2.0

/// An experiment that was made elsewhere, to take over.
package struct ExperimentRecord: Sendable {
    /// The name, which is its identity.
    package var name: String
    /// The URI that artefacts begin with; nil for the place where this service keeps them.
    package var artifactLocation: String?
    /// In use or deleted.
    package var stage: LifecycleStage
    /// When it was made, milliseconds UTC.
    package var createdMs: Int64
    /// When it changed, milliseconds UTC.
    package var updatedMs: Int64
    /// Its tags.
    package var tags: [KeyValue]

    /// An experiment to take over.
    package init(
        name: String,
        artifactLocation: String? = nil,
        stage: LifecycleStage = .active,
        createdMs: Int64,
        updatedMs: Int64? = nil,
        tags: [KeyValue] = []
    ) {
        self.name = name
        self.artifactLocation = artifactLocation
        self.stage = stage
        self.createdMs = createdMs
        self.updatedMs = updatedMs ?? createdMs
        self.tags = tags
    }
}

/// A run that happened elsewhere, to take over without its metrics, which come in pieces of their own.
package struct RunRecord: Sendable {
    /// 32 hexadecimal digits.
    package var id: String
    /// The experiment, by the id it has here.
    package var experimentID: String
    /// The name for people.
    package var name: String
    /// How it stands.
    package var status: RunStatus
    /// Start, milliseconds UTC.
    package var startMs: Int64
    /// End, milliseconds UTC; nil while it goes on.
    package var endMs: Int64?
    /// In use or deleted.
    package var stage: LifecycleStage = .active
    /// The URI of its artefacts; nil for the place that its experiment gives it.
    package var artifactURI: String?
    /// Who started it.
    package var userID = ""
    /// What it was started with.
    package var params: [KeyValue] = []
    /// Notes about it.
    package var tags: [KeyValue] = []
    /// The data that went in.
    package var inputs: [DatasetInput] = []
    /// The models that went in, by id; one that is not here is left out.
    package var modelInputs: [String] = []
    /// The models that came out, by id, with the step; one that is not here is left out.
    package var modelOutputs: [(modelID: String, step: Int64)] = []

    /// A run to take over.
    package init(
        id: String,
        experimentID: String,
        name: String,
        status: RunStatus,
        startMs: Int64,
        endMs: Int64? = nil
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.status = status
        self.startMs = startMs
        self.endMs = endMs
    }

    /// A run of this service as another service takes it over.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - experimentID: The experiment, by the id it has there.
    package init(_ run: Run, experimentID: String) {
        self.init(
            id: run.id,
            experimentID: experimentID,
            name: run.name,
            status: run.status,
            startMs: run.startMs,
            endMs: run.endMs
        )
        stage = run.stage
        userID = run.userID
        params = run.params
        tags = run.tags
        inputs = run.inputs
        modelInputs = run.modelInputs
        modelOutputs = run.modelOutputs
    }
}

/// A logged model that was made elsewhere, to take over without what was measured of it.
package struct ModelRecord: Sendable {
    /// `m-` and 32 hexadecimal digits.
    package var id: String
    /// The experiment, by the id it has here.
    package var experimentID: String
    /// The name for people.
    package var name: String
    /// How far it came.
    package var status: LoggedModelStatus
    /// In use or deleted.
    package var stage: LifecycleStage = .active
    /// The URI of its files; nil for the place that its experiment gives it.
    package var artifactURI: String?
    /// The kind of model, if it is known.
    package var modelType: String?
    /// The run that made it.
    package var sourceRunID: String?
    /// When it was made, milliseconds UTC.
    package var createdMs: Int64
    /// When it changed, milliseconds UTC.
    package var updatedMs: Int64
    /// What it was made with.
    package var params: [KeyValue] = []
    /// Notes about it.
    package var tags: [KeyValue] = []

    /// A model to take over.
    package init(
        id: String,
        experimentID: String,
        name: String,
        status: LoggedModelStatus,
        createdMs: Int64,
        updatedMs: Int64? = nil
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.status = status
        self.createdMs = createdMs
        self.updatedMs = updatedMs ?? createdMs
    }
}

/// What became of something that was taken over, and where its artefacts belong.
package struct Adopted: Sendable, Hashable {
    /// What taking over changed.
    package enum Outcome: String, Sendable, CaseIterable {
        /// It was not here before.
        case added
        /// It was here, and got what it lacked.
        case grown
        /// It was here with all of that.
        case unchanged
    }

    /// The id that it has here.
    package let id: String
    /// What taking over changed.
    package let outcome: Outcome
    /// The URI that its artefacts begin with here.
    package let artifactURI: String

    /// What became of something.
    package init(id: String, outcome: Outcome, artifactURI: String) {
        self.id = id
        self.outcome = outcome
        self.artifactURI = artifactURI
    }
}
