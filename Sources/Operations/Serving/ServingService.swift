// SPDX-License-Identifier: Apache-2.0

package import JSONText
import Synchronization

/// A prediction as it happened, for whoever keeps a log.
package struct PredictionRecord: Sendable {
    /// UUID of version 7.
    package let id: String
    /// The model that answered.
    package let model: ServedModel
    /// When the request was taken, milliseconds UTC.
    package let timeMs: Int64
    /// How long the engine took for the whole request, nanoseconds.
    package let durationNs: Int64
    /// The request's rows.
    package let batch: FeatureBatch
    /// Which of the rows.
    package let row: Int
    /// What the model said.
    package let answer: RowAnswer
}

/// An answer to a whole request.
package struct Prediction: Sendable {
    /// The model that answered.
    package let model: ServedModel
    /// One id a row.
    package let ids: [String]
    /// One answer a row.
    package let answers: [RowAnswer]
}

/// Answers requests with the live version of each model.
///
/// A version goes live in one step: requests that began with the old one end with it, and its memory is freed after the last
/// of them. No request waits for a switch, none fails because of it.
package final class ServingService: Sendable {
    /// The most rows of one request.
    package static let rowLimit = 10_000

    /// The versions of a name.
    private struct Versions {
        /// Answers requests that name no version.
        var current: ServedModel
        /// Answer requests that name them.
        var others: [ServedModel] = []

        /// The current one first.
        var all: [ServedModel] { [current] + others }
    }

    private let live = Mutex<[String: Versions]>([:])
    private let onPrediction: @Sendable (PredictionRecord) -> Void
    private let now: @Sendable () -> Int64

    /// A service without a model.
    ///
    /// - Parameters:
    ///   - onPrediction: Called for each row before the answer is sent; must not block.
    ///   - now: The clock, milliseconds UTC.
    package init(
        onPrediction: @escaping @Sendable (PredictionRecord) -> Void = { _ in },
        now: @escaping @Sendable () -> Int64
    ) {
        self.onPrediction = onPrediction
        self.now = now
    }

    /// Makes a version the current one of its name, in the place of the one before.
    package func goLive(_ model: ServedModel) {
        live.withLock { $0[model.name, default: Versions(current: model)].current = model }
    }

    /// Adds a version to those of its name; the one with the highest number is the current one.
    package func add(_ model: ServedModel) {
        live.withLock { live in
            guard var versions = live[model.name] else {
                live[model.name] = Versions(current: model)
                return
            }
            let isNewer = (Int(model.version) ?? 0) > (Int(versions.current.version) ?? 0)
            versions.others.append(isNewer ? versions.current : model)
            if isNewer { versions.current = model }
            live[model.name] = versions
        }
    }

    /// Takes a name out of service.
    package func retire(_ name: String) { live.withLock { $0[name] = nil } }

    /// The current version of each model, by name.
    package var models: [ServedModel] { live.withLock { $0.values.map(\.current).sorted { $0.name < $1.name } } }

    /// The versions of a model that answer, the current one first; empty for a name that is not known.
    package func versions(of name: String) -> [ServedModel] { live.withLock { $0[name]?.all ?? [] } }

    /// Whether any model is live.
    ///
    /// - Throws: ``ServingError`` `.notReady` if none is.
    package func checkReady() throws(ServingError) { if live.withLock({ $0.isEmpty }) { throw Self.notReady } }

    private static let notReady = ServingError(
        .notReady,
        what: "cannot predict",
        why: "no model is live",
        next: "promote one, for example by `gyre promote --best recall`"
    )

    /// The model that a request means.
    ///
    /// - Parameters:
    ///   - name: The model's name; the only live model if nil.
    ///   - version: The version; the current one if nil.
    /// - Returns: The version, which is live.
    /// - Throws: ``ServingError`` `.unknownModel`, `.notReady`.
    package func model(_ name: String?, version: String? = nil) throws(ServingError) -> ServedModel {
        let live = live.withLock { $0 }
        guard !live.isEmpty else { throw Self.notReady }
        let names = live.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
        guard let found = name.map({ live[$0] }) ?? (live.count == 1 ? live.values.first : nil) else {
            let what = name.map { "cannot find the model `\($0.prefix(200))`" } ?? "cannot choose a model"
            throw ServingError(.unknownModel, what: what, why: "live are \(names)")
        }
        guard let version else { return found.current }
        if let model = found.all.first(where: { $0.version == version }) { return model }
        let known = found.all.map(\.version)
        throw ServingError(
            .unknownModel,
            what: "cannot find version `\(version.prefix(50))` of `\(found.current.name)`",
            why: known.count == 1
                ? "version \(known[0]) is live" : "the versions \(known.joined(separator: ", ")) are live"
        )
    }

    /// Answers a batch that was decoded for `model`.
    package func predict(_ model: ServedModel, _ batch: FeatureBatch) async throws -> Prediction {
        let timeMs = now()
        let clock = ContinuousClock()
        let start = clock.now
        let answers = try await model.answer(batch)
        let nanoseconds = Int64((clock.now - start) / .nanoseconds(1))
        let ids = PredictionID.make(batch.rowCount, timeMs: timeMs)
        for (row, answer) in answers.enumerated() {
            onPrediction(
                PredictionRecord(
                    id: ids[row],
                    model: model,
                    timeMs: timeMs,
                    durationNs: nanoseconds,
                    batch: batch,
                    row: row,
                    answer: answer
                )
            )
        }
        return Prediction(model: model, ids: ids, answers: answers)
    }

    /// Answers a request of the Open Inference Protocol.
    ///
    /// - Returns: The answer, with an id for each row.
    /// - Throws: ``ServingError`` `.invalidRequest`, `.tooManyRows`, `.overloaded`, `.engineFailed`.
    package func infer(_ model: ServedModel, _ request: InferenceRequest) async throws -> InferenceAnswer {
        try request.check(outputs: model.outputs.map(\.name))
        let tensors: [Tensor]
        if model.table != nil {
            let prediction = try await predict(model, try OpenInference.batch(request.inputs, for: model.columns))
            tensors = OpenInference.tensors(prediction)
        } else {
            let names = model.outputs.map(\.name).filter { $0 != OpenInference.idOutput && request.wants($0) }
            let outputs = names.isEmpty ? [] : try await model.answer(request.inputs, outputs: names)
            let ids = PredictionID.make(request.inputs.first?.rowCount ?? 1, timeMs: now())
            tensors = outputs + [OpenInference.ids(ids)]
        }
        return InferenceAnswer(tensors, to: request, model: model.name, version: model.version)
    }

    /// Answers a request of MLflow's scoring.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.tooManyRows`, `.overloaded`, `.engineFailed`.
    package func score(_ model: ServedModel, _ root: JSONElement, into writer: inout JSONWriter) async throws {
        guard model.table == nil else {
            let prediction = try await predict(model, try MLflowScoring.decode(root, for: model))
            return MLflowScoring.encode(prediction, into: &writer)
        }
        let inputs = try MLflowScoring.tensors(root, for: model)
        let names = model.outputs.map(\.name).filter { $0 != OpenInference.idOutput }
        let outputs = try await model.answer(inputs, outputs: names)
        let ids = PredictionID.make(inputs.first?.rowCount ?? 1, timeMs: now())
        MLflowScoring.encode(outputs, ids: ids, of: model, into: &writer)
    }

    /// Answers records by column name.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.tooManyRows`, `.overloaded`, `.engineFailed`.
    package func answer(_ model: ServedModel, _ root: JSONElement, into writer: inout JSONWriter) async throws {
        let prediction = try await predict(model, try PlainPrediction.decode(root, for: model))
        PlainPrediction.encode(prediction, isList: root.kind == .array, into: &writer)
    }
}
