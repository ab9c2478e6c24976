// SPDX-License-Identifier: Apache-2.0

package import Database
package import Monitoring

/// Takes labels and users' verdicts, joins them with the inference log, and gathers the errors.
///
/// Labels may arrive before their prediction is in the log, and weeks after: a label waits until ``gather()`` finds its
/// prediction. Nothing here runs by itself; the loop or a caller starts ``gather()``.
package struct FeedbackService: Sendable {
    /// Finds logged predictions by id; those that are not there are left out.
    package typealias PredictionFinder = @Sendable ([String]) async throws -> [LoggedPrediction]

    private let database: SQLDatabase
    private let positive: String
    private let findPredictions: PredictionFinder
    private let now: @Sendable () -> Int64

    /// A service over the room's tables.
    ///
    /// - Parameters:
    ///   - database: Holds the tables of ``migrations``.
    ///   - positive: The positive class as the target column spells it.
    ///   - findPredictions: Reads the inference log.
    ///   - now: The clock, milliseconds UTC.
    package init(
        database: SQLDatabase,
        positive: String,
        findPredictions: @escaping PredictionFinder,
        now: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.positive = positive
        self.findPredictions = findPredictions
        self.now = now
    }

    /// Takes labels, all or none; durable when it returns.
    ///
    /// Taking one twice changes nothing. Another truth for the same prediction replaces the earlier one.
    package func take(_ labels: [Label]) async throws {
        let receivedMs = now()
        try await database.write { writer in
            for label in labels { try FeedbackStore.put(label, source: "label", receivedMs: receivedMs, in: writer) }
        }
    }

    /// Takes a user's verdict, and its truth as a label if it has one; durable when it returns.
    package func take(_ verdict: UserVerdict) async throws {
        let receivedMs = now()
        try await database.write { writer in
            try FeedbackStore.put(verdict, receivedMs: receivedMs, in: writer)
            guard let truth = verdict.truth else { return }
            let label = try Label(predictionID: verdict.predictionID, truth: truth)
            try FeedbackStore.put(label, source: "user", receivedMs: receivedMs, in: writer)
        }
    }

    /// Joins what waits with the inference log and gathers the errors.
    ///
    /// Reads at most `limit` labels and complaints a call, so memory is bounded; those whose prediction is not found make
    /// way for others. Running it twice, or twice at once, gathers each error once.
    ///
    /// - Parameter limit: At most this many of each.
    /// - Returns: How many labels found their prediction.
    /// - Throws: Errors of Database and of the inference log.
    package func gather(limit: Int = 5_000) async throws -> Int {
        let (labels, complaints) = try await database.read { reader in
            (
                try FeedbackStore.waitingLabels(limit: limit, in: reader),
                try FeedbackStore.waitingComplaints(limit: limit, in: reader)
            )
        }
        let ids = Set(labels.map(\.predictionID)).union(complaints.map(\.predictionID))
        guard !ids.isEmpty else { return 0 }
        let found = try await findPredictions(ids.sorted())
        let predictions = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let gatheredMs = now()
        let positive = positive
        return try await database.write { writer in
            for complaint in complaints {
                guard let prediction = predictions[complaint.predictionID] else { continue }
                let error = GatheredError(prediction, kind: .complaint, truth: nil, comment: complaint.comment)
                let features = ErrorCase.json(of: prediction)
                try FeedbackStore.put(error, features: features, gatheredMs: gatheredMs, in: writer)
                try FeedbackStore.settleComplaint(complaint.id, in: writer)
            }
            var joined = 0
            for label in labels {
                guard let prediction = predictions[label.predictionID] else { continue }
                let outcome = Outcome(predicted: prediction.label, truth: label.truth, positive: positive)
                let isSettled = try FeedbackStore.settle(
                    label.predictionID,
                    truth: label.truth,
                    outcome: outcome,
                    model: prediction.model,
                    version: prediction.version,
                    in: writer
                )
                guard isSettled else { continue }
                joined += 1
                guard let kind = outcome.errorKind else { continue }
                let error = GatheredError(prediction, kind: kind, truth: label.truth, comment: nil)
                let features = ErrorCase.json(of: prediction)
                try FeedbackStore.put(error, features: features, gatheredMs: gatheredMs, in: writer)
            }
            // Only what does not fit into one call must wait for its turn.
            if max(labels.count, complaints.count) >= limit {
                try FeedbackStore.postpone(
                    labels: labels.filter { predictions[$0.predictionID] == nil },
                    complaints: complaints.filter { predictions[$0.predictionID] == nil },
                    lookedMs: gatheredMs,
                    in: writer
                )
            }
            return joined
        }
    }

    /// Gathered errors, newest first.
    ///
    /// - Parameters:
    ///   - kinds: The kinds wanted; all if empty.
    ///   - page: Where the last page ended, as it was returned; nil for the first.
    ///   - limit: At most this many, 1 to 1,000.
    /// - Returns: The page, and where the next one begins; nil at the end.
    /// - Throws: Errors of Database.
    package func errors(
        kinds: [GatheredError.Kind] = [],
        page: ErrorPage.Cursor? = nil,
        limit: Int = 100
    ) async throws -> ErrorPage {
        let limit = min(max(limit, 1), 1_000)
        let wanted = kinds.isEmpty ? GatheredError.Kind.allCases : kinds
        return try await database.read { reader in
            let rows = try FeedbackStore.errors(
                kinds: wanted,
                before: page.map { ($0.gatheredMs, $0.predictionID) },
                limit: limit,
                in: reader
            )
            let next = rows.count < limit ? nil : rows.last
            return ErrorPage(
                errors: rows.map(\.error),
                next: next.map { ErrorPage.Cursor(gatheredMs: $0.gatheredMs, predictionID: $0.error.id) }
            )
        }
    }

    /// The error that a prediction turned out to be; nil if none was gathered.
    package func error(of predictionID: String) async throws -> GatheredError? {
        try await database.read { try FeedbackStore.error(of: predictionID, in: $0) }
    }

    /// Errors of one version of a model, newest first, at most `limit`.
    package func errors(model: String, version: String, limit: Int) async throws -> [GatheredError] {
        try await database.read { try FeedbackStore.errors(model: model, version: version, limit: limit, in: $0) }
    }

    /// How many errors, labels and verdicts there are.
    package func counts() async throws -> ErrorCounts {
        try await database.read { try FeedbackStore.counts(in: $0) }
    }

    /// Quality of each version of `model` in production, by version.
    package func liveQuality(of model: String) async throws -> [LiveQuality] {
        let rows = try await database.read { try FeedbackStore.outcomes(model: model, in: $0) }
        return Dictionary(grouping: rows, by: \.version)
            .map { version, rows in
                LiveQuality(
                    version: version,
                    counts: Dictionary(uniqueKeysWithValues: rows.map { ($0.outcome, $0.count) })
                )
            }
            .sorted { (Int($0.version) ?? 0, $0.version) < (Int($1.version) ?? 0, $1.version) }
    }

    /// Errors that wait for the next data version, oldest prediction first, at most `limit`.
    package func newCases(model: String, limit: Int = 100_000) async throws -> [ErrorCase] {
        try await database.read { try FeedbackStore.newCases(model: model, limit: limit, in: $0) }
    }

    /// Notes that the data version with this digest holds the errors.
    package func assign(_ cases: [ErrorCase], to dataVersion: String) async throws {
        let ids = cases.map(\.predictionID)
        try await database.write { try FeedbackStore.assign(ids, to: dataVersion, in: $0) }
    }

    /// Lets errors wait again whose data version is not among these: nothing builds on it.
    func keepAssigned(of model: String, in dataVersions: Set<String>) async throws {
        let held = try await database.read { try FeedbackStore.dataVersions(model: model, in: $0) }
        let lost = held.filter { !dataVersions.contains($0) }
        guard !lost.isEmpty else { return }
        try await database.write { writer in for version in lost { try FeedbackStore.release(version, in: writer) } }
    }

    /// Predictions whose errors a data version holds, at most `limit`.
    package func predictions(in dataVersion: String, limit: Int = 1_000) async throws -> [String] {
        try await database.read { try FeedbackStore.predictions(in: dataVersion, limit: limit, in: $0) }
    }
}

/// A page of gathered errors.
package struct ErrorPage: Sendable {
    /// Where a page ended.
    package struct Cursor: Sendable, Hashable {
        /// When the last error of the page was gathered, milliseconds UTC.
        package let gatheredMs: Int64
        /// The last error of the page.
        package let predictionID: String

        /// The place after the error of `predictionID`.
        package init(gatheredMs: Int64, predictionID: String) {
            self.gatheredMs = gatheredMs
            self.predictionID = predictionID
        }
    }

    /// The errors, newest first.
    package let errors: [GatheredError]
    /// Where the next page begins; nil at the end.
    package let next: Cursor?
}

extension GatheredError {
    init(_ prediction: LoggedPrediction, kind: Kind, truth: String?, comment: String?) {
        self.init(
            id: prediction.id,
            kind: kind,
            model: prediction.model,
            version: prediction.version,
            predicted: prediction.label,
            truth: truth,
            score: prediction.score,
            predictedMs: prediction.timeMs,
            comment: comment,
            dataVersion: nil
        )
    }
}
