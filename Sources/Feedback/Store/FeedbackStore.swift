// SPDX-License-Identifier: Apache-2.0

import Database

/// The statements of the room, one function each.
enum FeedbackStore {
    /// Takes a label; the same truth again changes nothing, another truth replaces it and is joined anew.
    static func put(_ label: Label, source: String, receivedMs: Int64, in writer: SQLWriter) throws {
        let changed = try writer.execute(
            """
            INSERT INTO feedback_labels (prediction_id, truth, source, received_ms)
            VALUES (\(label.predictionID), \(label.truth), \(source), \(receivedMs))
            ON CONFLICT (prediction_id) DO UPDATE
            SET truth = excluded.truth, source = excluded.source, received_ms = excluded.received_ms,
                outcome = NULL, model = NULL, version = NULL
            WHERE truth <> excluded.truth
            """
        )
        guard changed > 0 else { return }
        // A corrected truth makes the error gathered from the earlier one void, unless a data version holds it. What a user
        // complained of stays a complaint.
        try writer.execute(
            """
            DELETE FROM feedback_errors
            WHERE prediction_id = \(label.predictionID)
              AND data_version IS NULL
              AND comment IS NULL
            """
        )
        try writer.execute(
            """
            UPDATE feedback_errors
            SET kind = 'complaint', truth = NULL
            WHERE prediction_id = \(label.predictionID)
              AND data_version IS NULL
            """
        )
    }

    /// Takes a verdict; every verdict is kept.
    static func put(_ verdict: UserVerdict, receivedMs: Int64, in writer: SQLWriter) throws {
        try writer.execute(
            """
            INSERT INTO feedback_verdicts (prediction_id, usable, truth, comment, received_ms)
            VALUES (\(verdict.predictionID), \(verdict.isUsable), \(verdict.truth), \(verdict.comment), \(receivedMs))
            """
        )
    }

    /// Labels that wait for their prediction: those not looked for longest first, then the oldest.
    static func waitingLabels(limit: Int, in reader: SQLReader) throws -> [Label] {
        let sql: SQL = """
            SELECT prediction_id, truth
            FROM feedback_labels
            WHERE outcome IS NULL
            ORDER BY looked_ms, received_ms, prediction_id
            LIMIT \(limit)
            """
        return try reader.rows(sql).map { try Label(predictionID: $0.string(0), truth: $0.string(1)) }
    }

    /// A complaint that waits for its prediction.
    struct Complaint: Sendable {
        let id: Int64
        let predictionID: String
        let comment: String
    }

    /// Complaints that wait for their prediction: those not looked for longest first, then the oldest.
    static func waitingComplaints(limit: Int, in reader: SQLReader) throws -> [Complaint] {
        let sql: SQL = """
            SELECT id, prediction_id, comment
            FROM feedback_verdicts
            WHERE joined = 0 AND usable = 0
            ORDER BY looked_ms, received_ms, id
            LIMIT \(limit)
            """
        return try reader.rows(sql).map {
            Complaint(id: $0.int64(0), predictionID: $0.string(1), comment: $0.string(2))
        }
    }

    /// Notes that the predictions of labels and complaints were looked for and not found.
    static func postpone(labels: [Label], complaints: [Complaint], lookedMs: Int64, in writer: SQLWriter) throws {
        let label = try writer.statement("UPDATE feedback_labels SET looked_ms = ? WHERE prediction_id = ?")
        for item in labels { _ = try label.run([.integer(lookedMs), .text(item.predictionID)]) }
        let complaint = try writer.statement("UPDATE feedback_verdicts SET looked_ms = ? WHERE id = ?")
        for item in complaints { _ = try complaint.run([.integer(lookedMs), .integer(item.id)]) }
    }

    /// Notes what became of a label; false if another truth has come in between.
    static func settle(
        _ predictionID: String,
        truth: String,
        outcome: Outcome,
        model: String,
        version: String,
        in writer: SQLWriter
    ) throws -> Bool {
        let changed = try writer.execute(
            """
            UPDATE feedback_labels
            SET outcome = \(outcome.rawValue), model = \(model), version = \(version)
            WHERE prediction_id = \(predictionID) AND truth = \(truth)
            """
        )
        return changed > 0
    }

    /// Notes that a complaint has found its prediction.
    static func settleComplaint(_ id: Int64, in writer: SQLWriter) throws {
        try writer.execute("UPDATE feedback_verdicts SET joined = 1 WHERE id = \(id)")
    }

    /// Keeps an error; a label's error replaces the bare complaint about the same prediction and keeps its words.
    static func put(_ error: GatheredError, features: String, gatheredMs: Int64, in writer: SQLWriter) throws {
        try writer.execute(
            """
            INSERT INTO feedback_errors (
                prediction_id, kind, model, version, predicted, truth, score, predicted_ms, gathered_ms, comment, features
            )
            VALUES (
                \(error.id), \(error.kind.rawValue), \(error.model), \(error.version), \(error.predicted),
                \(error.truth), \(error.score), \(error.predictedMs), \(gatheredMs), \(error.comment), \(features)
            )
            ON CONFLICT (prediction_id) DO UPDATE
            SET kind = CASE WHEN excluded.kind = 'complaint' THEN kind ELSE excluded.kind END,
                truth = coalesce(excluded.truth, truth),
                comment = coalesce(nullif(excluded.comment, ''), comment)
            """
        )
    }

    private static let errorColumns =
        "prediction_id, kind, model, version, predicted, truth, score, predicted_ms, comment, data_version"

