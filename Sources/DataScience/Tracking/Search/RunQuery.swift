// SPDX-License-Identifier: Apache-2.0

import Database

/// A search for runs, which looks at how many rows each way would read before it goes one of them.
///
/// There are three ways: through the runs in their own order, until a page is full; from the values of the metric that the
/// answer is ordered by; or from the runs for which one comparison holds, which an index finds.
struct RunQuery: Sendable {
    /// Beyond so many rows a comparison counts as one that most runs fulfil.
    private static let countLimit = 20_000
    /// The most comparisons that are counted.
    private static let lookupLimit = 6

    /// Where a statement begins.
    enum Way: CaseIterable {
        /// At the runs.
        case runs
        /// At the values of the metric that the answer is ordered by.
        case metric
        /// At the runs for which a comparison holds.
        case lookup
    }

    private let experiments: ExperimentSet
    private let filter: SearchFilter
    private let order: SearchOrder
    private let end: [SQLValue]?
    private let conditions: [SQL]
    private let limit: Int
    private let isEmpty: Bool
    private let isCommon: Bool

    /// A search.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for a filter, order or page token that cannot be read.
    init(_ search: RunSearch) throws(TrackingError) {
        experiments = try ExperimentSet(ids: search.experimentIDs)
        filter = try SearchFilter(search.filter ?? "", over: .runs)
        var terms: [SearchOrderTerm] = []
        for text in search.orderBy { terms.append(try SearchOrderTerm(text)) }
        let order = try SearchOrder(terms, over: .runs)
        end = try search.after.map { (token) throws(TrackingError) in try order.values(of: token) }
        self.order = order
        limit = min(max(search.limit, 1), 50_000)
        isEmpty = search.experimentIDs?.isEmpty == true
        isCommon = filter.conjuncts.isEmpty && search.orderBy.isEmpty
        var conditions = search.view.conditions
        if case .some = experiments { conditions.append(experiments.condition(on: "item")) }
        self.conditions = conditions
    }

    /// The page's rows, each with ``Store/runColumns`` first.
    ///
    /// - Parameters:
    ///   - reader: The state to search.
    ///   - way: The way to go if it leads there; nil for the shortest.
    /// - Returns: A page of them.
    /// - Throws: ``DatabaseError``.
    func page(_ reader: SQLReader, by way: Way? = nil) throws -> Page<SQLRow> {
        guard !isEmpty else { return Page([], next: nil) }
        var rows: [SQLRow] = []
        for statement in try statements(reader, by: way) {
            rows += try reader.rows(statement(limit + 1 - rows.count), keepsStatement: isCommon)
            if rows.count > limit { break }
        }
        guard rows.count > limit else { return Page(rows, next: nil) }
        rows.removeLast(rows.count - limit)
        let last = rows[limit - 1]
        return Page(rows, next: PageToken(values: (Store.runColumns.count..<last.count).map { last[$0] }))
    }

    /// How the database would find the rows, for tests.
    func plan(_ reader: SQLReader, by way: Way? = nil) throws -> [String] {
        try statements(reader, by: way).flatMap { statement in
            try reader.rows("EXPLAIN QUERY PLAN \(statement(limit + 1))").map { $0.string(3) }
        }
    }

    // MARK: Choosing

    /// The statements that give the answer one after the other, each by the number of rows that is wanted.
    private func statements(_ reader: SQLReader, by way: Way?) throws -> [@Sendable (Int) -> SQL] {
        let lookups = try countedLookups(reader)
        switch try way ?? shortest(lookups, reader) {
        case .lookup: if let best = lookups.first { return [fromLookup(best, lookups)] }
        case .metric:
            if let metric = order.leadingMetric, let experiment = experiments.single {
                return fromMetric(metric, experiment)
            }
        case .runs: break
        }
        return [fromRuns(filter.conjuncts.map(\.condition), from: "tracking_runs AS item")]
    }

    /// The way that reads the fewest rows, as far as that can be guessed.
    private func shortest(_ lookups: [Counted], _ reader: SQLReader) throws -> Way {
        let isIndexed = experiments.single != nil && order.leadingMetric != nil
        let other: Way = isIndexed ? .metric : .runs
        guard let best = lookups.first, best.count < Self.countLimit else { return other }
        let total = Double(try reader.row("SELECT coalesce(max(number), 0) FROM tracking_runs")?.int64(0) ?? 0)
        // Each comparison is taken to divide what the others leave; then a page is full after so many rows.
        let share = lookups.reduce(1.0) { $0 * min(Double($1.count) / max(total, 1), 1) }
        let stopsEarly = isIndexed || isOrderOfRuns
        let passed = stopsEarly ? min(total, Double(limit + 1) / max(share, 1e-9)) : total
        return Double(best.count) < passed ? .lookup : other
    }

