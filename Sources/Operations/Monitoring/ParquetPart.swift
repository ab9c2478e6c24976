// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tables

/// Predictions of one model, one day and one set of features, as a Parquet file has them.
///
/// Columns: `id`, `model`, `version`, `run_id`, `time_ms`, `duration_ns`, `label`, `score`, `trace_id`, and `input.NAME` for
/// each feature, null where it is missing. The model and the date stand in the path as well, so that a reader can leave files out.
struct ParquetPart {
    /// The folder below `parquet/`: `model=…/date=…`.
    let folder: String
    let columns: [TableColumn]
    private(set) var rows: [[TableValue]] = []

    private static let fixed = [
        TableColumn(name: "id", type: "VARCHAR"), TableColumn(name: "model", type: "VARCHAR"),
        TableColumn(name: "version", type: "VARCHAR"), TableColumn(name: "run_id", type: "VARCHAR"),
        TableColumn(name: "time_ms", type: "BIGINT"), TableColumn(name: "duration_ns", type: "BIGINT"),
        TableColumn(name: "label", type: "VARCHAR"), TableColumn(name: "score", type: "DOUBLE"),
        TableColumn(name: "trace_id", type: "VARCHAR"),
    ]
    private static let inputPrefix = "input."
    /// Stands between the name and the number of a column whose name differs from another's by case alone, or not at all.
    private static let twinMark: Character = "\u{1F}"

    /// What a column holds; a missing value alone says nothing.
    private enum Kind: Hashable { case number, text }

    /// What makes predictions share a file.
    private struct Key: Hashable {
        let folder: String
        let names: [String]
        var kinds: [Kind] = []
    }

    /// Parts in a stable order: the same predictions give the same parts.
    static func parts(of predictions: [LoggedPrediction]) -> [ParquetPart] {
        // Where a column has numbers and texts both, rows differ by what they have; elsewhere a missing value fits in.
        var texts: [Key: [(number: Bool, text: Bool)]] = [:]
        for prediction in predictions {
            var seen = texts[key(prediction)] ?? prediction.features.map { _ in (false, false) }
            for (index, feature) in prediction.features.enumerated() {
                switch feature.value {
                case .number(let value): if !value.isNaN { seen[index].number = true }
                case .text: seen[index].text = true
                }
            }
            texts[key(prediction)] = seen
        }
        var parts: [ParquetPart] = []
        var places: [Key: Int] = [:]
        for prediction in predictions {
            var key = key(prediction)
            let seen = texts[key] ?? []
            key.kinds = zip(prediction.features, seen).map { feature, seen in
                if case .text = feature.value { return .text }
                if case .number(let value) = feature.value, !value.isNaN { return .number }
                return seen.text && !seen.number ? .text : .number
            }
            if places[key] == nil {
                places[key] = parts.count
                parts.append(ParquetPart(folder: key.folder, columns: fixed + columns(key)))
            }
            // Set in the line above.
            parts[places[key] ?? 0].rows.append(row(prediction))
        }
        return parts
    }

    private static func key(_ prediction: LoggedPrediction) -> Key {
        let folder = "model=\(pathSafe(prediction.model))/date=\(date(prediction.timeMs))"
        return Key(folder: folder, names: prediction.features.map(\.name))
    }

    private static func columns(_ key: Key) -> [TableColumn] {
        var used: Set<String> = []
        return zip(key.names, key.kinds).enumerated().map { index, column in
            // The engine's names end at NUL and do not tell capitals from small letters.
            var name = inputPrefix + column.0.replacing("\0", with: "\u{FFFD}")
            if !used.insert(name.lowercased()).inserted { name += "\(twinMark)\(index)" }
            return TableColumn(name: name, type: column.1 == .text ? "VARCHAR" : "DOUBLE")
        }
    }

    private static func row(_ prediction: LoggedPrediction) -> [TableValue] {
        let fixed: [TableValue] = [
            .text(prediction.id), .text(prediction.model), .text(prediction.version),
            prediction.runID.map { .text($0) } ?? .null, .integer(prediction.timeMs), .integer(prediction.durationNs),
            .text(prediction.label), prediction.score.map { .real($0) } ?? .null,
            prediction.traceID.map { .text($0) } ?? .null,
        ]
        return fixed
            + prediction.features.map { feature in
                switch feature.value {
                case .number(let value): value.isNaN ? .null : .real(value)
                case .text(let value): .text(value)
                }
            }
    }

    /// The predictions in rows of one file.
    static func predictions(in chunk: TableResult) -> [LoggedPrediction] {
        let places = Dictionary(chunk.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let inputs = chunk.names.indices.filter { chunk.names[$0].hasPrefix(inputPrefix) }.map { index in
            let name = chunk.names[index].dropFirst(inputPrefix.count)
            return (index: index, name: String(name.prefix { $0 != twinMark }))
        }
        return (0..<chunk.rowCount).map { row in
            func value(_ name: String) -> TableValue { places[name].map { chunk.columns[$0][row] } ?? .null }
            func integer(_ name: String) -> Int64 {
                if case .integer(let number) = value(name) { number } else { 0 }
            }
            return LoggedPrediction(
                id: value("id").text ?? "",
                model: value("model").text ?? "",
                version: value("version").text ?? "",
                runID: value("run_id").text,
                timeMs: integer("time_ms"),
                durationNs: integer("duration_ns"),
                features: inputs.map { index, name in
                    switch chunk.columns[index][row] {
                    case .text(let text): .init(name: name, value: .text(text))
                    case let other: .init(name: name, value: .number(other.double ?? .nan))
                    }
                },
                label: value("label").text ?? "",
                score: value("score").double,
                traceID: value("trace_id").text
            )
        }
    }

    /// A model's name as a part of a path, as Hive writes it: everything but letters, digits and `._-` as `%XX`.
    static func pathSafe(_ name: String) -> String {
        let hex = Array("0123456789ABCDEF".unicodeScalars)
        return name.utf8.reduce(into: "") { text, byte in
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar)
            {
                text.unicodeScalars.append(scalar)
            } else {
                text += "%"
                text.unicodeScalars.append(hex[Int(byte >> 4)])
                text.unicodeScalars.append(hex[Int(byte & 15)])
            }
        }
    }

    /// The day of a moment, `2026-11-24`, in UTC.
    static func date(_ timeMs: Int64) -> String { Moment(ms: timeMs).day }
}
