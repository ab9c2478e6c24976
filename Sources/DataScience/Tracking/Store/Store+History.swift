// SPDX-License-Identifier: Apache-2.0

import Database

/// Histories of metrics, which have millions of points.
///
/// A point comes as a row of `tracking_points`; ``HistoryWriter`` turns many of them into a block of bytes in `tracking_blocks`.
/// Nothing looks for a point that is there already when it is written: whoever reads puts blocks and rows into order, and
/// passes over what comes twice.
extension Store {
    /// The points in the order of a history, each once.
    static func ordered(_ points: [MetricPoint]) -> [MetricPoint] {
        var isOrdered = true
        for (point, next) in zip(points, points.dropFirst()) where !(point < next) {
            isOrdered = false
            break
        }
        if isOrdered { return points }
        var result: [MetricPoint] = []
        result.reserveCapacity(points.count)
        for point in points.sorted() where result.last.map({ !$0.isSame(as: point) }) ?? true { result.append(point) }
        return result
    }

    /// Timestamp, step, value and the mark for none, from `column` on.
    static func point(_ row: SQLColumns, from column: Int) -> MetricPoint {
        MetricPoint(
            timestampMs: row.int64(column),
            step: row.int64(column + 1),
            value: row.bool(column + 3) ? .nan : row.double(column + 2)
        )
    }

    /// Adds the points that are rows, in order.
    static func appendRows(key: Int64, run: Int64, to points: inout [MetricPoint], _ reader: SQLReader) throws {
        var rows: [MetricPoint] = []
        let sql: SQL = """
            SELECT timestamp_ms, step, value, is_nan
            FROM tracking_points
            WHERE run = \(run) AND key = \(key)
            ORDER BY timestamp_ms, step, value, is_nan
            """
        try reader.forEach(sql) { rows.append(point($0, from: 0)) }
        points += rows
    }

    /// The most points that a history can have: fewer, if some were logged twice.
    static func historyBound(key: Int64, run: Int64, _ reader: SQLReader) throws -> Int {
        let sql: SQL = """
            SELECT (SELECT coalesce(sum(points), 0) FROM tracking_blocks WHERE run = \(run) AND key = \(key))
                + (SELECT count(*) FROM tracking_points WHERE run = \(run) AND key = \(key))
            """
        return Int(try reader.row(sql)?.int64(0) ?? 0)
    }

    /// Hands over a history in its order, each point once, in pieces of a few thousand, until the closure returns false.
    ///
    /// Blocks that overlap, as those of points that came out of order, are put into order together; memory holds as many.
    ///
    /// - Parameters:
    ///   - key: The number of the metric's name.
    ///   - run: The run's number.
    ///   - after: Begins behind this point; nil for the beginning.
    ///   - reader: The state to read.
    ///   - body: Takes the next points.
    /// - Throws: ``TrackingError`` `.corrupt` for a damaged block, and what `body` throws.
    static func scanHistory(
        key: Int64,
        run: Int64,
        after: MetricPoint? = nil,
        _ reader: SQLReader,
        _ body: ([MetricPoint]) throws -> Bool
    ) throws {
        var rows: [MetricPoint] = []
        try appendRows(key: key, run: run, to: &rows, reader)
        if let after { rows.removeAll { !(after < $0) } }
        // Points that are read, but with which a block to come may overlap.
        var open: [MetricPoint] = []
        var end: MetricPoint?
        var wantsMore = true
        func close() throws {
            guard wantsMore, let last = end else { return }
            let upTo = rows.firstIndex { last < $0 } ?? rows.endIndex
            open += rows[..<upTo]
            rows.removeFirst(upTo)
            try hand(over: &open, after, &wantsMore, body)
            end = nil
        }
        let sql: SQL = """
            SELECT first_ms, first_step, first_value, first_is_nan, last_ms, last_step, last_value, last_is_nan, bytes
            FROM tracking_blocks
            WHERE run = \(run) AND key = \(key)
            ORDER BY first_ms, first_step, first_value, first_is_nan, id
            """
        try reader.scan(sql) { row in
            let (first, last) = (point(row, from: 0), point(row, from: 4))
            if let after, !(after < last) { return true }
            if let end, end < first { try close() }
            guard wantsMore else { return false }
            try row.withBytes(8) { try PointBlock.decode($0, into: &open) }
            if end.map({ $0 < last }) ?? true { end = last }
            return true
        }
        try close()
        if wantsMore { try hand(over: &rows, after, &wantsMore, body) }
    }

    private static func hand(
        over points: inout [MetricPoint],
        _ after: MetricPoint?,
        _ wantsMore: inout Bool,
        _ body: ([MetricPoint]) throws -> Bool
    ) throws {
        var piece = ordered(points)
        points.removeAll(keepingCapacity: true)
        if let after { piece.removeAll { !(after < $0) } }
        if !piece.isEmpty { wantsMore = try body(piece) }
    }
}