    /// A page of errors, newest first.
    static func errors(
        kinds: [GatheredError.Kind],
        before cursor: (gatheredMs: Int64, id: String)?,
        limit: Int,
        in reader: SQLReader
    ) throws -> [(error: GatheredError, gatheredMs: Int64)] {
        let cursor = cursor ?? (.max, "")
        let sql: SQL = """
            SELECT \(raw: errorColumns), gathered_ms
            FROM feedback_errors
            WHERE kind IN \(list: kinds.map(\.rawValue))
              AND (gathered_ms, prediction_id) < (\(cursor.gatheredMs), \(cursor.id))
            ORDER BY gathered_ms DESC, prediction_id DESC
            LIMIT \(limit)
            """
        return try reader.rows(sql).map { (error(from: $0), $0.int64(10)) }
    }

    /// The error of one prediction.
    static func error(of predictionID: String, in reader: SQLReader) throws -> GatheredError? {
        try reader.row("SELECT \(raw: errorColumns) FROM feedback_errors WHERE prediction_id = \(predictionID)")
            .map(error(from:))
    }

    private static func error(from row: SQLRow) -> GatheredError {
        GatheredError(
            id: row.string(0),
            kind: GatheredError.Kind(rawValue: row.string(1)) ?? .wrongClass,
            model: row.string(2),
            version: row.string(3),
            predicted: row.string(4),
            truth: row.optionalString(5),
            score: row.optionalDouble(6),
            predictedMs: row.int64(7),
            comment: row.optionalString(8),
            dataVersion: row.optionalString(9)
        )
    }

    /// Errors with a truth that wait for a data version, in the order of their predictions.
    static func newCases(model: String, limit: Int, in reader: SQLReader) throws -> [ErrorCase] {
        let sql: SQL = """
            SELECT prediction_id, truth, features
            FROM feedback_errors
            WHERE data_version IS NULL AND model = \(model) AND truth IS NOT NULL AND kind <> 'complaint'
            ORDER BY predicted_ms, prediction_id
            LIMIT \(limit)
            """
        return try reader.rows(sql).map {
            try ErrorCase(predictionID: $0.string(0), truth: $0.string(1), featuresJSON: $0.string(2))
        }
    }

    /// Errors of one version of a model, newest first.
    static func errors(model: String, version: String, limit: Int, in reader: SQLReader) throws -> [GatheredError] {
        let sql: SQL = """
            SELECT \(raw: errorColumns)
            FROM feedback_errors
            WHERE model = \(model) AND version = \(version)
            ORDER BY gathered_ms DESC, prediction_id DESC
            LIMIT \(limit)
            """
        return try reader.rows(sql).map(error(from:))
    }

    /// The data versions that hold errors of a model.
    static func dataVersions(model: String, in reader: SQLReader) throws -> [String] {
        let sql: SQL = """
            SELECT DISTINCT data_version
            FROM feedback_errors
            WHERE data_version IS NOT NULL AND model = \(model)
            ORDER BY data_version
            LIMIT 100000
            """
        return try reader.rows(sql).map { $0.string(0) }
    }

    /// Lets the errors of a data version wait again.
    static func release(_ dataVersion: String, in writer: SQLWriter) throws {
        try writer.execute("UPDATE feedback_errors SET data_version = NULL WHERE data_version = \(dataVersion)")
    }

    /// Notes that a data version now holds the errors.
    static func assign(_ predictionIDs: [String], to dataVersion: String, in writer: SQLWriter) throws {
        let statement = try writer.statement("UPDATE feedback_errors SET data_version = ? WHERE prediction_id = ?")
        for id in predictionIDs { _ = try statement.run([.text(dataVersion), .text(id)]) }
    }

    /// Predictions whose errors a data version holds.
    static func predictions(in dataVersion: String, limit: Int, in reader: SQLReader) throws -> [String] {
        let sql: SQL = """
            SELECT prediction_id
            FROM feedback_errors
            WHERE data_version = \(dataVersion)
            ORDER BY prediction_id
            LIMIT \(limit)
            """
        return try reader.rows(sql).map { $0.string(0) }
    }

    /// How many errors, labels and verdicts there are.
    static func counts(in reader: SQLReader) throws -> ErrorCounts {
        var byKind: [GatheredError.Kind: Int] = [:]
        let kinds: SQL = "SELECT kind, count(*) FROM feedback_errors GROUP BY kind ORDER BY kind LIMIT 10"
        for row in try reader.rows(kinds) {
            if let kind = GatheredError.Kind(rawValue: row.string(0)) { byKind[kind] = Int(row.int64(1)) }
        }
        func count(_ sql: SQL) throws -> Int { Int(try reader.row(sql)?.int64(0) ?? 0) }
        return ErrorCounts(
            byKind: byKind,
            new: try count(
                """
                SELECT count(*) FROM feedback_errors
                WHERE data_version IS NULL AND truth IS NOT NULL AND kind <> 'complaint'
                """
            ),
            labels: try count("SELECT count(*) FROM feedback_labels"),
            verdicts: try count("SELECT count(*) FROM feedback_verdicts")
        )
    }

    /// Outcomes of the labels of each version of a model.
    static func outcomes(
        model: String,
        in reader: SQLReader
    ) throws -> [(version: String, outcome: Outcome, count: Int)] {
        let sql: SQL = """
            SELECT version, outcome, count(*)
            FROM feedback_labels
            WHERE model = \(model) AND outcome IS NOT NULL
            GROUP BY version, outcome
            ORDER BY version, outcome
            LIMIT 10000
            """
        return try reader.rows(sql).compactMap { row in
            Outcome(rawValue: row.string(1)).map { (row.string(0), $0, Int(row.int64(2))) }
        }
    }
}
