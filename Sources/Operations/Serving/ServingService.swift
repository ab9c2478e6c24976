// SPDX-License-Identifier: Apache-2.0

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

    private let live = Mutex<[String: ServedModel]>([:])
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

    /// Makes a version the live one of its name.
    package func goLive(_ model: ServedModel) { live.withLock { $0[model.name] = model } }

    /// Takes a name out of service.
    package func retire(_ name: String) { live.withLock { $0[name] = nil } }

    /// The models that answer, by name.
    package var models: [ServedModel] { live.withLock { $0.values.sorted { $0.name < $1.name } } }

    /// The model that a request means.
    ///
    /// - Parameters:
    ///   - name: The model's name; the only live model if nil.
    ///   - version: The version that must be live; any if nil.
    /// - Returns: The live version.
    /// - Throws: ``ServingError`` `.unknownModel`, `.notReady`.
    package func model(_ name: String?, version: String? = nil) throws(ServingError) -> ServedModel {
        let live = live.withLock { $0 }
        guard !live.isEmpty else {
            throw ServingError(
                .notReady,
                what: "cannot predict",
                why: "no model is live",
                next: "promote one, for example by `gyre promote --best recall`"
            )
        }
        let names = live.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
        guard let found = name.map({ live[$0] }) ?? (live.count == 1 ? live.values.first : nil) else {
            let what = name.map { "cannot find the model `\($0.prefix(200))`" } ?? "cannot choose a model"
            throw ServingError(.unknownModel, what: what, why: "live are \(names)")
        }
        if let version, version != found.version {
            throw ServingError(
                .unknownModel,
                what: "cannot find version `\(version.prefix(50))` of `\(found.name)`",
                why: "version \(found.version) is live"
            )
        }
        return found
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
}
