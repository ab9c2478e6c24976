// SPDX-License-Identifier: Apache-2.0

import Database

/// Adds the points of one call to the histories of a run's metrics, and keeps the latest of each.
///
/// Its statements are prepared once for the call, which has up to a thousand metrics.
struct HistoryWriter {
    /// As many rows of a metric become a block.
    static let packedFrom = 1_024
    /// As many points of a metric in one call become a block without being rows.
    static let blockFrom = 128

    private let run: RunKey
    private let writer: SQLWriter
    private let nameStatement: SQLStatement
    private let latestStatement: SQLStatement
    private let beginStatement: SQLStatement
    private let moveStatement: SQLStatement
    private let countStatement: SQLStatement
    private let pointStatement: SQLStatement

    init(run: RunKey, _ writer: SQLWriter) throws {
        self.run = run
        self.writer = writer
        nameStatement = try writer.statement("SELECT id FROM tracking_names WHERE name = ?")
        latestStatement = try writer.statement(
            "SELECT timestamp_ms, step, value, is_nan, rows FROM tracking_latest WHERE run = ? AND key = ?"
        )
        beginStatement = try writer.statement(
            """
            INSERT INTO tracking_latest (run, key, experiment_id, timestamp_ms, step, value, is_nan, rows)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        moveStatement = try writer.statement(
            """
            UPDATE tracking_latest SET timestamp_ms = ?, step = ?, value = ?, is_nan = ?, rows = ?
            WHERE run = ? AND key = ?
            """
        )
        countStatement = try writer.statement("UPDATE tracking_latest SET rows = ? WHERE run = ? AND key = ?")
        pointStatement = try writer.statement(
            """
            INSERT INTO tracking_points (run, key, timestamp_ms, step, value, is_nan) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """
        )
    }

    /// What a metric is at the end: the latest point, and how many rows its history has.
    private struct Latest {
        var point: MetricPoint
        var rows: Int64
    }

    /// Adds points of the metric whose name has this number, in any order, at least one.
    func append(_ points: [MetricPoint], to key: Int64) throws {
        guard var newest = points.first else { return }
        for point in points where point.isLater(than: newest) { newest = point }
        let old = try latest(of: key)
        var rows = old?.rows ?? 0
        if points.count >= Self.blockFrom {
            try putBlock(of: points, key)
        } else {
            try putRows(points, key)
            rows += Int64(points.count)
        }
        if rows >= Self.packedFrom {
            try packRows(of: key)
            rows = 0
        }
        guard let old else { return try begin(key, Latest(point: newest, rows: rows)) }
        if newest.isLater(than: old.point) {
            try move(key, to: Latest(point: newest, rows: rows))
        } else if rows != old.rows {
            try countStatement.run([.integer(rows), .integer(run.number), .integer(key)])
        }
    }

    /// The number of a metric's name, which is given one if it has none.
    func number(of name: String) throws -> Int64 {
        try nameStatement.bind(name, at: 1)
        if let number = try nameStatement.first({ $0.int64(0) }) { return number }
        return try Store.number(ofName: name, writer)
    }

    // MARK: The latest

    private func latest(of key: Int64) throws -> Latest? {
        try latestStatement.bind(run.number, at: 1)
        try latestStatement.bind(key, at: 2)
        return try latestStatement.first { Latest(point: Store.point($0, from: 0), rows: $0.int64(4)) }
    }

    private func begin(_ key: Int64, _ latest: Latest) throws {
        try beginStatement.bind(run.number, at: 1)
        try beginStatement.bind(key, at: 2)
        try beginStatement.bind(run.experiment, at: 3)
        try bind(latest, to: beginStatement, from: 4)
        try beginStatement.run()
    }

    private func move(_ key: Int64, to latest: Latest) throws {
        try bind(latest, to: moveStatement, from: 1)
        try moveStatement.bind(run.number, at: 6)
        try moveStatement.bind(key, at: 7)
        try moveStatement.run()
    }

    private func bind(_ latest: Latest, to statement: SQLStatement, from place: Int) throws {
        try Self.bind(latest.point, to: statement, from: place)
        try statement.bind(latest.rows, at: place + 4)
    }

    private static func bind(_ point: MetricPoint, to statement: SQLStatement, from place: Int) throws {
        try statement.bind(point.timestampMs, at: place)
        try statement.bind(point.step, at: place + 1)
        try statement.bind(point.storedValue, at: place + 2)
        try statement.bind(point.value.isNaN ? 1 : 0 as Int64, at: place + 3)
    }

    // MARK: Rows and blocks

    private func putRows(_ points: [MetricPoint], _ key: Int64) throws {
        try pointStatement.bind(run.number, at: 1)
        try pointStatement.bind(key, at: 2)
        for point in points {
            try Self.bind(point, to: pointStatement, from: 3)
            try pointStatement.run()
        }
    }

    private func packRows(of key: Int64) throws {
        var points: [MetricPoint] = []
        try Store.appendRows(key: key, run: run.number, to: &points, writer.reader)
        try putBlock(of: points, key)
        try writer.execute("DELETE FROM tracking_points WHERE run = \(run.number) AND key = \(key)")
    }

    private func putBlock(of points: [MetricPoint], _ key: Int64) throws {
        let sorted = Store.ordered(points)
        guard let first = sorted.first, let last = sorted.last else { return }
        try writer.execute(
            """
            INSERT INTO tracking_blocks (
                run, key, first_ms, first_step, first_value, first_is_nan, last_ms, last_step, last_value, last_is_nan,
                points, bytes
            )
            VALUES (
                \(run.number), \(key), \(first.timestampMs), \(first.step), \(first.storedValue), \(first.value.isNaN),
                \(last.timestampMs), \(last.step), \(last.storedValue), \(last.value.isNaN), \(sorted.count),
                \(PointBlock.encoded(sorted))
            )
            """
        )
    }
}
