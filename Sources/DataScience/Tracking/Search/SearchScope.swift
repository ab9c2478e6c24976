// SPDX-License-Identifier: Apache-2.0

package import Database
import Diagnostics

/// What a search runs over: a table's own columns, and the tables of its tags, metrics, parameters and parts.
///
/// All names of columns are part of the program; what a client writes only chooses among them, or is bound.
package struct SearchScope: Sendable {
    /// A column that can be compared and ordered by.
    package struct Column: Sendable {
        let name: String
        let isNumber: Bool
        let isNullable: Bool
        let isIdentifier: Bool

        /// A column of texts; what is missing compares as the empty text that MLflow stores.
        package static func text(_ name: String, isNullable: Bool = false) -> Column {
            Column(name: name, isNumber: false, isNullable: isNullable, isIdentifier: false)
        }

        /// A column of numbers; an identifier is written as a text too.
        package static func number(_ name: String, isNullable: Bool = false, isIdentifier: Bool = false) -> Column {
            Column(name: name, isNumber: true, isNullable: isNullable, isIdentifier: isIdentifier)
        }
    }

    /// A table of keys and values that belong to the rows that are searched.
    package struct Entries: Sendable {
        let table: String
        let join: SQL
        let isNumber: Bool
        /// Which of several values counts in an order; nil if there is one at most.
        let latest: String?
        /// Keys that a row without them differs by from every value, as from one that was never set.
        let flags: Set<String>
        /// Whether keys are numbers of names, and an index finds rows by their values within an experiment.
        let isOfRuns: Bool

        /// Tables of texts by key; `join` ties `entry` to `item`.
        package static func texts(_ table: String, _ join: SQL, flags: Set<String> = []) -> Entries {
            Entries(table: table, join: join, isNumber: false, latest: nil, flags: flags, isOfRuns: false)
        }

        /// Tables of numbers by key, whose column `is_nan` marks what is none.
        package static func numbers(_ table: String, _ join: SQL, latest: String? = nil) -> Entries {
            Entries(table: table, join: join, isNumber: true, latest: latest, flags: [], isOfRuns: false)
        }

        /// A table of what runs have, texts or numbers, with the number of a name as key.
        static func ofRuns(_ table: String, isNumber: Bool = false) -> Entries {
            Entries(
                table: table,
                join: "entry.run = item.number",
                isNumber: isNumber,
                latest: nil,
                flags: [],
                isOfRuns: true
            )
        }
    }

    /// A table of things that belong to the rows that are searched, such as their datasets.
    package struct Parts: Sendable {
        let table: String
        let join: String
        let columns: [String: Column]
    }

    /// The table that is searched; statements call it `item`.
    let table: String
    /// Its own columns by the names of the language.
    let attributes: [String: Column]
    /// Keys and values by the word before the dot.
    let entries: [String: Entries]
    /// Parts by the word before the dot.
    let parts: [String: Parts]
    /// The order of what is equal otherwise; the last column is unique.
    let ties: [(column: Column, isDescending: Bool)]

    /// A scope.
    package init(
        table: String,
        attributes: [String: Column],
        entries: [String: Entries] = [:],
        parts: [String: Parts] = [:],
        ties: [(column: Column, isDescending: Bool)]
    ) {
        self.table = table
        self.attributes = attributes
        self.entries = entries
        self.parts = parts
        self.ties = ties
    }

    /// What a name of the language stands for.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` with the nearest name.
    func field(_ name: String, what: String) throws(TrackingError) -> SearchField {
        let (prefix, key) = Self.split(name)
        if let prefix {
            if let entries = entries[prefix] { return SearchField(entries, key: key) }
            if let parts = parts[prefix] {
                if let column = parts.columns[key] { return SearchField(parts, column) }
                throw unknown(name, key, among: parts.columns.keys.sorted(), what)
            }
        }
        let isOwn = prefix.map { ["attributes", "attribute", "attr", "run"].contains($0) } ?? true
        if isOwn, let column = attributes[key] { return SearchField(column) }
        throw unknown(name, isOwn ? key : name, among: attributes.keys.sorted(), what)
    }

    private func unknown(_ name: String, _ key: String, among names: [String], _ what: String) -> TrackingError {
        let known = names + (entries.keys.sorted() + parts.keys.sorted()).map { "\($0).NAME" }
        let near = nearest(to: key, among: names).map { "did you mean `\($0)`?" }
        return .invalid(
            what,
            "`\(name.prefix(100))` is not a field",
            next: near ?? "fields are \(known.joined(separator: ", "))"
        )
    }

    /// The word before the first dot outside quotes, and the rest, both without their quotes.
    private static func split(_ name: String) -> (prefix: String?, key: String) {
        var quote: Character?
        for index in name.indices {
            let character = name[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if "`\"'".contains(character) {
                quote = character
            } else if character == "." {
                return (unquoted(name[..<index]), unquoted(name[name.index(after: index)...]))
            }
        }
        return (nil, unquoted(name[...]))
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, let first = text.first, first == text.last, "`\"'".contains(first) else {
            return String(text)
        }
        return String(text.dropFirst().dropLast())
    }
}

/// A place that holds values: a column of the searched rows, or of rows that belong to them.
struct SearchField {
    /// The value, as SQL says it.
    let value: SQL
    /// The rows that hold it, as `FROM` and `WHERE` say it; nil for a column of the searched row itself.
    let rows: SQL?
    /// Whether it is a number.
    let isNumber: Bool
    /// Whether a row may hold no value.
    let isNullable: Bool
    /// Whether `entry.is_nan` marks what is no number.
    let mayBeNaN: Bool
    /// The order that brings the row first whose value counts.
    let latest: String?
    /// Whether one value counts, so that rows can be ordered by it.
    let isSingle: Bool
    /// Whether a row without a value differs from every value.
    let isFlag: Bool
    /// Whether it is a number that MLflow has as a text.
    let isIdentifier: Bool
    /// The table, and the key in it, that finds runs by their values; nil for a field that no index knows.
    var index: (table: String, key: String)?

    /// Whether what is missing counts as an empty text.
    var isEmptyIfMissing: Bool { rows == nil && isNullable && !isNumber }

    init(_ column: SearchScope.Column) {
        value = "item.\(raw: column.name)"
        rows = nil
        isNumber = column.isNumber
        isNullable = column.isNullable
        isIdentifier = column.isIdentifier
        mayBeNaN = false
        latest = nil
        isSingle = true
        isFlag = false
    }

    init(_ entries: SearchScope.Entries, key: String) {
        value = "entry.value"
        let isKey: SQL = entries.isOfRuns ? Self.isNamed(key) : "entry.key = \(key)"
        rows = "\(raw: entries.table) AS entry WHERE \(entries.join) AND \(isKey)"
        if entries.isOfRuns { index = (entries.table, key) }
        isNumber = entries.isNumber
        isNullable = true
        mayBeNaN = entries.isNumber
        latest = entries.latest
        isSingle = true
        isFlag = entries.flags.contains(key)
        isIdentifier = false
    }

    /// The condition that an entry of a run has this key.
    static func isNamed(_ key: String) -> SQL {
        "entry.key = (SELECT names.id FROM tracking_names AS names WHERE names.name = \(key))"
    }

    init(_ parts: SearchScope.Parts, _ column: SearchScope.Column) {
        value = "entry.\(raw: column.name)"
        rows = "\(raw: parts.table) AS entry WHERE \(raw: parts.join)"
        isNumber = column.isNumber
        isNullable = true
        mayBeNaN = false
        latest = nil
        isSingle = false
        isFlag = false
        isIdentifier = false
    }

    /// The field among what was measured on some data.
    func measured(on dataset: DatasetFilter?) -> SearchField {
        guard let dataset, let rows, latest != nil else { return self }
        return SearchField(
            value: value,
            rows: "\(rows) AND \(dataset.condition)",
            isNumber: isNumber,
            isNullable: isNullable,
            mayBeNaN: mayBeNaN,
            latest: latest,
            isSingle: isSingle,
            isFlag: isFlag
        )
    }

    private init(
        value: SQL,
        rows: SQL?,
        isNumber: Bool,
        isNullable: Bool,
        mayBeNaN: Bool,
        latest: String?,
        isSingle: Bool,
        isFlag: Bool
    ) {
        self.value = value
        self.rows = rows
        self.isNumber = isNumber
        self.isNullable = isNullable
        self.mayBeNaN = mayBeNaN
        self.latest = latest
        self.isSingle = isSingle
        self.isFlag = isFlag
        isIdentifier = false
    }
}

/// Data that metrics of logged models were measured on.
package struct DatasetFilter: Sendable {
    let name: String
    let digest: String?

    /// Data of that name; a digest that is nil stands for any.
    package init(name: String, digest: String? = nil) {
        self.name = name
        self.digest = digest
    }

    var condition: SQL {
        guard let digest else { return "entry.dataset_name = \(name)" }
        return "(entry.dataset_name = \(name) AND entry.dataset_digest = \(digest))"
    }
}
