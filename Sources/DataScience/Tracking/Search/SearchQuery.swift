// SPDX-License-Identifier: Apache-2.0

package import Database

/// A search as one statement that gives one page.
package struct SearchQuery: Sendable {
    private let statement: SQL
    private let columnCount: Int
    private let limit: Int
    /// Whether the statement is one of the program's own, of which there are few.
    private let isCommon: Bool

    /// A search.
    ///
    /// - Parameters:
    ///   - scope: What is searched.
    ///   - columns: The columns that each row begins with.
    ///   - conditions: What must hold besides the filter, on `item`.
    ///   - filter: In MLflow's search language; nil for all.
    ///   - orderBy: The order; the scope's own if empty.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many rows.
    /// - Throws: ``TrackingError`` `.invalidParameter` for a filter, order or token that cannot be read.
    package init(
        _ scope: SearchScope,
        columns: [String],
        where conditions: [SQL] = [],
        filter: String? = nil,
        orderBy: [SearchOrderTerm] = [],
        after token: PageToken? = nil,
        limit: Int
    ) throws(TrackingError) {
        var inner = conditions
        if let filter { inner.append(try SearchFilter(filter, over: scope).condition) }
        let order = try SearchOrder(orderBy, over: scope)
        let selected =
            columns.map { "item.\(raw: $0)" as SQL }
            + order.keys.enumerated().map { index, key in "\(key.value) AS \(raw: SearchOrder.name(index))" }
        var sql: SQL = "SELECT * FROM (SELECT \(SQL.joined(selected, separator: ", ")) FROM \(raw: scope.table) AS item"
        for join in order.joins { sql += join }
        if !inner.isEmpty { sql += " WHERE \(SQL.joined(inner, separator: " AND "))" }
        sql += ")"
        if let token { sql += " WHERE \(try order.condition(after: token))" }
        sql += " \(order.clause) LIMIT \(limit + 1)"
        statement = sql
        columnCount = columns.count
        isCommon = filter == nil && orderBy.isEmpty
        self.limit = limit
    }

    /// The page's rows, each with the asked columns first.
    package func page(_ reader: SQLReader) throws -> Page<SQLRow> {
        let rows = try reader.rows(statement, keepsStatement: isCommon)
        let page = Array(rows.prefix(limit))
        guard rows.count > limit, let last = page.last else { return Page(page, next: nil) }
        return Page(page, next: PageToken(values: (columnCount..<last.count).map { last[$0] }))
    }

    /// How the database would find the rows, for tests.
    func plan(_ reader: SQLReader) throws -> [String] {
        try reader.rows("EXPLAIN QUERY PLAN \(statement)").map { $0.string(3) }
    }
}
