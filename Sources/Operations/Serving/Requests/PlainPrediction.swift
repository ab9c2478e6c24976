// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText

/// The plainest way to ask: records by column name in, prediction, probabilities and id out.
enum PlainPrediction {
    /// Reads one record, or a list of them; each must fit the model's columns.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest` with the record and the column, `.tooManyRows`.
    static func decode(_ root: JSONElement, for model: ServedModel) throws(ServingError) -> FeatureBatch {
        guard let table = model.table else {
            throw .request(
                "`\(model.name)` takes tensors, and no records",
                next: "ask it by Open Inference: `/v2/models/\(model.name)/infer`"
            )
        }
        let records: [JSONElement]
        switch root.kind {
        case .object: records = [root]
        case .array: records = root.elements.map { $0 }
        default: throw .request("the body is neither a record nor a list of records")
        }
        _ = try FeatureTable(rowCount: records.count)
        var cells: [[FeatureTable.Cell]] = Array(repeating: [], count: table.columns.count)
        for column in cells.indices { cells[column].reserveCapacity(records.count) }
        for (number, record) in records.enumerated() {
            guard record.kind == .object else { throw .request("record \(number) is no object") }
            var place = 0
            for (name, value) in record.members {
                // Most callers keep the model's order.
                let isNext = place < table.columns.count && table.columns[place].name == name
                guard let index = isNext ? place : table.index[name] else { throw unknown(name, number, table) }
                place = index + 1
                guard let cell = FeatureTable.cell(value) else {
                    throw .request("`\(name)` of record \(number) is a list or object")
                }
                guard cells[index].count == number else { throw .request("record \(number) has `\(name)` twice") }
                cells[index].append(cell)
            }
            if let missing = cells.firstIndex(where: { $0.count <= number }) {
                throw .request("record \(number) lacks the column `\(table.columns[missing].name)`")
            }
        }
        var columns: [FeatureBatch.Column] = []
        for (column, values) in zip(table.columns, cells) {
            columns.append(try FeatureTable.convert(values, column))
        }
        return FeatureBatch(rowCount: records.count, columns: columns)
    }

    private static func unknown(_ name: String, _ record: Int, _ table: PreparedModel) -> ServingError {
        .request(
            "record \(record) has `\(name.prefix(100))`, which is none of the model's columns",
            next: nearest(to: name, among: table.columns.map(\.name)).map { "did you mean `\($0)`?" }
                ?? "the columns are in `/openapi.json`"
        )
    }

    /// Writes the answer: to one record an object, to a list of them a list in `predictions`.
    static func encode(_ prediction: Prediction, isList: Bool, into writer: inout JSONWriter) {
        let model = prediction.model
        func fields(_ row: Int, _ writer: inout JSONWriter) {
            let answer = prediction.answers[row]
            writer.key("prediction")
            switch model.labelType {
            case .int64: writer.integer(Int64(answer.label) ?? 0)
            case .string: writer.string(answer.label)
            default: writer.double(answer.value ?? .nan)
            }
            if !answer.probabilities.isEmpty {
                writer.key("probabilities")
                writer.object { writer in
                    for (name, value) in zip(model.classes, answer.probabilities) {
                        writer.key(name)
                        writer.double(value)
                    }
                }
            }
            writer.field("prediction_id", prediction.ids[row])
        }
        writer.object { writer in
            if isList {
                writer.key("predictions")
                writer.array { writer in
                    for row in prediction.answers.indices { writer.object { fields(row, &$0) } }
                }
            } else if !prediction.answers.isEmpty {
                fields(0, &writer)
            }
            writer.field("model_name", model.name)
            writer.field("model_version", model.version)
        }
    }
}
