// SPDX-License-Identifier: Apache-2.0

package import Database

/// A filter in MLflow's search language as a condition of SQL.
///
/// Comparisons are joined by `AND`; beyond MLflow's, also by `OR`, turned by `NOT`, and grouped by parentheses. Values are bound.
package struct SearchFilter {
    /// The most comparisons of a filter: SQLite's own limits lie higher.
    static let comparisonLimit = 200
    /// The most values of a list.
    static let listLimit = 1_000
    private static let depthLimit = 20

    /// What must all hold for a row, which the statement calls `item`.
    let conjuncts: [Conjunct]

    /// A part of the filter that must hold.
    struct Conjunct {
        /// The condition on `item`.
        let condition: SQL
        /// How an index finds the rows for which it holds; nil if none does.
        var lookup: SearchLookup?
    }

    /// The condition on the rows, which the statement calls `item`.
    package var condition: SQL {
        conjuncts.isEmpty ? "1 = 1" : SQL.joined(conjuncts.map(\.condition), separator: " AND ")
    }

    /// Reads a filter; an empty one takes everything.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` with the place and the way to write it.
    package init(_ text: String, over scope: SearchScope) throws(TrackingError) {
        guard !text.allSatisfy(\.isWhitespace) else {
            conjuncts = []
            return
        }
        var parser = try Parser(text, scope)
        conjuncts = try parser.parse()
    }

    private struct Parser {
        private let scope: SearchScope
        private let what: String
        private var tokens: SearchTokens
        private var comparisons = 0

        init(_ text: String, _ scope: SearchScope) throws(TrackingError) {
            what = "cannot read the filter `\(text.prefix(200))`"
            self.scope = scope
            tokens = try SearchTokens(text, what: what)
        }

        mutating func parse() throws(TrackingError) -> [Conjunct] {
            let conjuncts = try alternatives(depth: 0)
            if let rest = tokens.peek {
                throw .invalid(what, "`\(rest.shown.prefix(100))` is too much; comparisons are joined by `AND` or `OR`")
            }
            return conjuncts
        }

        private mutating func alternatives(depth: Int) throws(TrackingError) -> [Conjunct] {
            let first = try conjunction(depth)
            guard tokens.peek?.keyword == "OR" else { return first }
            var parts = [Self.joined(first)]
            while tokens.take("OR") { parts.append(Self.joined(try conjunction(depth))) }
            return [Conjunct(condition: "(\(SQL.joined(parts, separator: " OR ")))")]
        }

        private mutating func conjunction(_ depth: Int) throws(TrackingError) -> [Conjunct] {
            var parts: [Conjunct] = []
            // MLflow passes over an `AND` too many or too few.
            repeat {
                while tokens.take("AND") {}
                if endsConjunction { break }
                parts += try factor(depth)
            } while !endsConjunction
            guard !parts.isEmpty else { throw .invalid(what, "a comparison is missing") }
            return parts
        }

        private var endsConjunction: Bool {
            guard let next = tokens.peek else { return true }
            return next == .mark(")") || next == .mark(",") || next.keyword == "OR"
        }

        private mutating func factor(_ depth: Int) throws(TrackingError) -> [Conjunct] {
            guard depth < SearchFilter.depthLimit else { throw .invalid(what, "it is nested too deeply") }
            if tokens.take("NOT") {
                return [Conjunct(condition: "NOT (\(Self.joined(try factor(depth + 1))))")]
            }
            guard tokens.take(mark: "(") else { return [try comparison()] }
            let inner = try alternatives(depth: depth + 1)
            guard tokens.take(mark: ")") else { throw .invalid(what, "a parenthesis has no end") }
            return inner
        }

        private static func joined(_ parts: [Conjunct]) -> SQL {
            parts.count == 1 ? parts[0].condition : "(\(SQL.joined(parts.map(\.condition), separator: " AND ")))"
        }

        // MARK: Comparisons

        private mutating func comparison() throws(TrackingError) -> Conjunct {
            comparisons += 1
            guard comparisons <= SearchFilter.comparisonLimit else {
                throw .invalid(what, "it has more than \(SearchFilter.comparisonLimit) comparisons")
            }
            guard case .word(let name) = tokens.next(), let sign = tokens.next() else {
                throw .invalid(
                    what,
                    "a comparison has three parts: field, sign, value",
                    next: "write for example `metrics.recall > 0.9`"
                )
            }
            let field = try scope.field(name, what: what)
            if sign.keyword == "IS" { return Conjunct(condition: try presence(field)) }
            var test: SQL
            switch sign {
            case .sign("!=") where field.isFlag:
                let equal = try order(field, name, "=")
                return Conjunct(condition: "NOT EXISTS (SELECT 1 FROM \(field.rows ?? "") AND \(equal))")
            case .sign(let text): test = try order(field, name, text)
            case .word:
                let isNegated = sign.keyword == "NOT"
                guard let keyword = isNegated ? tokens.next()?.keyword : sign.keyword else {
                    throw .invalid(what, "behind `NOT` comes `IN` or `LIKE`")
                }
                test = try match(field, name, keyword, isNegated: isNegated)
                if isNegated { test = "NOT (\(test))" }
            default: throw .invalid(what, "`\(sign.shown.prefix(50))` is not a comparison")
            }
            guard let rows = field.rows else { return Conjunct(condition: test) }
            return Conjunct(
                condition: "EXISTS (SELECT 1 FROM \(rows) AND \(test))",
                lookup: SearchLookup(field, sign, test)
            )
        }

        /// `IS NULL` or `IS NOT NULL`: whether there is a value.
        private mutating func presence(_ field: SearchField) throws(TrackingError) -> SQL {
            let isThere = tokens.take("NOT")
            guard tokens.take("NULL") else { throw .invalid(what, "behind `IS` comes `NULL` or `NOT NULL`") }
            guard let rows = field.rows else { return "\(field.value) IS \(raw: isThere ? "NOT " : "")NULL" }
            return "\(raw: isThere ? "" : "NOT ")EXISTS (SELECT 1 FROM \(rows))"
        }

        /// The value, where what is missing is an empty text.
        private func present(_ field: SearchField) -> SQL {
            field.isEmptyIfMissing ? "coalesce(\(field.value), '')" : field.value
        }

        private mutating func order(_ field: SearchField, _ name: String, _ sign: String) throws(TrackingError) -> SQL {
            guard ["=", "!=", ">", ">=", "<", "<="].contains(sign) else {
                throw .invalid(what, "`\(sign.prefix(20))` is not a comparison", next: "they are = != > >= < <=")
            }
            guard let literal = tokens.next() else { throw .invalid(what, "behind `\(name) \(sign)` stands no value") }
            guard field.isNumber else {
                guard sign == "=" || sign == "!=" else {
                    throw .invalid(
                        what,
                        "`\(name)` is a text, and `\(sign)` compares numbers",
                        next: "compare texts by =, !=, LIKE or ILIKE"
                    )
                }
                let text = try text(literal, name)
                // An index finds a text only without the function, which only these two need.
                let value = sign == "!=" || text.isEmpty ? present(field) : field.value
                return "\(value) \(raw: sign) \(text)"
            }
            if field.isIdentifier, case .text(let text) = literal {
                guard sign == "=" || sign == "!=" else { throw .invalid(what, "`\(name)` is compared by = or != only") }
                return "CAST(\(field.value) AS TEXT) \(raw: sign) \(text)"
            }
            let test: SQL = "\(field.value) \(raw: sign) \(try number(literal, name))"
            guard field.mayBeNaN else { return test }
            // As in arithmetic: what is no number differs from all, and compares with none.
            return sign == "!=" ? "(\(test) OR entry.is_nan = 1)" : "(\(test) AND entry.is_nan = 0)"
        }

        private mutating func match(
            _ field: SearchField,
            _ name: String,
            _ keyword: String,
            isNegated: Bool
        ) throws(TrackingError) -> SQL {
            guard ["LIKE", "ILIKE", "IN"].contains(keyword) else {
                throw .invalid(what, "`\(keyword.prefix(50))` is not a comparison")
            }
            guard !field.isNumber || field.isIdentifier else {
                throw .invalid(what, "`\(keyword)` compares texts, and `\(name)` is a number")
            }
            if keyword == "IN" {
                let value = isNegated ? present(field) : field.value
                return "\(field.isIdentifier ? "CAST(\(value) AS TEXT)" : value) IN \(list: try list(name))"
            }
            let value = field.isIdentifier ? "CAST(\(field.value) AS TEXT)" : present(field)
            guard let literal = tokens.next() else { throw .invalid(what, "behind `\(keyword)` stands no value") }
            let pattern = Self.glob(try text(literal, name))
            // GLOB tells capitals apart, as LIKE does in the language; SQLite's own LIKE does not.
            return keyword == "LIKE"
                ? "\(value) GLOB \(pattern)" : "lower(\(value)) GLOB lower(\(pattern))"
        }

        // MARK: Values

        private mutating func list(_ name: String) throws(TrackingError) -> [String] {
            guard tokens.take(mark: "(") else { throw .invalid(what, "behind `IN` comes a list in parentheses") }
            var values: [String] = []
            repeat {
                // Python writes a comma behind the only element of a tuple.
                if !values.isEmpty, tokens.peek == .mark(")") { break }
                guard let literal = tokens.next() else { throw .invalid(what, "the list behind `IN` has no end") }
                values.append(try text(literal, name))
            } while tokens.take(mark: ",")
            guard tokens.take(mark: ")") else { throw .invalid(what, "the list behind `IN` has no end") }
            guard values.count <= SearchFilter.listLimit else {
                throw .invalid(what, "a list has more than \(SearchFilter.listLimit) values")
            }
            return values
        }

        private func text(_ literal: SearchToken, _ name: String) throws(TrackingError) -> String {
            if case .text(let text) = literal { return text }
            throw .invalid(
                what,
                "`\(name)` is a text, and `\(literal.shown.prefix(100))` stands without quotes",
                next: "write `'\(literal.shown.prefix(100))'`"
            )
        }

        private func number(_ literal: SearchToken, _ name: String) throws(TrackingError) -> SQLValue {
            if case .word(let word) = literal, word.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }) {
                if let number = Int64(word) { return .integer(number) }
                if let number = Double(word), number.isFinite { return .real(number) }
            }
            throw .invalid(what, "`\(name)` is a number, and `\(literal.shown.prefix(100))` is none")
        }

        private static func glob(_ pattern: String) -> String {
            var result = ""
            for character in pattern {
                switch character {
                case "%": result += "*"
                case "_": result += "?"
                case "*", "?", "[": result += "[\(character)]"
                default: result.append(character)
                }
            }
            return result
        }
    }
}
