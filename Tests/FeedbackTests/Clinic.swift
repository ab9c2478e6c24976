// SPDX-License-Identifier: Apache-2.0

import Database
import Feedback
import Monitoring
import ProjectTesting
import Synchronization
import SystemPackage

/// A feedback service with a real database, and the predictions that it may find.
final class Clinic: Sendable {
    let database: SQLDatabase
    let feedback: FeedbackService
    private let finder = Finder()
    private let ticker = Clock()
    private let folder: TestFolder?

    /// Opens the database in a folder of its own, or one that exists.
    init(at path: FilePath? = nil, positive: String = "sick") async throws {
        folder = try path == nil ? TestFolder() : nil
        let place = path ?? folder?.path ?? ""
        database = try await SQLDatabase.open(
            at: place.appending("gyre.db"),
            role: .client,
            migrations: [FeedbackService.migrations]
        )
        feedback = FeedbackService(
            database: database,
            positive: positive,
            findPredictions: { [finder] in try await finder.find($0) },
            now: { [ticker] in ticker.now() }
        )
    }

    /// The clock, which goes on with each look.
    var now: @Sendable () -> Int64 { { [ticker] in ticker.now() } }

    /// The folder of the database.
    var path: FilePath? { folder?.path }

    /// Does something in the middle of each search from now on.
    func whileSearching(_ body: @escaping @Sendable () async throws -> Void) { finder.interrupt(with: body) }

    /// How many ids were asked for in the last search.
    var lastSearch: [String] { finder.last }

    /// Puts a prediction into the log.
    func log(
        _ id: String,
        _ label: String,
        model: String = "churn",
        version: String = "1",
        features: [(String, LoggedPrediction.FeatureValue)] = [("age", .number(40)), ("plan", .text("basic"))]
    ) {
        let prediction = LoggedPrediction(
            id: id,
            model: model,
            version: version,
            runID: "run",
            timeMs: 5,
            durationNs: 1,
            features: features.map { .init(name: $0.0, value: $0.1) },
            label: label,
            score: 0.25
        )
        finder.add(prediction)
    }

    /// Takes labels: prediction id and truth.
    func label(_ labels: (String, String)...) async throws {
        try await feedback.take(labels.map { try Label(predictionID: $0.0, truth: $0.1) })
    }

    /// Takes a complaint.
    func complain(_ id: String, _ comment: String, truth: String? = nil) async throws {
        try await feedback.take(try UserVerdict(predictionID: id, isUsable: false, truth: truth, comment: comment))
    }

    /// All errors in words, the oldest prediction id first: `id kind truth comment`.
    func errors() async throws -> [String] {
        try await feedback.errors().errors.sorted { $0.id < $1.id }.map {
            "\($0.id) \($0.kind.rawValue) \($0.truth ?? "-") \($0.comment ?? "-")"
        }
    }

    private final class Finder: Sendable {
        private struct State {
            var known: [String: LoggedPrediction] = [:]
            var last: [String] = []
            var interruption: @Sendable () async throws -> Void = {}
        }

        private let state = Mutex(State())
        var last: [String] { state.withLock { $0.last } }
        func add(_ prediction: LoggedPrediction) { state.withLock { $0.known[prediction.id] = prediction } }
        func interrupt(with body: @escaping @Sendable () async throws -> Void) {
            state.withLock { $0.interruption = body }
        }
        func find(_ ids: [String]) async throws -> [LoggedPrediction] {
            let body = state.withLock { $0.interruption }
            try await body()
            return state.withLock { state in
                state.last = ids
                return ids.compactMap { state.known[$0] }
            }
        }
    }

    private final class Clock: Sendable {
        private let time = Mutex<Int64>(1_000)
        func now() -> Int64 {
            time.withLock { time in
                time += 1
                return time
            }
        }
    }
}
