// SPDX-License-Identifier: Apache-2.0

import Database

/// A field to order by, and the direction.
package struct SearchOrderTerm: Sendable {
    let field: String
    let isDescending: Bool
    /// The data that the value was measured on, which only metrics of logged models know; nil for any.
    let dataset: DatasetFilter?

    /// A field as the language names it.
    package init(field: String, isDescending: Bool, dataset: DatasetFilter? = nil) {
        self.field = field
        self.isDescending = isDescending
        self.dataset = dataset
    }

    /// Reads a term such as `metrics.recall DESC`.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter`.
    package init(_ text: String) throws(TrackingError) {
        let what = "cannot order by `\(text.prefix(100))`"
        var tokens = try SearchTokens(text, what: what)
        guard case .word(let field) = tokens.next() else {
            throw .invalid(what, "it names no field", next: "write for example `metrics.recall DESC`")
        }
        let isDescending = tokens.take("DESC")
        if !isDescending { _ = tokens.take("ASC") }
        if let rest = tokens.peek {
            throw .invalid(
                what,
                "`\(rest.shown.prefix(50))` is neither ASC nor DESC",
                next: "put a name with spaces into backticks"
            )
        }
        self.init(field: field, isDescending: isDescending)
    }
}

/// The order of a search's answer, as keys that are never null and whose last is unique.
///
/// What has no value comes last, and before it what is no number, whatever the direction.
struct SearchOrder {
    /// The most fields of an order.
    static let termLimit = 20

    struct Key {
        let value: SQL
        let isNumber: Bool
        let isDescending: Bool
    }

    let keys: [Key]
    /// What the statement joins to `item` for the keys.
    let joins: [SQL]
    /// The metric of runs that comes first; its rank and value are the first two keys.
    let leadingMetric: (name: String, isDescending: Bool)?

    init(_ terms: [SearchOrderTerm], over scope: SearchScope) throws(TrackingError) {
        guard terms.count <= Self.termLimit else {
            throw .invalid("cannot order by \(terms.count) fields", "\(Self.termLimit) are allowed")
        }
        var keys: [Key] = []
        var joins: [SQL] = []
        var leading: (name: String, isDescending: Bool)?
        var seen: Set<SQL> = []
        for term in terms {
            let what = "cannot order by `\(term.field.prefix(100))`"
            let field = try scope.field(term.field, what: what).measured(on: term.dataset)
            guard field.isSingle else { throw .invalid(what, "a row may hold several of them") }
            // Named again, it can decide nothing any more.
            guard seen.insert("\(field.value) \(field.rows ?? "")").inserted else { continue }
            if let index = field.index {
                let alias = "order_\(joins.count)"
                joins.append(Self.join(index.table, index.key, as: alias))
                if keys.isEmpty, field.isNumber { leading = (index.key, term.isDescending) }
                keys.append(Key(value: Self.rank(field, of: alias), isNumber: true, isDescending: false))
                let empty: SQL = field.isNumber ? "0" : "''"
                keys.append(
                    Key(
                        value: "coalesce(\(raw: alias).value, \(empty))",
                        isNumber: field.isNumber,
                        isDescending: term.isDescending
                    )
                )
                continue
            }
            if field.isNullable, !field.isEmptyIfMissing {
                keys.append(Key(value: Self.rank(field), isNumber: true, isDescending: false))
            }
            keys.append(Key(value: Self.value(field), isNumber: field.isNumber, isDescending: term.isDescending))
        }
        for tie in scope.ties {
            let value = SearchField(tie.column).value
            guard !keys.contains(where: { $0.value == value }) else { continue }
            keys.append(Key(value: value, isNumber: tie.column.isNumber, isDescending: tie.isDescending))
        }
        self.keys = keys
        self.joins = joins
        leadingMetric = leading
    }

    private static func join(_ table: String, _ key: String, as alias: String) -> SQL {
        """
         LEFT JOIN \(raw: table) AS \(raw: alias) ON \(raw: alias).run = item.number AND \(raw: alias).key = \
        (SELECT names.id FROM tracking_names AS names WHERE names.name = \(key))
        """
    }

    private static func rank(_ field: SearchField, of alias: String) -> SQL {
        let rank: SQL = field.mayBeNaN ? "\(raw: alias).is_nan" : "0"
        return "CASE WHEN \(raw: alias).run IS NULL THEN 2 ELSE \(rank) END"
    }

    /// 0 for a value, 1 for what is no number, 2 for what is missing.
    private static func rank(_ field: SearchField) -> SQL {
        guard let rows = field.rows else { return "CASE WHEN \(field.value) IS NULL THEN 2 ELSE 0 END" }
        return "coalesce((SELECT \(raw: field.mayBeNaN ? "entry.is_nan" : "0") FROM \(rows)\(latest(field))), 2)"
    }

    private static func value(_ field: SearchField) -> SQL {
        let empty: SQL = field.isNumber ? "0" : "''"
        guard let rows = field.rows else {
            return field.isNullable ? "coalesce(\(field.value), \(empty))" : field.value
        }
        return "coalesce((SELECT \(field.value) FROM \(rows)\(latest(field))), \(empty))"
    }

    private static func latest(_ field: SearchField) -> SQL {
        field.latest.map { " ORDER BY \(raw: $0) LIMIT 1" } ?? " LIMIT 1"
    }

    /// `ORDER BY` over the keys' names.
    var clause: SQL { clause(from: 0) }

    /// `ORDER BY` over the keys' names from one on, where those before it are the same for all rows.
    func clause(from first: Int) -> SQL {
        let terms = keys.indices.dropFirst(first).map { index -> SQL in
            "\(raw: Self.name(index))\(raw: keys[index].isDescending ? " DESC" : "")"
        }
        return "ORDER BY \(SQL.joined(terms, separator: ", "))"
    }

    /// The condition for what lies behind a page's end.
    func condition(after token: PageToken) throws(TrackingError) -> SQL {
        condition(after: try values(of: token), from: 0)
    }

    /// The values of a page's end, one for each key.
    func values(of token: PageToken) throws(TrackingError) -> [SQLValue] {
        try token.values(keys.map(\.isNumber))
    }

    /// The condition for what lies behind a page's end by the keys from one on.
    func condition(after values: [SQLValue], from first: Int) -> SQL {
        func sign(_ index: Int) -> String { keys[index].isDescending ? "<" : ">" }
        let alternatives = keys.indices.dropFirst(first).map { last -> SQL in
            let equal = (first..<last).map { index -> SQL in "\(raw: Self.name(index)) = \(values[index])" }
            let behind: SQL = "\(raw: Self.name(last)) \(raw: sign(last)) \(values[last])"
            return "(\(SQL.joined(equal + [behind], separator: " AND ")))"
        }
        // The bound on the first key says nothing new, but an index can begin there.
        let start: SQL = "\(raw: Self.name(first)) \(raw: sign(first))= \(values[first])"
        return "\(start) AND (\(SQL.joined(alternatives, separator: " OR ")))"
    }

    static func name(_ index: Int) -> String { "key_\(index)" }
}
