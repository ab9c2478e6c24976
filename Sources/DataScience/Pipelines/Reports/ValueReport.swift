// SPDX-License-Identifier: Apache-2.0

import DataVersions
package import Documents
import SystemPackage

/// The values of metrics or parameters, by file, at one revision.
package struct ValueReport: Sendable {
    /// A file, with its values or why it has none.
    package struct File: Sendable {
        /// The path relative to the project.
        package let path: String
        /// Its values; nil if it cannot be read.
        package let values: YAMLNode?
        /// Why it cannot be read; nil if it can.
        package let problem: String?
    }

    /// The revision, as people call it.
    package let revision: String
    /// The files, in the order in which the pipeline names them.
    package let files: [File]

    /// The metrics of a revision: those of stages, and what `metrics` of a `dvc.yaml` names.
    ///
    /// - Parameters:
    ///   - revision: The revision.
    ///   - targets: Only these files, also if no stage has them; all if empty.
    /// - Returns: Their numbers and texts.
    /// - Throws: Errors of what is read.
    package static func metrics(of revision: ProjectRevision, targets: [String] = []) async throws -> ValueReport {
        let pipeline = try await revision.pipeline()
        var paths = targets
        if targets.isEmpty {
            paths = pipeline.stages.flatMap { $0.outputs.filter(\.isMetrics).map(\.path) }
            paths += pipeline.files.flatMap { file in file.metrics.compactMap { ProjectPath.joined([file.folder, $0]) }
            }
        }
        var files: [File] = []
        for path in distinct(paths) {
            for path in try await revision.expand(path, in: pipeline) {
                files.append(
                    try await file(path, revision, pipeline) { numbers(in: $0) ?? .made(.mapping([]), at: $0.position) }
                )
            }
        }
        return ValueReport(revision: revision.name, files: files)
    }

    /// The parameters of a revision: those that stages depend on, and `params.yaml`.
    ///
    /// - Parameters:
    ///   - revision: The revision.
    ///   - targets: Only these files, also if no stage reads them; all if empty.
    ///   - ofStages: Only what stages depend on.
    /// - Returns: The values; of a file of which only keys are named, only those.
    /// - Throws: Errors of what is read.
    package static func params(
        of revision: ProjectRevision,
        targets: [String] = [],
        ofStages: Bool = false
    ) async throws -> ValueReport {
        let pipeline = try await revision.pipeline()
        var order: [String] = []
        var keys: [String: [String]] = [:]
        // A file that is wanted whole once is shown whole.
        var whole: Set<String> = []
        func want(_ path: String, _ names: [String]) {
            if keys[path] == nil { order.append(path) }
            keys[path, default: []] += names
            if names.isEmpty { whole.insert(path) }
        }
        for target in targets { want(target, []) }
        if targets.isEmpty {
            for param in pipeline.stages.flatMap(\.params) { want(param.place.path, param.key.map { [$0] } ?? []) }
            if !ofStages {
                for file in pipeline.files {
                    for path in file.params.compactMap({ ProjectPath.joined([file.folder, $0]) }) { want(path, []) }
                }
                if try await revision.bytes(of: ParameterFiles.main, in: pipeline) != nil {
                    want(ParameterFiles.main, [])
                }
            }
        }
        var files: [File] = []
        for path in order {
            let names = whole.contains(path) ? [] : distinct(keys[path] ?? [])
            files.append(
                try await file(path, revision, pipeline) { names.isEmpty ? $0 : picked(names, from: $0) }
            )
        }
        return ValueReport(revision: revision.name, files: files)
    }

    /// The same with other names for the files, such as paths from another folder.
    package func renamed(_ name: (String) -> String) -> ValueReport {
        ValueReport(
            revision: revision,
            files: files.map { File(path: name($0.path), values: $0.values, problem: $0.problem) }
        )
    }

    private static func file(
        _ path: String,
        _ revision: ProjectRevision,
        _ pipeline: Pipeline,
        _ convert: (YAMLNode) -> YAMLNode
    ) async throws -> File {
        guard let bytes = try await revision.bytes(of: path, in: pipeline) else {
            return File(path: path, values: nil, problem: "there is no `\(path)`")
        }
        do {
            let document = try ParameterDocument.parse(String(decoding: bytes, as: UTF8.self), file: path)
            return File(path: path, values: convert(document), problem: nil)
        } catch {
            return File(path: path, values: nil, problem: error.why)
        }
    }

    private static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    /// Numbers and texts; lists and nothing are left out.
    private static func numbers(in node: YAMLNode) -> YAMLNode? {
        switch node.content {
        case .null, .sequence: return nil
        case .mapping(let entries):
            let kept = entries.compactMap { entry in
                numbers(in: entry.value).map { YAMLNode.Entry.made(entry.key, $0, at: entry.position) }
            }
            return kept.isEmpty ? nil : .made(.mapping(kept), at: node.position)
        default: return node
        }
    }

    /// A mapping that has only these dotted keys.
    private static func picked(_ keys: [String], from document: YAMLNode) -> YAMLNode {
        var entries: [YAMLNode.Entry] = []
        for key in keys {
            guard let value = ParameterFiles.find(key, in: document) else { continue }
            set(key.split(separator: ".").map(String.init)[...], value, &entries)
        }
        return .made(.mapping(entries), at: document.position)
    }

    private static func set(_ path: ArraySlice<String>, _ value: YAMLNode, _ entries: inout [YAMLNode.Entry]) {
        guard let name = path.first else { return }
        let index = entries.firstIndex { $0.key == name }
        var inner = value
        if path.count > 1 {
            var children = index.map { entries[$0].value.entries } ?? []
            set(path.dropFirst(), value, &children)
            inner = .made(.mapping(children), at: value.position)
        }
        let entry = YAMLNode.Entry.made(name, inner, at: value.position)
        if let index { entries[index] = entry } else { entries.append(entry) }
    }

    // MARK: Texts

    /// The single values by dotted key.
    ///
    /// One that is all of the file has an empty key. Lists are values.
    package static func flat(_ node: YAMLNode) -> [(key: String, value: YAMLNode)] {
        node.isMapping ? flat(node, "") : node.isNull ? [] : [("", node)]
    }

    private static func flat(_ node: YAMLNode, _ prefix: String) -> [(key: String, value: YAMLNode)] {
        node.entries.flatMap { entry in
            let key = prefix.isEmpty ? entry.key : "\(prefix).\(entry.key)"
            return entry.value.isMapping ? flat(entry.value, key) : [(key, entry.value)]
        }
    }

    /// A value for people: numbers with at most so many digits behind the point.
    package static func text(_ value: YAMLNode?, precision: Int?) -> String {
        guard let value, !value.isNull else { return "-" }
        if case .real(let number) = value.content, value.wholeDigits == nil, let precision {
            return PythonText.repr(rounded(number, precision))
        }
        return PythonText.str(value)
    }

    /// A number rounded as Python's `round` does.
    static func rounded(_ number: Double, _ digits: Int) -> Double {
        guard number.isFinite, abs(number) < 1e15, digits < 16 else { return number }
        let power = (0..<digits).reduce(1.0) { value, _ in value * 10 }
        return (number * power).rounded(.toNearestOrEven) / power
    }

    /// DVC's document of revisions, files and values.
    package static func json(_ reports: [ValueReport]) -> String {
        let revisions = reports.map { report in
            // DVC gives the work tree alone no name.
            let name = reports.count == 1 && report.revision == ProjectRevision.workspace ? "" : report.revision
            return "\(PythonText.json(name)): {\"data\": \(report.json)}"
        }
        return "{\(revisions.joined(separator: ", "))}"
    }

    /// DVC's document of files and values.
    package var json: String {
        let files = files.map { file in
            let content =
                file.values.map { "{\"data\": \(PythonText.ordered($0))}" }
                ?? "{\"error\": {\"type\": \"FileNotFoundError\", \"msg\": \(PythonText.json(file.problem ?? ""))}}"
            return "\(PythonText.json(file.path)): \(content)"
        }
        return "{\(files.joined(separator: ", "))}"
    }
}

