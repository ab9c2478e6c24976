// SPDX-License-Identifier: Apache-2.0

/// What a run lacks of a record of the same run.
///
/// Nothing is taken away: parameters and inputs are added; a tag of the same name and the name follow the record. A later end
/// brings its status along. Deleting or restoring on one side says nothing of the other, nor does another experiment.
struct RunGrowth: Equatable {
    var name: String?
    var status: RunStatus?
    var endMs: Int64?
    var userID: String?
    var params: [KeyValue] = []
    var tags: [KeyValue] = []
    var inputs: [DatasetInput] = []
    var modelInputs: [String] = []
    var modelOutputs: [ModelOutput] = []

    struct ModelOutput: Hashable {
        let modelID: String
        let step: Int64
    }

    var isEmpty: Bool { self == RunGrowth() }

    private init() {}

    /// - Throws: ``TrackingError`` `.alreadyExists` if a parameter has another value: then these are two runs.
    init(of old: Run, to record: RunRecord) throws(TrackingError) {
        for param in record.params {
            guard let value = old.param(param.key) else {
                params.append(param)
                continue
            }
            guard value != param.value else { continue }
            throw TrackingError(
                .alreadyExists,
                what: "cannot take over the run `\(record.id)`",
                why: """
                    its parameter `\(param.key)` is `\(value.prefix(200))` here and `\(param.value.prefix(200))` there; \
                    parameters do not change
                    """
            )
        }
        tags = record.tags.filter { old.tag($0.key) != $0.value }
        if old.name != record.name { name = record.name }
        let isOver = [.finished, .failed, .killed].contains(old.status)
        if let end = record.endMs, end > old.endMs ?? .min { endMs = end }
        if endMs != nil || !isOver, record.status != old.status { status = record.status }
        if old.userID.isEmpty, !record.userID.isEmpty { userID = record.userID }
        let known = Set(old.inputs.map { [$0.name, $0.digest] })
        inputs = record.inputs.filter { !known.contains([$0.name, $0.digest]) }
        modelInputs = record.modelInputs.filter { !old.modelInputs.contains($0) }
        let outputs = Set(old.modelOutputs.map(\.modelID))
        modelOutputs = record.modelOutputs.filter { !outputs.contains($0.modelID) }
            .map { ModelOutput(modelID: $0.modelID, step: $0.step) }
    }
}
