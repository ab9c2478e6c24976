// SPDX-License-Identifier: Apache-2.0

package import JSONText

/// The requests and answers of MLflow's scoring server: `/invocations`.
package enum MLflowScoring {
    /// Reads a request in one of the four forms: `dataframe_split`, `dataframe_records`, `instances`, `inputs`.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.tooManyRows`.
    package static func decode(_ root: JSONElement, for model: ServedModel) throws(ServingError) -> FeatureBatch {
        let columns = model.columns
        let (form, content) = try form(root)
        switch form {
        case "dataframe_split": return try split(content, columns)
        case "dataframe_records": return try records(content, columns, form)
        default:
            if content.kind == .object { return try namedColumns(content, columns, form) }
            guard content.kind == .array else { throw .request("`\(form)` is neither a list nor an object") }
            if content.elements.first(where: { _ in true })?.kind == .object {
                return try records(content, columns, form)
            }
            return try matrix(content, columns, form)
        }
    }

    /// Writes the answer: `{"predictions": […], "prediction_ids": […], "model_version": "…"}`.
    ///
    /// Predictions are the classes, as numbers where they are numbers, or the values of a regression.
    package static func encode(_ prediction: Prediction, into writer: inout JSONWriter) {
        let asNumbers = prediction.model.classes.allSatisfy { Int64($0) != nil }
        writer.object { writer in
            writer.key("predictions")
            writer.array { writer in
                for answer in prediction.answers {
                    if let value = answer.value {
                        writer.double(value)
                    } else if asNumbers, let number = Int64(answer.label) {
                        writer.integer(number)
                    } else {
                        writer.string(answer.label)
                    }
                }
            }
            writer.key("prediction_ids")
            writer.array { writer in
                for id in prediction.ids { writer.string(id) }
            }
            writer.field("model_version", prediction.model.version)
        }
    }

    // MARK: Forms

    /// Which of the four forms a request has, and what is in it.
    static func form(_ root: JSONElement) throws(ServingError) -> (name: String, content: JSONElement) {
        guard root.kind == .object else { throw .request("the body is no JSON object") }
        let forms = ["dataframe_split", "dataframe_records", "instances", "inputs"].filter { root[$0] != nil }
        guard forms.count == 1, let form = forms.first, let content = root[form] else {
            throw .request(
                "exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs` is needed",
                next: #"send {"dataframe_split": {"columns": […], "data": [[…]]}}"#
            )
        }
        return (form, content)
    }

    private static func split(_ content: JSONElement, _ columns: [ModelColumn]) throws(ServingError) -> FeatureBatch {
        guard let data = content["data"], data.kind == .array else {
            throw .request("`dataframe_split` has no list `data`")
        }
        guard let names = content["columns"], names.kind == .array else {
            return try matrix(data, columns, "dataframe_split.data")
        }
        let titles = names.elements.map { $0.string ?? $0.json }
        var values: [[FeatureTable.Cell]] = Array(repeating: [], count: titles.count)
        var count = 0
        for row in data.elements {
            guard row.kind == .array, row.count == titles.count else {
                throw .request("row \(count) of `data` does not have one value for each of the \(titles.count) columns")
            }
            for (index, element) in row.elements.enumerated() {
                guard let cell = FeatureTable.cell(element) else {
                    throw .request("row \(count) of `data` holds a list or object")
                }
                values[index].append(cell)
            }
            count += 1
        }
        var table = try FeatureTable(rowCount: count)
        for (title, column) in zip(titles, values) { try table.set(title, column) }
        return try table.batch(for: columns)
    }

    private static func records(
        _ content: JSONElement,
        _ columns: [ModelColumn],
        _ form: String
    ) throws(ServingError) -> FeatureBatch {
        guard content.kind == .array else { throw .request("`\(form)` is no list") }
        let rows = content.count
        var table = try FeatureTable(rowCount: rows)
        var values: [String: [FeatureTable.Cell]] = [:]
        for (index, row) in content.elements.enumerated() {
            guard row.kind == .object else { throw .request("item \(index) of `\(form)` is no object") }
            for (name, element) in row.members {
                guard let cell = FeatureTable.cell(element) else {
                    throw .request("`\(name.prefix(100))` in item \(index) of `\(form)` is a list or object")
                }
                // A record that lacks a key has a missing value there.
                var column = values[name] ?? []
                while column.count < index { column.append(.missing) }
                column.append(cell)
                values[name] = column
            }
        }
        for (name, column) in values {
            let missing = Array(repeating: FeatureTable.Cell.missing, count: max(0, rows - column.count))
            try table.set(name, column + missing)
        }
        return try table.batch(for: columns)
    }

    private static func namedColumns(
        _ content: JSONElement,
        _ columns: [ModelColumn],
        _ form: String
    ) throws(ServingError) -> FeatureBatch {
        var values: [(String, [FeatureTable.Cell])] = []
        for (name, column) in content.members {
            let elements = column.kind == .array ? Array(column.elements) : [column]
            var cells: [FeatureTable.Cell] = []
            for element in elements {
                // A column may be written as a list of lists of one.
                let scalar =
                    element.kind == .array && element.count == 1 ? element.elements.first { _ in true } : element
                guard let cell = scalar.flatMap(FeatureTable.cell) else {
                    throw .request("`\(name.prefix(100))` in `\(form)` is nested")
                }
                cells.append(cell)
            }
            values.append((name, cells))
        }
        var table = try FeatureTable(rowCount: values.first?.1.count ?? 0)
        for (name, column) in values { try table.set(name, column) }
        return try table.batch(for: columns)
    }

    private static func matrix(
        _ content: JSONElement,
        _ columns: [ModelColumn],
        _ form: String
    ) throws(ServingError) -> FeatureBatch {
        guard content.count <= ServingService.rowLimit else {
            _ = try FeatureTable(rowCount: content.count)
            return FeatureBatch(rowCount: 0, columns: [])
        }
        var cells: [[FeatureTable.Cell]] = Array(repeating: [], count: columns.count)
        for (index, row) in content.elements.enumerated() {
            guard row.kind == .array, row.count == columns.count else {
                throw .request(
                    "row \(index) of `\(form)` does not have one value for each of the model's \(columns.count) columns"
                )
            }
            for (column, element) in row.elements.enumerated() {
                guard let cell = FeatureTable.cell(element) else {
                    throw .request("row \(index) of `\(form)` holds a list or object")
                }
                cells[column].append(cell)
            }
        }
        var result: [FeatureBatch.Column] = []
        for (column, values) in zip(columns, cells) { result.append(try FeatureTable.convert(values, column)) }
        return FeatureBatch(rowCount: content.count, columns: result)
    }
}