/// What differs between the values of two revisions.
package struct ValueDifference: Sendable {
    /// One value that differs, or that was asked for all the same.
    package struct Change: Sendable {
        /// The file, relative to the project.
        package let path: String
        /// The dotted key.
        package let key: String
        /// The value before; nil if there was none.
        package let old: YAMLNode?
        /// The value after; nil if there is none.
        package let new: YAMLNode?

        /// How far a number went.
        package var difference: YAMLNode? {
            guard let old, let new else { return nil }
            // As in Python, true is one.
            func plain(_ node: YAMLNode) -> YAMLNode.Content {
                node.bool.map { .integer($0 ? 1 : 0) } ?? node.content
            }
            switch (plain(old), plain(new)) {
            case (.integer(let before), .integer(let after)):
                return .whole("\(after &- before)", at: new.position)
            case (.integer, .real), (.real, .integer), (.real, .real):
                guard let before = old.double, let after = new.double else { return nil }
                return .fraction(after - before, at: new.position)
            default: return nil
            }
        }

        fileprivate var json: String {
            func value(_ node: YAMLNode?) -> String {
                guard let node else { return "null" }
                // DVC gives lists as texts.
                return node.sequence != nil ? PythonText.json(PythonText.repr(node)) : PythonText.ordered(node)
            }
            let change = difference.map { ", \"diff\": \(PythonText.ordered($0))" } ?? ""
            return "\(PythonText.json(key)): {\"old\": \(value(old)), \"new\": \(value(new))\(change)}"
        }
    }

    /// The changes, sorted by key within their files.
    package let changes: [Change]

    /// Compares two reports.
    package init(from old: ValueReport, to new: ValueReport, includingUnchanged all: Bool = false) {
        var paths = old.files.map(\.path)
        paths += new.files.map(\.path).filter { !paths.contains($0) }
        changes = paths.flatMap { path -> [Change] in
            func values(_ report: ValueReport) -> [String: YAMLNode] {
                let file = report.files.first { $0.path == path }
                let flat = file?.values.map(ValueReport.flat) ?? []
                return Dictionary(flat.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
            }
            let (before, after) = (values(old), values(new))
            let keys = Set(before.keys).union(after.keys).sorted { StageReader.precedes($0, $1) }
            return keys.compactMap { key in
                let (left, right) = (before[key], after[key])
                let isSame = left.flatMap { left in right.map { left.isEqual(to: $0) } } ?? false
                return isSame && !all ? nil : Change(path: path, key: key, old: left, new: right)
            }
        }
    }

    /// DVC's document of files, keys, old and new values.
    package var json: String {
        var paths: [String] = []
        for change in changes where !paths.contains(change.path) { paths.append(change.path) }
        let files = paths.map { path in
            let items = changes.filter { $0.path == path }.map(\.json)
            return "\(PythonText.json(path)): {\(items.joined(separator: ", "))}"
        }
        return "{\(files.joined(separator: ", "))}"
    }
}
