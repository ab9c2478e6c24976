// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText

/// Named columns of a request on their way to a model's order.
struct FeatureTable {
    /// A cell as JSON has it.
    enum Cell {
        case number(Double)
        case text(String)
        case missing
    }

    private var cells: [String: [Cell]] = [:]
    private let rowCount: Int

    init(rowCount: Int) throws(ServingError) {
        guard rowCount <= ServingService.rowLimit else {
            throw ServingError(
                .tooManyRows,
                what: "cannot predict",
                why: "the request has \(rowCount) rows; \(ServingService.rowLimit) are taken at once",
                next: "send them in several requests"
            )
        }
        self.rowCount = rowCount
    }

    mutating func set(_ name: String, _ values: [Cell]) throws(ServingError) {
        guard values.count == rowCount else {
            throw .request("the column `\(name.prefix(100))` has \(values.count) values for \(rowCount) rows")
        }
        cells[name] = values
    }

    /// A scalar of JSON as a cell; nil for lists and objects.
    static func cell(_ element: JSONElement) -> Cell? {
        switch element.kind {
        case .null: .missing
        case .bool: .number(element.bool == true ? 1 : 0)
        case .integer, .unsigned, .real: element.double.map { .number($0) }
        case .string: element.string.map { .text($0) }
        case .array, .object: nil
        }
    }

    /// The columns in the model's order; columns that it does not want are left out.
    func batch(for columns: [ModelColumn]) throws(ServingError) -> FeatureBatch {
        var result: [FeatureBatch.Column] = []
        result.reserveCapacity(columns.count)
        for column in columns {
            guard let values = cells[column.name] else {
                let near = nearest(to: column.name, among: cells.keys.sorted())
                throw .request(
                    "the column `\(column.name)` is missing",
                    next: near.map { "is `\($0)` meant for it?" } ?? "the model's columns are in its metadata"
                )
            }
            result.append(try Self.convert(values, column))
        }
        return FeatureBatch(rowCount: rowCount, columns: result)
    }

    static func convert(_ values: [Cell], _ column: ModelColumn) throws(ServingError) -> FeatureBatch.Column {
        switch column.kind {
        case .number:
            var numbers: [Double] = []
            numbers.reserveCapacity(values.count)
            for value in values {
                switch value {
                case .number(let number): numbers.append(number)
                case .missing: numbers.append(.nan)
                case .text(let text):
                    guard let special = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity][text] else {
                        throw .request("the column `\(column.name)` takes numbers, and one value is a text")
                    }
                    numbers.append(special)
                }
            }
            return .numbers(numbers)
        case .text:
            var texts: [String] = []
            for value in values {
                guard case .text(let text) = value else {
                    throw .request("the column `\(column.name)` takes texts, and one value is none")
                }
                texts.append(text)
            }
            return .texts(texts)
        }
    }
}
