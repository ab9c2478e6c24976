// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents
import Files
import NIOCore
import Registry
import SystemPackage
import Tracking

/// A `meta.yaml`.
struct MLflowMeta: Sendable {
    private let root: YAMLNode
    private let file: String

    /// Reads the one of a folder.
    ///
    /// - Throws: ``DocumentError`` with line and column, or ``FilesError``.
    init(_ folder: FilePath) throws {
        let path = folder.appending("meta.yaml")
        file = path.string
        root = try YAMLDocument.parse(try FileReader.text(of: path, limit: 32 << 20), file: path.string)
        guard root.isMapping else {
            throw TransferError(.damaged, what: "cannot read `\(path)`", why: "`\(path)` is no mapping")
        }
    }

    func text(_ key: String) -> String? { root[key]?.string }

    func required(_ key: String) throws -> String {
        guard let text = text(key), !text.isEmpty else {
            throw TransferError(.damaged, what: "cannot read `\(file)`", why: "`\(file)` has no `\(key)`")
        }
        return text
    }

    /// A whole number, also if it is written as a text or with a fraction, as old versions wrote times.
    func integer(_ key: String) -> Int64? {
        guard let node = root[key], !node.isNull else { return nil }
        if let number = node.integer { return number }
        if let number = node.double { return Int64(exactly: number.rounded(.towardZero)) }
        return node.string.flatMap { Int64($0) }
    }

    func pairs(_ key: String) -> [KeyValue] {
        root[key]?.entries.map { KeyValue($0.key, $0.value.string ?? "") } ?? []
    }

    func status() throws -> RunStatus {
        if let text = text("status"), let status = RunStatus(rawValue: text) { return status }
        let all: [RunStatus] = [.running, .scheduled, .finished, .failed, .killed]
        guard let number = integer("status"), (1...5).contains(number) else {
            throw TransferError(.damaged, what: "cannot read `\(file)`", why: "`\(file)` has no `status` of MLflow's")
        }
        return all[Int(number) - 1]
    }

    func dataset(tags: [KeyValue]) throws -> DatasetInput {
        DatasetInput(
            name: try required("name"),
            digest: try required("digest"),
            sourceType: text("source_type") ?? "",
            source: text("source") ?? "",
            schema: text("schema"),
            profile: text("profile"),
            tags: tags
        )
    }
}

/// Folders whose files are keys and whose content is the value.
enum MLflowFiles {
    /// The longest value that is read; MLflow itself takes far less.
    private static let limit = 32 << 20

    /// Keys and values; none if there is no such folder.
    static func pairs(in folder: FilePath) throws -> [KeyValue] {
        guard FileSystem.isDirectory(folder) else { return [] }
        return try names(below: folder).map { name in
            KeyValue(name, try FileReader.text(of: folder.appending(name), limit: limit))
        }
    }

    /// The paths of the files below a folder; links are not followed.
    static func names(below folder: FilePath) throws -> [String] {
        var result: [String] = []
        for entry in try FileSystem.entries(of: folder) {
            guard let name = entry.name else { continue }
            switch entry.kind {
            case .file: result.append(name)
            case .folder: result += try names(below: folder.appending(entry.component)).map { "\(name)/\($0)" }
            default: continue
            }
        }
        return result.sorted()
    }

    /// The `meta.yaml` of each folder below.
    static func metas(below folder: FilePath) throws -> [MLflowMeta] {
        guard FileSystem.isDirectory(folder) else { return [] }
        return try FileSystem.list(folder).map { folder.appending($0) }
            .filter { FileSystem.exists($0.appending("meta.yaml")) }.map { try MLflowMeta($0) }
    }
}

/// What MLflow's stores write as text.
enum MLflowText {
    /// `TIME VALUE [STEP [DATASET DIGEST]]`.
    static func point(_ line: Substring, of key: String) throws(TransferError) -> Metric {
        let parts = line.split(separator: " ")
        guard parts.count >= 2, let time = Int64(parts[0]), let value = number(parts[1]),
            let step = parts.count > 2 ? Int64(parts[2]) : 0
        else { throw damaged(line, key) }
        return Metric(key: key, value: value, timestampMs: time, step: step)
    }

    /// `TIME VALUE STEP RUN [DATASET DIGEST]`.
    static func modelPoint(
        _ line: Substring,
        of key: String,
        model: String
    ) throws(TransferError) -> (run: String, metric: Metric) {
        let parts = line.split(separator: " ")
        guard parts.count >= 4, let time = Int64(parts[0]), let value = number(parts[1]), let step = Int64(parts[2])
        else { throw damaged(line, key) }
        let dataset: Metric.Dataset? =
            parts.count < 6
            ? nil : .init(name: parts[4..<parts.count - 1].joined(separator: " "), digest: String(parts.last ?? ""))
        let metric = Metric(key: key, value: value, timestampMs: time, step: step, modelID: model, dataset: dataset)
        return (String(parts[3]), metric)
    }

    private static func damaged(_ line: Substring, _ key: String) -> TransferError {
        TransferError(
            .damaged,
            what: "cannot read the metric `\(key)`",
            why: "the line `\(line.prefix(80))` of the metric `\(key)` is no point"
        )
    }

    /// A number as Python writes it.
    static func number(_ text: Substring) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "inf", "infinity": .infinity
        case "-inf", "-infinity": -.infinity
        default: Double(text).map(unbounded)
        }
    }

    /// MLflow's SQL store keeps an infinite value as the greatest number there is.
    static func unbounded(_ value: Double) -> Double {
        abs(value) == Double.greatestFiniteMagnitude ? (value < 0 ? -.infinity : .infinity) : value
    }

    static func modelStatus(_ number: Int64?) -> LoggedModelStatus {
        switch number {
        case 2: .ready
        case 3: .uploadFailed
        default: .pending
        }
    }

    /// A version's stage; nil for a deleted one.
    static func stage(_ text: String?) -> VersionStage? {
        guard let text, !text.isEmpty else { return VersionStage.none }
        return VersionStage(rawValue: text) ?? (text.hasPrefix("Deleted") ? nil : VersionStage.none)
    }

    /// The id in `models:/m-…`.
    static func modelID(inSource source: String) -> String? {
        guard source.hasPrefix("models:/m-") else { return nil }
        let id = source.dropFirst("models:/".count)
        return id.contains("/") || id.contains("@") ? nil : String(id)
    }

    /// A location that is neither on the source's disk nor behind its server; nil for one that moves with the import.
    static func foreign(_ location: String?) -> String? {
        guard let location, location.contains("://"), !location.hasPrefix("file:"),
            TrackingService.artifactPrefix(of: location) == nil
        else { return nil }
        return location
    }
}

/// Lines of text as bytes come in.
struct TextLines {
    private var rest: [UInt8] = []

    /// The lines that end in this piece, without their ends.
    mutating func take(_ piece: ByteBuffer) -> [Substring] {
        rest.append(contentsOf: piece.readableBytesView)
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let text = String(decoding: rest[...end], as: UTF8.self)
        rest.removeSubrange(...end)
        return text.split { $0 == "\n" || $0 == "\r\n" }
    }
}

/// The sentence that says why, for a line of the report.
func explained(_ error: any Error) -> String {
    guard let error = error as? any Explained else { return "\(error)" }
    return error.why
}
