// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTypes
import JSONText
import NIOCore
import SystemPackage

/// Requests that follow each other, with the answers that MLflow's own server gave; `record.py` beside them made them.
struct RecordedTable {
    let steps: [Step]

    init(named name: String) throws {
        let text = try FileReader.text(of: Self.folder.appending(name + ".jsonl"))
        steps = try text.split(separator: "\n").map { try Step(JSONDocument(String($0)).root) }
    }

    /// The names of all records.
    static var names: [String] {
        get throws {
            try FileSystem.list(folder).filter { $0.hasSuffix(".jsonl") && $0 != "differences.jsonl" }
                .map { String($0.dropLast(".jsonl".count)) }
        }
    }

    private static var folder: FilePath {
        FilePath(#filePath).removingLastComponent().appending("Fixtures/mlflow-3.17")
    }

    /// One request and its answer.
    struct Step {
        let method: String
        let uri: String
        private let record: JSONElement

        init(_ record: JSONElement) throws {
            self.record = record
            let call = (record["call"]?.string ?? "").split(separator: " ", maxSplits: 1).map(String.init)
            (method, uri) = (call.first ?? "", call.last ?? "")
        }

        var headers: [(name: String, value: String)] {
            record["headers"]?.members.map { ($0.key, $0.value.string ?? "") } ?? []
        }
        /// What later steps call values of the answer, and where these are.
        var saved: [(name: String, path: String)] {
            record["save"]?.members.map { ($0.key, $0.value.string ?? "") } ?? []
        }
        /// The part of the answer that counts.
        var part: String { record["pick"]?.string ?? "" }
        var isText: Bool { record["text"] != nil }
        var seenHeaders: [String] { record["see"]?.elements.compactMap(\.string) ?? [] }
        /// Why Gyre answers otherwise; nil if it answers as MLflow does.
        var why: String? { record["ours"]?["why"]?.string }

        /// The body, with the names filled in.
        func body(_ names: RecordedNames) -> ByteBuffer? {
            if let raw = record["raw"]?.string {
                let text = names.filled(raw)
                guard record["latin"] != nil else { return ByteBuffer(string: text) }
                return ByteBuffer(bytes: text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
            }
            guard let body = record["body"] else { return nil }
            var text = body.json
            for (field, many) in record["repeat"]?.members.map({ $0 }) ?? [] {
                let items = (0..<(many["count"]?.int64 ?? 0)).map { index in
                    many["item"]?.json.replacing("$I", with: String(index)) ?? ""
                }
                text = "\(text.dropLast()),\"\(field)\":[\(items.joined(separator: ","))]}"
            }
            return ByteBuffer(string: names.filled(text))
        }

        /// What MLflow answered, or what Gyre answers on purpose.
        var expected: Answer { Answer(record["ours"] ?? record, part: part) }

        /// Where MLflow itself fails, any refusal will do.
        var isAnyRefusalFine: Bool { record["ours"] == nil && record["status"]?.int64 == 500 }
    }

    /// An answer without what differs from one server to the next.
    struct Answer: Equatable, CustomStringConvertible {
        var status: Int64
        /// Empty if it is no error, or one that MLflow does not put in its own shape.
        var code = ""
        var content = ""
        var headers: [String: String] = [:]

        init(status: Int64) { self.status = status }

        init(_ record: JSONElement, part: String) {
            status = record["status"]?.int64 ?? 0
            code = record["code"]?.string ?? ""
            if let answer = record["answer"] {
                content =
                    RecordedNames().plain(answer, part.split(separator: ".").last.map(String.init) ?? "") ?? "null"
            } else if status < 400 {
                content = record["text"]?.string ?? ""
            }
            for (name, value) in record["seen"]?.members.map({ $0 }) ?? [] { headers[name] = value.string ?? "" }
        }

        var description: String { "\(status) \(code) \(content.prefix(2_000)) \(headers)" }
    }
}

/// The ids that answers gave, by the names that the tables have for them.
struct RecordedNames {
    private var names: [(name: String, value: String)] = []

    mutating func save(_ name: String, _ value: String) {
        names.removeAll { $0.name == name }
        names.append((name, value))
        // So that `$RUN2` is not taken for `$RUN` and a `2`.
        names.sort { $0.name.utf8.count > $1.name.utf8.count }
    }

    /// The text with values for names, and `x` ten times for `$X10`.
    func filled(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        let long =
            !text.contains("$X")
            ? text : text.replacing(/\$X([0-9]+)/) { match in String(repeating: "x", count: Int(match.output.1) ?? 0) }
        return names.reduce(long) { $0.replacing("$" + $1.name, with: $1.value) }
    }

    private static let times: Set = [
        "creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp", "creation_timestamp_ms",
        "last_updated_timestamp_ms", "start_time", "end_time", "timestamp",
    ]
    private static let unordered: Set = [
        "tags", "params", "aliases", "dataset_inputs", "model_inputs", "model_outputs", "latest_versions", "metrics",
        "dataset_summaries",
    ]

    /// JSON with sorted names, and without what differs from one server to the next; nil if nothing is left.
    func plain(_ value: JSONElement, _ key: String = "") -> String? {
        switch value.kind {
        case .object:
            let members = value.members.compactMap { name, item in plain(item, name).map { (name, $0) } }
                .sorted { $0.0 < $1.0 }
                .map { "\"\($0.0)\":\($0.1)" }
            return members.isEmpty ? (key.isEmpty ? "{}" : nil) : "{\(members.joined(separator: ","))}"
        case .array:
            var items = value.elements.map { plain($0, key) ?? ($0.kind == .object ? "{}" : "null") }
            let isSeries = key == "metrics" && Set(value.elements.map { $0["key"]?.string }).count == 1
            if Self.unordered.contains(key), !isSeries { items.sort() }
            return items.isEmpty && !key.isEmpty ? nil : "[\(items.joined(separator: ","))]"
        case .string: return plain(value.string ?? "", key).map { "\"\($0)\"" }
        default:
            if value.isNull { return nil }
            if let number = value.double {
                if Self.times.contains(key), number >= 1_000_000 { return "\"<time>\"" }
                return value.int64.map(String.init) ?? (Int64(exactly: number).map(String.init) ?? "\(number)")
            }
            return value.json
        }
    }

    private func plain(_ text: String, _ key: String) -> String? {
        if key == "next_page_token" { return text.isEmpty ? nil : "<token>" }
        var text = text
        for (name, value) in names where value.utf8.count >= 32 { text = text.replacing(value, with: "$" + name) }
        // Expressions are slow, and most texts are short.
        if text.utf8.count >= 32 { text = text.replacing(/[0-9a-f]{32}/, with: "<id>") }
        if text.utf8.count >= 200 { text = text.replacing(/x{200,}/) { match in "$X\(match.output.utf8.count)" } }
        let mayBeMadeUp = ["run_name", "value", "name"].contains(key) && text.utf8.contains(UInt8(ascii: "-"))
        return mayBeMadeUp && text.wholeMatch(of: /[a-z]+-[a-z]+-[0-9]+/) != nil ? "<name>" : text
    }
}

extension JSONElement {
    /// The value at `a.b.c`; nil if there is none.
    func value(at path: String) -> JSONElement? {
        path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] }
    }
}
