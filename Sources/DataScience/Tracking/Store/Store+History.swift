// SPDX-License-Identifier: Apache-2.0

import Database

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
}

/// The history of a metric of a run, which may have millions of points.
///
/// The points of a call come as one row of `tracking_batches`, whatever metrics they belong to; ``HistoryWriter`` turns many
/// of them into blocks, rows of `tracking_blocks` with points of one metric each. Nothing looks for a point that is there
/// already when it is written: whoever reads puts blocks and batches into order, and passes over what comes twice.
struct MetricHistory {
    private let key: Int64
    private let run: Int64
    private let reader: SQLReader
    /// The points in batches, in order.
    private let recent: [MetricPoint]

    /// - Parameters:
    ///   - key: The number of the metric's name.
    ///   - run: The run's number.
    ///   - reader: The state to read.
    /// - Throws: ``TrackingError`` `.corrupt` for a damaged batch.
    init(key: Int64, run: Int64, _ reader: SQLReader) throws {
        var recent: [MetricPoint] = []
        let batches: SQL = "SELECT bytes FROM tracking_batches WHERE run = \(run) ORDER BY number"
        try reader.forEach(batches) { row in
            try row.withBytes(0) { bytes in
                try PointBatch.decode(bytes) { entry in
                    if entry.key == key { recent.append(entry.point) }
                    return entry.key <= key
                }
            }
        }
        self.recent = Store.ordered(recent)
        self.key = key
        self.run = run
        self.reader = reader
    }

    /// The most points that it can have: fewer, if some were logged twice.
    func bound() throws -> Int {
        let sql: SQL = "SELECT coalesce(sum(points), 0) FROM tracking_blocks WHERE run = \(run) AND key = \(key)"
        return Int(try reader.row(sql)?.int64(0) ?? 0) + recent.count
    }

    /// Hands over the points in their order, each once, in pieces of a few thousand, until the closure returns false.
    ///
    /// Blocks that overlap, as those of points that came out of order, are put into order together; memory holds as many.
    ///
    /// - Parameters:
    ///   - after: Begins behind this point; nil for the beginning.
    ///   - body: Takes the next points.
    /// - Throws: ``TrackingError`` `.corrupt` for a damaged block, and what `body` throws.
    func scan(after: MetricPoint? = nil, _ body: ([MetricPoint]) throws -> Bool) throws {
        var recent = recent[...]
        if let after { recent = recent.drop { !(after < $0) } }
        // Points that are read, but with which a block to come may overlap.
        var open: [MetricPoint] = []
        var end: MetricPoint?
        var wantsMore = true
        func close() throws {
            guard wantsMore, let last = end else { return }
            let upTo = recent.firstIndex { last < $0 } ?? recent.endIndex
            open += recent[..<upTo]
            recent = recent[upTo...]
            wantsMore = try Self.hand(over: open, after, body)
            open.removeAll(keepingCapacity: true)
            end = nil
        }
        let sql: SQL = """
            SELECT first_ms, first_step, first_value, first_is_nan, last_ms, last_step, last_value, last_is_nan, bytes
            FROM tracking_blocks
            WHERE run = \(run) AND key = \(key)
            ORDER BY first_ms, first_step, first_value, first_is_nan, id
            """
        try reader.scan(sql) { row in
            let (first, last) = (Store.point(row, from: 0), Store.point(row, from: 4))
            if let after, !(after < last) { return true }
            if let end, end < first { try close() }
            guard wantsMore else { return false }
            try row.withBytes(8) { try PointBlock.decode($0, into: &open) }
            if end.map({ $0 < last }) ?? true { end = last }
            return true
        }
        try close()
        if wantsMore { _ = try Self.hand(over: Array(recent), after, body) }
    }

    /// Whether more is wanted.
    private static func hand(
        over points: [MetricPoint],
        _ after: MetricPoint?,
        _ body: ([MetricPoint]) throws -> Bool
    ) throws -> Bool {
        var piece = Store.ordered(points)
        if let after { piece.removeAll { !(after < $0) } }
        return piece.isEmpty ? true : try body(piece)
    }
}