    /// Whether an index gives the runs in the order that is asked for.
    private var isOrderOfRuns: Bool { order.keys.first?.value == "item.start_ms" && order.keys[0].isDescending }

    private struct Counted {
        let place: Int
        let lookup: SearchLookup
        let count: Int
    }

    /// The comparisons that an index answers, the rarest first.
    private func countedLookups(_ reader: SQLReader) throws -> [Counted] {
        var result: [Counted] = []
        for (place, conjunct) in filter.conjuncts.enumerated() {
            guard let lookup = conjunct.lookup, result.count < Self.lookupLimit else { continue }
            let count = try lookup.count(in: experiments, upTo: Self.countLimit, reader)
            result.append(Counted(place: place, lookup: lookup, count: count))
        }
        return result.sorted { $0.count < $1.count }
    }

    // MARK: Statements

    private func fromLookup(_ best: Counted, _ lookups: [Counted]) -> @Sendable (Int) -> SQL {
        var hits = best.lookup.runs(in: experiments)
        var places: Set<Int> = [best.place]
        for other in lookups.dropFirst() where other.count < Self.countLimit && other.count < 5 * best.count {
            // Two lists that are read in a row cost less than looking up each run of the shorter one.
            hits += " AND entry.run IN (\(other.lookup.runs(in: experiments)))"
            places.insert(other.place)
        }
        let rest = filter.conjuncts.indices.filter { !places.contains($0) }.map { filter.conjuncts[$0].condition }
        // A cross join keeps the order of its tables: first the hits, then the runs.
        return fromRuns(rest, from: "(\(hits)) AS hit CROSS JOIN tracking_runs AS item ON item.number = hit.run")
    }

    private func fromRuns(_ comparisons: [SQL], from source: SQL) -> @Sendable (Int) -> SQL {
        var source = source
        for join in order.joins { source += join }
        return page(of: source, conditions + comparisons, keys: order.keys.map(\.value), fixed: 0, after: end)
    }

    /// The runs with a value of the metric, then those whose value is none, then those without it.
    private func fromMetric(
        _ metric: (name: String, isDescending: Bool),
        _ experiment: Int64
    ) -> [@Sendable (Int) -> SQL] {
        let isNamed: SQL = "(SELECT names.id FROM tracking_names AS names WHERE names.name = \(metric.name))"
        let others = order.joins.dropFirst().reduce("" as SQL) { $0 + $1 }
        let comparisons = conditions + filter.conjuncts.map(\.condition)
        let keys = order.keys.map(\.value)
        let reached: Int64 = if case .integer(let rank)? = end?.first { rank } else { 0 }
        var result: [@Sendable (Int) -> SQL] = []
        for rank in 0...2 as ClosedRange<Int64> where rank >= reached {
            var (source, first): (SQL, [SQL])
            var found = comparisons
            if rank == 2 {
                source = "tracking_runs AS item"
                found.append(
                    """
                    NOT EXISTS (SELECT 1 FROM tracking_latest AS entry WHERE entry.run = item.number AND entry.key = \(isNamed))
                    """
                )
                first = ["2", "0"]
            } else {
                source = "tracking_latest AS lead CROSS JOIN tracking_runs AS item ON item.number = lead.run"
                found.append("lead.experiment_id = \(experiment) AND lead.key = \(isNamed) AND lead.is_nan = \(rank)")
                first = rank == 0 ? ["0", "lead.value"] : ["1", "0"]
            }
            result.append(
                page(
                    of: source + others,
                    found,
                    keys: first + keys.dropFirst(2),
                    fixed: rank == 0 ? 1 : 2,
                    after: rank == reached ? end : nil
                )
            )
        }
        return result
    }

    /// - Parameters:
    ///   - source: The tables.
    ///   - comparisons: What must hold.
    ///   - keys: The values that the answer is ordered by, under the names of the order's keys.
    ///   - fixed: How many keys are the same in all rows.
    ///   - end: The end of the page before; nil to begin at the first row.
    /// - Returns: The statement that gives so many rows at most.
    private func page(
        of source: SQL,
        _ comparisons: [SQL],
        keys: [SQL],
        fixed: Int,
        after end: [SQLValue]?
    ) -> @Sendable (Int) -> SQL {
        let selected =
            Store.runColumns.map { "item.\(raw: $0)" as SQL }
            + keys.enumerated().map { index, key in "\(key) AS \(raw: SearchOrder.name(index))" }
        var sql: SQL = "SELECT * FROM (SELECT \(SQL.joined(selected, separator: ", ")) FROM \(source)"
        if !comparisons.isEmpty { sql += " WHERE \(SQL.joined(comparisons, separator: " AND "))" }
        sql += ")"
        if let end { sql += " WHERE \(order.condition(after: end, from: fixed))" }
        sql += " \(order.clause(from: fixed))"
        return { [sql] limit in sql + " LIMIT \(limit)" }
    }
}
