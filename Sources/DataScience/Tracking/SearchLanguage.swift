// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics

/// What a search runs over: its own columns, and the tables of its tags, metrics and parameters.
struct SearchScope: Sendable {
    /// Attribute names and their columns; `true` for numbers.
    let attributes: [String: (column: String, isNumber: Bool)]
    /// The tables by the word before the dot: table, column of the owner, whether values are numbers.
    let tables: [String: (table: String, owner: String, isNumber: Bool)]
    /// The order that ties end with.
    let lastOrder: String

    static let runs = SearchScope(
        attributes: [
            "run_id": ("id", false), "run_name": ("name", false), "Run name": ("name", false),
            "status": ("status", false),
            "artifact_uri": ("artifact_uri", false), "user_id": ("user_id", false), "start_time": ("start_ms", true),
            "end_time": ("end_ms", true), "created": ("start_ms", true), "Created": ("start_ms", true),
        ],
        tables: [
            "metrics": ("tracking_latest_metrics", "run_id", true),
            "metric": ("tracking_latest_metrics", "run_id", true),
            "params": ("tracking_params", "run_id", false), "param": ("tracking_params", "run_id", false),
            "parameters": ("tracking_params", "run_id", false), "parameter": ("tracking_params", "run_id", false),
            "tags": ("tracking_tags", "run_id", false), "tag": ("tracking_tags", "run_id", false),
        ],
        lastOrder: "start_ms DESC, id"
    )

    static let experiments = SearchScope(
        attributes: [
            "name": ("name", false), "creation_time": ("created_ms", true), "last_update_time": ("updated_ms", true),
            "experiment_id": ("id", true),
        ],
        tables: [
            "tags": ("tracking_experiment_tags", "experiment_id", false),
            "tag": ("tracking_experiment_tags", "experiment_id", false),
        ],
        lastOrder: "updated_ms DESC, id DESC"
    )

    static let models = SearchScope(
        attributes: [
            "name": ("name", false), "model_id": ("id", false), "status": ("status", false),
            "source_run_id": ("source_run_id", false), "model_type": ("model_type", false),
            "creation_timestamp": ("created_ms", true), "creation_time": ("created_ms", true),
            "last_updated_timestamp": ("updated_ms", true),
        ],
        tables: [
            "tags": ("tracking_model_tags", "model_id", false), "tag": ("tracking_model_tags", "model_id", false),
            "params": ("tracking_model_params", "model_id", false),
            "param": ("tracking_model_params", "model_id", false),
            "metrics": ("tracking_metrics", "model_id", true), "metric": ("tracking_metrics", "model_id", true),
        ],
        lastOrder: "created_ms DESC, id"
    )

    /// What a name stands for.
    enum Field {
        case attribute(column: String, isNumber: Bool)
        case entry(table: String, owner: String, key: String, isNumber: Bool)

        var isNumber: Bool {
            switch self {
            case .attribute(_, let isNumber), .entry(_, _, _, let isNumber): isNumber
            }
        }
    }

    func field(_ name: String, what: String) throws(TrackingError) -> Field {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        if parts.count == 2, let table = tables[parts[0]] {
            return .entry(
                table: table.table,
                owner: table.owner,
                key: Self.unquoted(parts[1]),
                isNumber: table.isNumber
            )
        }
        let own = parts.count == 2 && ["attributes", "attribute", "attr", "run"].contains(parts[0]) ? parts[1] : name
        let key = Self.unquoted(own)
        if let attribute = attributes[key] { return .attribute(column: attribute.column, isNumber: attribute.isNumber) }
        let known = attributes.keys.sorted() + tables.keys.sorted().map { "\($0).NAME" }
        let near = nearest(to: key, among: attributes.keys.sorted()).map { "did you mean `\($0)`?" }
        throw .invalid(what, "`\(name)` is not a field", next: near ?? "fields are \(known.joined(separator: ", "))")
    }

    static func unquoted(_ text: String) -> String {
        for quote in ["`", "\""] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text
    }
}

/// A filter in MLflow's search language as a condition of SQL: comparisons joined by `AND`.
struct SearchFilter {
    let condition: SQL

    init(_ text: String, over scope: SearchScope) throws(TrackingError) {
        let what = "cannot read the filter `\(text.prefix(200))`"
        var tokens = try SearchTokens(text, what: what)
        var parts: [SQL] = []
        while !tokens.isAtEnd {
            if !parts.isEmpty {
                guard tokens.next()?.uppercased() == "AND" else {
                    throw .invalid(what, "comparisons are joined by `AND`")
                }
            }
            parts.append(try Self.comparison(&tokens, scope, what))
        }
        condition = parts.isEmpty ? "1 = 1" : SQL.joined(parts, separator: " AND ")
    }

