// SPDX-License-Identifier: Apache-2.0

import Database

/// Adds the points of one call to the histories of a run's metrics, and keeps the latest of each.
struct HistoryWriter {
    /// When points become blocks.
    struct Limits {
        /// As many points of a metric in one call are a block at once.
        var block = 128
        /// As many batches become blocks.
        var batches: Int64 = 1_024
        /// Batches with as many points become blocks too.
        var fresh: Int64 = 65_536
        /// Fewer points of a metric are not worth a block then, and are left over.
        var worth = 64
        /// More points than this are not left over, but become blocks however few of a metric there are.
        var rest = 262_144
    }

    private let run: RunKey
    private let writer: SQLWriter
    private let limits: Limits

    init(run: RunKey, _ writer: SQLWriter, limits: Limits = Limits()) {
        self.run = run
        self.writer = writer
        self.limits = limits
    }

    /// Adds points in any order.
    func append(_ points: [KeyedPoint]) throws {
        let latest = try LatestWriter(run: run, writer)
        // In the order of the tables, where neighbours lie on one page.
        let isOrdered = zip(points, points.dropFirst()).allSatisfy { $0.key <= $1.key }
        let points = isOrdered ? points : points.sorted { $0.key < $1.key }
        var batch = PointBatch(reserving: points.count)
        var start = points.startIndex
        while start < points.endIndex {
            let key = points[start].key
            let end = points[start...].firstIndex { $0.key != key } ?? points.endIndex
            let series = points[start..<end]
            start = end
            guard var newest = series.first?.point else { continue }
            for entry in series where entry.point.isLater(than: newest) { newest = entry.point }
            try latest.put(newest, key)
            if series.count >= limits.block {
                try putBlock(of: Store.ordered(series.map(\.point)), key)
            } else if series.count == 1 {
                batch.append(CollectionOfOne(newest), of: key)
            } else {
                batch.append(Store.ordered(series.map(\.point)), of: key)
            }
        }
        if batch.count > 0 { try put(batch) }
    }

    // MARK: Batches

    private func put(_ batch: PointBatch) throws {
        let last = try writer.statement(
            "SELECT number, fresh, rest FROM tracking_batches WHERE run = ? ORDER BY number DESC LIMIT 1"
        )
        try last.bind(run.number, at: 1)
        let state = try last.first { ($0.int64(0), $0.int64(1), $0.int64(2)) } ?? (0, 0, 0)
        let (number, fresh, rest) = (state.0 + 1, state.1 + Int64(batch.count), state.2)
        try insert(batch.bytes, number: number, fresh: fresh, rest: rest)
        // What is left over is written anew each time; it waits until as much has come again.
        if number >= limits.batches || fresh >= limits.fresh, fresh >= rest { try pack() }
    }

    private func insert(_ bytes: [UInt8], number: Int64, fresh: Int64, rest: Int64) throws {
        let statement = try writer.statement(
            "INSERT INTO tracking_batches (run, number, fresh, rest, bytes) VALUES (?, ?, ?, ?, ?)"
        )
        try statement.bind(run.number, at: 1)
        try statement.bind(number, at: 2)
        try statement.bind(fresh, at: 3)
        try statement.bind(rest, at: 4)
        try statement.bind(bytes, at: 5)
        try statement.run()
    }

    // MARK: Blocks

    /// Turns the run's batches into blocks; what is not worth one is left over.
    private func pack() throws {
        var series: [Int64: [MetricPoint]] = [:]
        let batches: SQL = "SELECT bytes FROM tracking_batches WHERE run = \(run.number) ORDER BY number"
        try writer.reader.forEach(batches) { row in
            try row.withBytes(0) { bytes in
                try PointBatch.decode(bytes) { entry in
                    series[entry.key, default: []].append(entry.point)
                    return true
                }
            }
        }
        try writer.execute("DELETE FROM tracking_batches WHERE run = \(run.number)")
        let few = series.values.reduce(0) { $1.count < limits.worth ? $0 + $1.count : $0 }
        let worth = few > limits.rest ? 1 : limits.worth
        var rest = PointBatch(reserving: few)
        for (key, points) in series.sorted(by: { $0.key < $1.key }) {
            let points = Store.ordered(points)
            if points.count >= worth {
                try putBlock(of: points, key)
            } else {
                rest.append(points, of: key)
            }
        }
        if rest.count > 0 { try insert(rest.bytes, number: 0, fresh: 0, rest: Int64(rest.count)) }
    }

    /// Stores points that are in the order of a history.
    private func putBlock(of points: [MetricPoint], _ key: Int64) throws {
        guard let first = points.first, let last = points.last else { return }
        try writer.execute(
            """
            INSERT INTO tracking_blocks (
                run, key, first_ms, first_step, first_value, first_is_nan, last_ms, last_step, last_value, last_is_nan,
                points, bytes
            )
            VALUES (
                \(run.number), \(key), \(first.timestampMs), \(first.step), \(first.storedValue), \(first.value.isNaN),
                \(last.timestampMs), \(last.step), \(last.storedValue), \(last.value.isNaN), \(points.count),
                \(PointBlock.encoded(points))
            )
            """
        )
    }
}
