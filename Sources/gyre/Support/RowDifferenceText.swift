// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tables
import Terminal

/// What `gyre diff --rows` says about one table.
struct RowDifferenceText {
    /// The table's path.
    let path: String
    let difference: RowDifference

    private static let signs: [RowDifference.Kind: (sign: String, tone: Tone)] = [
        .added: ("+", .good), .removed: ("-", .bad), .changed: ("~", .warning),
    ]

    /// The differences as one JSON object.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("path", path)
            writer.key("keys")
            writer.array { writer in difference.keys.forEach { writer.string($0) } }
            writer.key("schema")
            schema(into: &writer)
            writer.key("rows")
            writer.object { writer in
                for kind in RowDifference.Kind.allCases { writer.field(kind.rawValue, difference[kind]) }
                writer.field("unchanged", difference.unchangedCount)
            }
            writer.key("changed_columns")
            writer.object { writer in
                for (name, count) in difference.changedColumns { writer.field(name, count) }
            }
            writer.key("examples")
            writer.array { writer in
                for row in difference.rows { example(row, into: &writer) }
            }
        }
    }

    private func schema(into writer: inout JSONWriter) {
        let schema = difference.schema
        writer.object { writer in
            for (key, columns) in [("added", schema.added), ("removed", schema.removed)] {
                writer.key(key)
                writer.object { writer in for column in columns { writer.field(column.name, column.type) } }
            }
            writer.key("retyped")
            writer.object { writer in
                for column in schema.retyped {
                    writer.key(column.name)
                    writer.object { writer in
                        writer.field("before", column.before)
                        writer.field("after", column.after)
                    }
                }
            }
            writer.field("reordered", schema.isReordered)
        }
    }

    private func example(_ row: RowDifference.Row, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("kind", row.kind.rawValue)
            writer.field("count", row.count)
            for (key, values) in [("before", row.before), ("after", row.after)] {
                writer.key(key)
                guard !values.isEmpty else {
                    writer.null()
                    continue
                }
                writer.object { writer in
                    for (name, value) in zip(difference.columns, values) {
                        writer.key(name)
                        writer.value(value)
                    }
                }
            }
        }
    }

    /// The differences for people: what changed, in columns and rows, then examples.
    func text(_ output: Output) -> String {
        ([summary(output)] + columns(output) + [examples(output)].compactMap(\.self)).joined(separator: "\n")
    }

    private func summary(_ output: Output) -> String {
        let counts = RowDifference.Kind.allCases.compactMap { kind -> String? in
            let count = difference[kind]
            guard count > 0 else { return nil }
            return output.paint("\(count) \(kind.rawValue)", Self.signs[kind]?.tone ?? .strong)
        }
        let words = counts.isEmpty ? "no row differs" : counts.joined(separator: ", ")
        let keys = difference.keys.isEmpty ? "" : " by \(difference.keys.joined(separator: ", "))"
        return "\(output.paint(output.line(path), .strong)): \(words), \(difference.unchangedCount) unchanged\(keys)"
    }

    private func columns(_ output: Output) -> [String] {
        let schema = difference.schema
        var lines: [String] = []
        for column in schema.added { lines.append(output.paint("+ column \(column.name) \(column.type)", .good)) }
        for column in schema.removed { lines.append(output.paint("- column \(column.name) \(column.type)", .bad)) }
        for column in schema.retyped {
            lines.append(output.paint("~ column \(column.name) \(column.before) → \(column.after)", .warning))
        }
        if schema.isReordered { lines.append("~ columns in another order") }
        if !difference.changedColumns.isEmpty {
            let counts = difference.changedColumns.map { "\($0.name) \($0.count)" }
            lines.append("changed values: \(counts.joined(separator: ", "))")
        }
        return lines.map { output.line($0, indent: 2) }.map { "  \($0)" }
    }

    private func examples(_ output: Output) -> String? {
        guard !difference.rows.isEmpty else { return nil }
        let hasCounts = difference.rows.contains { $0.count > 1 }
        var table = Table(
            columns: [Table.Column("", .left, .never)] + (hasCounts ? [Table.Column("times", .right, .never)] : [])
                + difference.columns.map { Table.Column($0, .left, .cut(downTo: 6), limit: 40) }
        )
        for row in difference.rows {
            let (sign, tone) = Self.signs[row.kind] ?? ("", .strong)
            let cells = difference.columns.indices.map { index -> Table.Cell in
                switch row.kind {
                case .added: Table.Cell(Self.shown(row.after[index]), tone)
                case .removed: Table.Cell(Self.shown(row.before[index]), tone)
                case .changed where row.before[index] == row.after[index]: Table.Cell(Self.shown(row.after[index]))
                case .changed:
                    Table.Cell("\(Self.shown(row.before[index])) → \(Self.shown(row.after[index]))", tone)
                }
            }
            table.add([Table.Cell(sign, tone)] + (hasCounts ? [Table.Cell("\(row.count)")] : []) + cells)
        }
        let shown = difference.rows.reduce(0) { $0 + $1.count }
        let all = difference.counts.values.reduce(0, +)
        let rest = all > shown ? "\n\(output.paint("… and \(all - shown) more", .quiet))" : ""
        return output.text(of: table) + rest
    }

    private static func shown(_ value: TableValue) -> String { value.text ?? "null" }
}

extension JSONWriter {
    /// A value of a table.
    fileprivate mutating func value(_ value: TableValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .integer(let number): integer(number)
        case .real(let number): double(number)
        case .text(let text): string(text)
        }
    }
}
