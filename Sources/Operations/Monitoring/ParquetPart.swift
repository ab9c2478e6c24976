// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Tables

/// Predictions of one model, one day and one set of features, as a Parquet file has them.
///
/// Columns: `id`, `version`, `run_id`, `time_ms`, `duration_ns`, `label`, `score`, and `input.NAME` for each feature. The
/// model and the date stand in the path.
struct ParquetPart {
    let model: String
    let date: String
    let number: Int
    let columns: [TableColumn]
    let rows: [[TableValue]]

    private static let fixed = [
        TableColumn(name: "id", type: "VARCHAR"), TableColumn(name: "version", type: "VARCHAR"),
        TableColumn(name: "run_id", type: "VARCHAR"), TableColumn(name: "time_ms", type: "BIGINT"),
        TableColumn(name: "duration_ns", type: "BIGINT"), TableColumn(name: "label", type: "VARCHAR"),
        TableColumn(name: "score", type: "DOUBLE"),
    ]
    private static let inputPrefix = "input."

    /// What makes predictions share a file.
    private struct Key: Hashable {
        let model: String
        let date: String
        let columns: [TableColumn]
    }

    static func parts(of predictions: [LoggedPrediction]) -> [ParquetPart] {
        var groups: [(key: Key, rows: [[TableValue]])] = []
        var places: [Key: Int] = [:]
        for prediction in predictions {
            let features = prediction.features.map { feature -> TableColumn in
                if case .text = feature.value { return TableColumn(name: inputPrefix + feature.name, type: "VARCHAR") }
                return TableColumn(name: inputPrefix + feature.name, type: "DOUBLE")
            }
            let key = Key(model: pathSafe(prediction.model), date: date(prediction.timeMs), columns: fixed + features)
            if places[key] == nil {
                places[key] = groups.count
                groups.append((key, []))
            }
            groups[places[key] ?? 0].rows.append(row(prediction))
        }
        return groups.enumerated().map { number, group in
            ParquetPart(
                model: group.key.model,
                date: group.key.date,
                number: number,
                columns: group.key.columns,
                rows: group.rows
            )
        }
    }

    /// The predictions with these ids.
    static func find(_ ids: [String], in folder: FilePath, engine: TableEngine) async throws -> [LoggedPrediction] {
        let marks = ids.map { _ in "?" }.joined(separator: ", ")
        let sql = "SELECT * FROM \(source(folder)) WHERE id IN (\(marks))"
        return predictions(in: try await engine.query(sql, ids.map { .text($0) }))
    }

    /// The newest predictions of a model.
    static func recent(
        _ model: String,
        _ sinceMs: Int64,
        _ limit: Int,
        in folder: FilePath,
        engine: TableEngine
    ) async throws -> [LoggedPrediction] {
        let sql = "SELECT * FROM \(source(folder)) WHERE model = ? AND time_ms >= ? ORDER BY id DESC LIMIT \(limit)"
        return predictions(in: try await engine.query(sql, [.text(pathSafe(model)), .integer(sinceMs)]))
    }

    private static func source(_ folder: FilePath) -> String {
        let files = TableEngine.literal(folder.appending("*/*/*.parquet").string)
        return "read_parquet(\(files), union_by_name = true, hive_partitioning = true, hive_types_autocast = false)"
    }

    private static func row(_ prediction: LoggedPrediction) -> [TableValue] {
        let fixed: [TableValue] = [
            .text(prediction.id), .text(prediction.version), prediction.runID.map { .text($0) } ?? .null,
            .integer(prediction.timeMs), .integer(prediction.durationNs), .text(prediction.label),
            prediction.score.map { .real($0) } ?? .null,
        ]
        return fixed
            + prediction.features.map { feature in
                switch feature.value {
                case .number(let value): .real(value)
                case .text(let value): .text(value)
                }
            }
    }

    private static func predictions(in chunk: TableChunk) -> [LoggedPrediction] {
        let places = Dictionary(chunk.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return (0..<chunk.rowCount).map { index in
            func value(_ name: String) -> TableValue { places[name].map { chunk.columns[$0][index] } ?? .null }
            var features: [LoggedPrediction.Feature] = []
            for (name, column) in zip(chunk.names, chunk.columns) where name.hasPrefix(inputPrefix) {
                let own = String(name.dropFirst(inputPrefix.count))
                switch column[index] {
                case .text(let text): features.append(.init(name: own, value: .text(text)))
                case let value: if let number = value.double { features.append(.init(name: own, value: .number(number))) }
                }
            }
            return LoggedPrediction(
                id: value("id").text ?? "",
                model: value("model").text ?? "",
                version: value("version").text ?? "",
                runID: value("run_id").text,
                timeMs: Int64(value("time_ms").double ?? 0),
                durationNs: Int64(value("duration_ns").double ?? 0),
                features: features,
                label: value("label").text ?? "",
                score: value("score").double
            )
        }
    }

    /// A model's name as a part of a path; registered names may hold more than a folder's name does.
    private static func pathSafe(_ name: String) -> String {
        String(name.map { "/\\=*?[]'\"".contains($0) ? "_" : $0 })
    }

    /// The day of a moment, `2026-11-24`, in UTC; the civil calendar from days since 1970.
    static func date(_ timeMs: Int64) -> String {
        let days = Int((Double(timeMs) / 86_400_000).rounded(.down)) + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(padded(month))-\(padded(day))"
    }
}
