// SPDX-License-Identifier: Apache-2.0

/// A name with a value.
package struct KeyValue: Sendable, Hashable {
    /// The name.
    package let key: String
    /// The value.
    package let value: String

    /// A name with a value.
    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}

/// Whether an experiment or run is in use or deleted; raw values are MLflow's.
package enum LifecycleStage: String, Sendable {
    /// In use.
    case active
    /// Deleted, until it is restored.
    case deleted
}

/// Which experiments and runs a search looks at; raw values are MLflow's.
package enum ViewType: String, Sendable, CaseIterable {
    /// Those in use.
    case activeOnly = "ACTIVE_ONLY"
    /// The deleted ones.
    case deletedOnly = "DELETED_ONLY"
    /// Both.
    case all = "ALL"
}

/// A set of runs that belong together.
package struct Experiment: Sendable, Identifiable {
    /// A number as text.
    package let id: String
    /// The name, unique also among deleted ones.
    package let name: String
    /// The URI that artefacts of its runs begin with.
    package let artifactLocation: String
    /// In use or deleted.
    package let stage: LifecycleStage
    /// When it was made, milliseconds UTC.
    package let createdMs: Int64
    /// When it or a tag changed, milliseconds UTC.
    package let updatedMs: Int64
    /// Its tags.
    package let tags: [KeyValue]
}

/// How a run stands; raw values are MLflow's.
package enum RunStatus: String, Sendable, CaseIterable {
    /// It goes on.
    case running = "RUNNING"
    /// It will begin.
    case scheduled = "SCHEDULED"
    /// It came to its end.
    case finished = "FINISHED"
    /// It ended with an error.
    case failed = "FAILED"
    /// It was stopped.
    case killed = "KILLED"
}

/// A measured value at a point.
package struct Metric: Sendable, Hashable {
    /// The name.
    package let key: String
    /// The value; may be NaN or infinite.
    package let value: Double
    /// When it was measured, milliseconds UTC.
    package let timestampMs: Int64
    /// The step that it belongs to.
    package let step: Int64
    /// The logged model that it is about besides the run; nil if there is none.
    package let modelID: String?
    /// The data that it was measured on, by name and digest; nil if that is not known.
    package let dataset: Dataset?

    /// Data by its name and the digest of its content; either may be empty.
    package struct Dataset: Sendable, Hashable {
        /// The name.
        package let name: String
        /// The digest.
        package let digest: String

        /// Data by name and digest.
        package init(name: String, digest: String) {
            self.name = name
            self.digest = digest
        }
    }

    /// A measured value.
    package init(
        key: String,
        value: Double,
        timestampMs: Int64,
        step: Int64 = 0,
        modelID: String? = nil,
        dataset: Dataset? = nil
    ) {
        self.key = key
        self.value = value
        self.timestampMs = timestampMs
        self.step = step
        self.modelID = modelID
        self.dataset = dataset
    }
}

/// Data that went into a run: name, digest and source, as MLflow knows datasets.
package struct DatasetInput: Sendable, Hashable {
    /// The dataset's name.
    package let name: String
    /// The digest of its content.
    package let digest: String
    /// The kind of source, such as `local`.
    package let sourceType: String
    /// Where it came from.
    package let source: String
    /// The columns as JSON; nil if they are not known.
    package let schema: String?
    /// Numbers about it as JSON; nil if there are none.
    package let profile: String?
    /// Tags of the use, such as `mlflow.data.context`.
    package let tags: [KeyValue]

    /// Data that went into a run.
    package init(
        name: String,
        digest: String,
        sourceType: String,
        source: String,
        schema: String? = nil,
        profile: String? = nil,
        tags: [KeyValue] = []
    ) {
        self.name = name
        self.digest = digest
        self.sourceType = sourceType
        self.source = source
        self.schema = schema
        self.profile = profile
        self.tags = tags
    }
}

/// One training, with all that is known of it.
package struct Run: Sendable, Identifiable {
    /// 32 hexadecimal digits.
    package let id: String
    /// The name for people.
    package let name: String
    /// The experiment.
    package let experimentID: String
    /// How it stands.
    package let status: RunStatus
    /// Start, milliseconds UTC.
    package let startMs: Int64
    /// End, milliseconds UTC; nil while it goes on.
    package let endMs: Int64?
    /// In use or deleted.
    package let stage: LifecycleStage
    /// The URI of its artefacts.
    package let artifactURI: String
    /// Who started it.
    package let userID: String
    /// What it was started with.
    package let params: [KeyValue]
    /// The latest value of each metric.
    package let metrics: [Metric]
    /// Notes about it.
    package let tags: [KeyValue]
    /// The data that went in.
    package let inputs: [DatasetInput]
    /// The models that went in, by id.
    package let modelInputs: [String]
    /// The models that came out, by id, with the step.
    package let modelOutputs: [(modelID: String, step: Int64)]

    /// The value of a tag.
    package func tag(_ key: String) -> String? { tags.first { $0.key == key }?.value }
    /// The value of a parameter.
    package func param(_ key: String) -> String? { params.first { $0.key == key }?.value }
    /// The latest value of a metric.
    package func metric(_ key: String) -> Double? { metrics.first { $0.key == key }?.value }
}

/// What a run begins with.
package struct RunDraft: Sendable {
    /// The experiment.
    package var experimentID: String
    /// The name; one is made up if it is nil.
    package var name: String?
    /// Start, milliseconds UTC; now if nil.
    package var startMs: Int64?
    /// Who starts it.
    package var userID: String
    /// Notes about it.
    package var tags: [KeyValue]

    /// A run to begin.
    package init(
        experimentID: String,
        name: String? = nil,
        startMs: Int64? = nil,
        userID: String = "",
        tags: [KeyValue] = []
    ) {
        self.experimentID = experimentID
        self.name = name
        self.startMs = startMs
        self.userID = userID
        self.tags = tags
    }
}