    private static func comparison(
        _ tokens: inout SearchTokens,
        _ scope: SearchScope,
        _ what: String
    ) throws(TrackingError) -> SQL {
        guard let name = tokens.next(), let sign = tokens.next()?.uppercased() else {
            throw .invalid(
                what,
                "a comparison has three parts: field, sign, value",
                next: "write for example `metrics.recall > 0.9`"
            )
        }
        let field = try scope.field(name, what: what)
        var negated = false
        var comparator = sign
        if sign == "NOT" {
            guard let next = tokens.next()?.uppercased(), ["IN", "LIKE"].contains(next) else {
                throw .invalid(what, "behind `NOT` comes `IN` or `LIKE`")
            }
            negated = true
            comparator = next
        }
        let test: (SQL) -> SQL
        switch comparator {
        case "=", "!=", "<>", ">", ">=", "<", "<=":
            guard let literal = tokens.next() else { throw .invalid(what, "the value is missing") }
            let value = try value(literal, isNumber: field.isNumber, name, what)
            test = { "\($0) \(raw: comparator) \(value)" }
        case "LIKE", "ILIKE":
            guard !field.isNumber, let literal = tokens.next() else {
                throw .invalid(what, "`\(comparator)` compares texts, and `\(name)` is a number")
            }
            guard case .text(let pattern) = try value(literal, isNumber: false, name, what) else { return "1 = 0" }
            // GLOB tells capitals apart, as LIKE does in the language; SQLite's own LIKE does not.
            let glob = pattern.map { character -> String in
                switch character {
                case "%": "*"
                case "_": "?"
                case "*", "?", "[": "[\(character)]"
                default: String(character)
                }
            }
            .joined()
            let not = negated ? "NOT " : ""
            test =
                comparator == "LIKE"
                ? { "\($0) \(raw: not)GLOB \(glob)" } : { "lower(\($0)) GLOB \(glob.lowercased())" }
        case "IN":
            guard !field.isNumber else { throw .invalid(what, "`IN` compares texts, and `\(name)` is a number") }
            let values = try list(&tokens, name, what)
            test = { "\($0) \(raw: negated ? "NOT " : "")IN \(list: values)" }
        default:
            throw .invalid(what, "`\(comparator)` is not a comparison")
        }
        switch field {
        case .attribute(let column, _): return test(SQL(column))
        case .entry(let table, let owner, let key, _):
            let value = test(SQL("entry.value"))
            return
                "EXISTS (SELECT 1 FROM \(raw: table) entry WHERE entry.\(raw: owner) = id AND entry.key = \(key) AND \(value))"
        }
    }

    private static func list(
        _ tokens: inout SearchTokens,
        _ name: String,
        _ what: String
    ) throws(TrackingError) -> [SQLValue] {
        guard tokens.next() == "(" else { throw .invalid(what, "behind `IN` comes a list in parentheses") }
        var values: [SQLValue] = []
        while let token = tokens.next() {
            if token == ")" { return values }
            if token != "," { values.append(try value(token, isNumber: false, name, what)) }
        }
        throw .invalid(what, "the list behind `IN` has no end")
    }

    private static func value(
        _ literal: String,
        isNumber: Bool,
        _ name: String,
        _ what: String
    ) throws(TrackingError) -> SQLValue {
        if isNumber {
            guard let number = Double(literal) else {
                throw .invalid(what, "`\(name)` is a number, and `\(literal)` is none")
            }
            return Int64(literal).map { .integer($0) } ?? .real(number)
        }
        for quote in ["'", "\""] where literal.count >= 2 && literal.hasPrefix(quote) && literal.hasSuffix(quote) {
            return .text(String(literal.dropFirst().dropLast()))
        }
        throw .invalid(
            what,
            "`\(name)` is a text, and `\(literal)` stands without quotes",
            next: "write `'\(literal)'`"
        )
    }
}

/// The words of a filter.
struct SearchTokens {
    private var words: [String] = []
    private var position = 0

    var isAtEnd: Bool { position >= words.count }

    mutating func next() -> String? {
        guard position < words.count else { return nil }
        defer { position += 1 }
        return words[position]
    }

    init(_ text: String, what: String) throws(TrackingError) {
        let characters = Array(text)
        var index = 0
        while index < characters.count {
            let character = characters[index]
            if character.isWhitespace {
                index += 1
            } else if "(),".contains(character) {
                words.append(String(character))
                index += 1
            } else if "=!<>".contains(character) {
                let isTwo = index + 1 < characters.count && "=>".contains(characters[index + 1]) && character != "="
                words.append(String(characters[index..<(index + (isTwo ? 2 : 1))]))
                index += isTwo ? 2 : 1
            } else {
                var word = ""
                while index < characters.count, !characters[index].isWhitespace, !"(),=!<>".contains(characters[index])
                {
                    if "'\"`".contains(characters[index]) {
                        guard let end = characters[(index + 1)...].firstIndex(of: characters[index]) else {
                            throw .invalid(what, "a quote has no end")
                        }
                        word += String(characters[index...end])
                        index = end + 1
                    } else {
                        word.append(characters[index])
                        index += 1
                    }
                }
                words.append(word)
            }
        }
    }
}

/// The order of a search's answer.
struct SearchOrder {
    let clause: SQL

    init(_ terms: [String], over scope: SearchScope) throws(TrackingError) {
        var parts: [SQL] = []
        for term in terms {
            let what = "cannot order by `\(term.prefix(100))`"
            var text = term
            var direction = "ASC"
            for (suffix, value) in [(" DESC", "DESC"), (" desc", "DESC"), (" ASC", "ASC"), (" asc", "ASC")]
            where text.hasSuffix(suffix) {
                text = String(text.dropLast(suffix.count))
                direction = value
                break
            }
            let name = text.trimmingPrefix { $0 == " " }
            let value: SQL
            switch try scope.field(String(name), what: what) {
            case .attribute(let column, _): value = SQL(column)
            case .entry(let table, let owner, let key, _):
                value =
                    "(SELECT entry.value FROM \(raw: table) entry WHERE entry.\(raw: owner) = id AND entry.key = \(key) LIMIT 1)"
            }
            // NaN and what is missing come last, whatever the direction.
            parts.append("\(value) IS NULL")
            parts.append("\(value) \(raw: direction)")
        }
        parts.append(SQL(scope.lastOrder))
        clause = "ORDER BY \(SQL.joined(parts, separator: ", "))"
    }
}
