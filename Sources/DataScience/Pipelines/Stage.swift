// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import Documents

/// One step of a pipeline: a command, what it reads and what it writes.
package struct Stage: Sendable {
    /// A file or folder that a stage writes.
    package struct Output: Sendable, Hashable {
        /// The path, relative to the project.
        package let path: String
        /// Whether its content goes into the cache, and git ignores it.
        package let isCached: Bool
        /// Whether it stays when the stage runs again.
        package let persists: Bool
        /// Whether it holds metrics.
        package let isMetrics: Bool
    }

    /// The name in `dvc.yaml`.
    package let name: String
    /// The commands, one after the other by the shell.
    package let commands: [String]
    /// Whether `dvc.yaml` writes the command as a list.
    package let writesList: Bool
    /// What it reads, sorted.
    package let dependencies: [String]
    /// The parameters that it depends on: file and dotted key; nil for all keys of the file.
    package let params: [(file: String, key: String?)]
    /// What it writes, sorted by path.
    package let outputs: [Output]
    /// Whether it never runs.
    package let isFrozen: Bool
    /// Whether it runs every time.
    package let alwaysChanged: Bool
    /// What people say of it.
    package let description: String?
}

/// The stages of a project, as `dvc.yaml` has them.
package struct Pipeline: Sendable {
    /// The file's name.
    static let file = "dvc.yaml"

    /// The stages in the order of the file.
    package let stages: [Stage]

    /// Reads the text of `dvc.yaml`.
    ///
    /// - Throws: ``DocumentError`` with every mistake in it.
    package init(_ text: String) throws(DocumentError) {
        let reader = FieldReader(try YAMLDocument.parse(text, file: Self.file), file: Self.file)
        for key in ["vars", "metrics", "plots", "params", "artifacts", "datasets"] { _ = reader.value(key) }
        var stages: [Stage] = []
        if let all = reader.mapping("stages"), let node = reader.value("stages") {
            for entry in node.entries {
                guard let stage = all.mapping(entry.key) else { continue }
                stages.append(Self.stage(entry.key, stage))
                stage.checkKeys()
            }
        }
        try reader.finish()
        self.stages = stages
    }

    /// The stages in an order in which each comes behind those it depends on.
    ///
    /// - Parameter targets: Only these and what they depend on; all if empty.
    /// - Returns: Each stage once; those that do not depend on each other in the order of the file, or of `targets`.
    /// - Throws: ``PipelinesError`` `.unknownStage` if `dvc.yaml` lacks a target, `.cycle` if stages wait for each
    ///   other.
    package func ordered(_ targets: [String]) throws(PipelinesError) -> [Stage] {
        let named = Dictionary(stages.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for target in targets where named[target] == nil {
            throw PipelinesError(
                .unknownStage,
                what: "cannot run the stage `\(target)`",
                why: "`dvc.yaml` has no such stage",
                next: nearest(to: target, among: stages.map(\.name)).map { "did you mean `\($0)`?" }
            )
        }
        var result: [Stage] = []
        var done: Set<String> = []
        var open: [String] = []
        func visit(_ stage: Stage) throws(PipelinesError) {
            if done.contains(stage.name) { return }
            if let start = open.firstIndex(of: stage.name) {
                throw PipelinesError(
                    .cycle,
                    what: "cannot order the stages",
                    why: "they wait for each other: \((open[start...] + [stage.name]).joined(separator: " → "))",
                    next: "remove one of these dependencies from `dvc.yaml`"
                )
            }
            open.append(stage.name)
            for other in stages where other.outputs.contains(where: { Self.touches($0.path, stage.dependencies) }) {
                if other.name != stage.name { try visit(other) }
            }
            open.removeLast()
            done.insert(stage.name)
            result.append(stage)
        }
        for stage in targets.isEmpty ? stages : targets.compactMap({ named[$0] }) { try visit(stage) }
        return result
    }

    /// Whether an output is, holds, or lies in one of the paths.
    private static func touches(_ output: String, _ paths: [String]) -> Bool {
        paths.contains { $0 == output || $0.hasPrefix(output + "/") || output.hasPrefix($0 + "/") }
    }

    private static func stage(_ name: String, _ reader: FieldReader) -> Stage {
        for key in ["wdir", "meta", "vars", "plots"] { _ = reader.value(key) }
        let command = reader.strings("cmd")
        if let wdir = reader.value("wdir"), wdir.string != "." {
            reader.report("`wdir` other than `.` is not supported yet", at: wdir.position)
        }
        if let node = reader.value("cmd"), command.isEmpty {
            reader.report("stage `\(name)` has no command", at: node.position)
        }
        var outputs: [Stage.Output] = []
        for (key, isMetrics) in [("outs", false), ("metrics", true)] {
            for item in reader.value(key)?.sequence ?? [] {
                if let path = item.string {
                    outputs.append(.init(path: path, isCached: true, persists: false, isMetrics: isMetrics))
                } else if let entry = item.entries.first, item.entries.count == 1 {
                    let options = entry.value
                    outputs.append(
                        .init(
                            path: entry.key,
                            isCached: options["cache"]?.bool ?? true,
                            persists: options["persist"]?.bool ?? false,
                            isMetrics: isMetrics
                        )
                    )
                } else {
                    reader.report("an item of `\(key)` is \(item.kindName); a path is expected", at: item.position)
                }
            }
        }
        let params: [(file: String, key: String?)] = (reader.value("params")?.sequence ?? []).flatMap { item in
            if let key = item.string { return [(file: "params.yaml", key: Optional(key))] }
            return item.entries.flatMap { entry -> [(file: String, key: String?)] in
                guard let keys = entry.value.sequence else { return [(file: entry.key, key: nil)] }
                return keys.compactMap(\.string).map { (file: entry.key, key: $0) }
            }
        }
        return Stage(
            name: name,
            commands: command.map(\.text),
            writesList: reader.value("cmd")?.sequence != nil,
            dependencies: reader.strings("deps").map(\.text).sorted(),
            params: params,
            outputs: outputs.sorted { $0.path < $1.path },
            isFrozen: reader.bool("frozen") ?? false,
            alwaysChanged: reader.bool("always_changed") ?? false,
            description: reader.string("desc")
        )
    }
}
