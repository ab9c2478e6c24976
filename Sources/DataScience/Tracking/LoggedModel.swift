// SPDX-License-Identifier: Apache-2.0

/// How far the logging of a model came; raw values are MLflow's.
package enum LoggedModelStatus: String, Sendable, CaseIterable {
    /// Its files come next.
    case pending = "LOGGED_MODEL_PENDING"
    /// Its files are there.
    case ready = "LOGGED_MODEL_READY"
    /// Its files did not come.
    case uploadFailed = "LOGGED_MODEL_UPLOAD_FAILED"
}

/// What a logged model begins with.
package struct LoggedModelDraft: Sendable {
    /// The experiment.
    package var experimentID: String
    /// The name; one is made up if it is nil.
    package var name: String?
    /// The kind of model, if the client says it.
    package var modelType: String?
    /// The run that makes it.
    package var sourceRunID: String?
    /// What it is made with.
    package var params: [KeyValue]
    /// Notes about it.
    package var tags: [KeyValue]

    /// A model to log.
    package init(
        experimentID: String,
        name: String? = nil,
        modelType: String? = nil,
        sourceRunID: String? = nil,
        params: [KeyValue] = [],
        tags: [KeyValue] = []
    ) {
        self.experimentID = experimentID
        self.name = name
        self.modelType = modelType
        self.sourceRunID = sourceRunID
        self.params = params
        self.tags = tags
    }
}

/// A model that a run logged, before or without being registered.
package struct LoggedModel: Sendable, Identifiable {
    /// `m-` and 32 hexadecimal digits.
    package let id: String
    /// The experiment.
    package let experimentID: String
    /// The name for people.
    package let name: String
    /// The URI of its files.
    package let artifactURI: String
    /// How far it came.
    package let status: LoggedModelStatus
    /// The kind of model, if the client said it.
    package let modelType: String?
    /// The run that made it.
    package let sourceRunID: String?
    /// When it was made, milliseconds UTC.
    package let createdMs: Int64
    /// When it changed, milliseconds UTC.
    package let updatedMs: Int64
    /// Notes about it.
    package let tags: [KeyValue]
    /// What it was made with.
    package let params: [KeyValue]
    /// Values that runs measured for it, at most ``TrackingService/modelMetricLimit``.
    package let metrics: [(metric: Metric, runID: String)]
}
