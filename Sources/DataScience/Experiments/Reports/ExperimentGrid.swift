// SPDX-License-Identifier: Apache-2.0

package import Documents
import Pipelines

/// A report as a grid: the metrics and parameters as columns.
package struct ExperimentGrid: Sendable {
    /// A metric or a parameter.
    package struct Column: Sendable, Hashable {
        /// Whether it is a metric.
        package let isMetric: Bool
        /// The file.
        package let file: String
        /// The dotted key.
        package let key: String
        /// What stands above it: the key, with the file before it where several files have the key.
        package internal(set) var title: String
    }

    /// Which way rows are sorted.
    package enum Order: String, Sendable, CaseIterable {
        /// The smallest first.
        case asc
        /// The largest first.
        case desc
    }

    /// The rows of the report.
    package private(set) var rows: [ExperimentReport.Row]
    /// The columns, metrics first.
    package private(set) var columns: [Column]
    private var values: [[Column: YAMLNode]]

    /// The grid of a report.
    package init(_ report: ExperimentReport) {
        rows = report.rows
        var columns: [Column] = []
        var seen: Set<Column> = []
        values = []
        for row in report.rows {
            var own: [Column: YAMLNode] = [:]
            for (isMetric, part) in [(true, row.metrics), (false, row.params)] {
                for file in part.files {
                    for leaf in file.values.map(ValueReport.flat) ?? [] {
                        let column = Column(isMetric: isMetric, file: file.path, key: leaf.key, title: "")
                        own[column] = leaf.value
                        if seen.insert(column).inserted { columns.append(column) }
                    }
                }
            }
            values.append(own)
        }
        self.columns = columns.filter(\.isMetric) + columns.filter { !$0.isMetric }
        titled()
    }

    private mutating func titled() {
        var counts: [String: Int] = [:]
        for column in columns { counts[column.key, default: 0] += 1 }
        let known = columns
        columns = known.map { column in
            var column = column
            column.title = column.key.isEmpty || counts[column.key] != 1 ? "\(column.file):\(column.key)" : column.key
            return column
        }
    }

    /// The value of a row; nil if it has none.
    package func value(_ row: Int, _ column: Column) -> YAMLNode? {
        var plain = column
        plain.title = ""
        return values[row][plain]
    }

    // MARK: Choosing

    /// Leaves out what is the same in all rows that have it.
    package mutating func keepChanged() {
        let known = columns
        columns = known.filter { column in
            let found = rows.indices.filter { rows[$0].problem == nil }.map { value($0, column) }
            guard let first = found.first else { return false }
            return found.dropFirst().contains { other in
                switch (first, other) {
                case (nil, nil): false
                case (let left?, let right?): !left.isEqual(to: right)
                default: true
                }
            }
        }
    }

    /// Leaves out columns.
    package mutating func keep(_ isKept: (Column) -> Bool) { columns.removeAll { !isKept($0) } }

    /// The column that a person names: by its title, its key, or `file:key`.
    package func column(named name: String) -> Column? {
        columns.first { $0.title == name } ?? columns.first { $0.key == name || "\($0.file):\($0.key)" == name }
    }

    /// Sorts the experiments of each commit by a column; what has no value comes last.
    package mutating func sort(by column: Column, _ order: Order) {
        var start = 0
        var indices: [Int] = []
        func ordered(_ range: Range<Int>) -> [Int] {
            let having = range.filter { value($0, column) != nil }
            let sorted = having.sorted { left, right in
                let isBefore = Self.precedes(value(left, column), value(right, column))
                let isAfter = Self.precedes(value(right, column), value(left, column))
                if isBefore == isAfter { return left < right }
                return order == .asc ? isBefore : isAfter
            }
            return sorted + range.filter { value($0, column) == nil }
        }
        for index in rows.indices where !rows[index].isExperiment {
            indices += ordered(start..<index) + [index]
            start = index + 1
        }
        indices += ordered(start..<rows.count)
        (rows, values) = (indices.map { rows[$0] }, indices.map { values[$0] })
    }

    private static func precedes(_ left: YAMLNode?, _ right: YAMLNode?) -> Bool {
        if let left = left?.double, let right = right?.double { return left < right }
        // Numbers before texts.
        if left?.double != nil || right?.double != nil { return left?.double != nil }
        return (left?.string ?? "") < (right?.string ?? "")
    }
}
