// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
package import Documents

/// The stages of a project, as `dvc.yaml` has them.
package struct Pipeline: Sendable {
    /// The file's name.
    static let file = "dvc.yaml"

    /// The stages in the order of the file.
    package let stages: [Stage]
    /// For each stage, those that write what it reads.
    private let upstream: [[Int]]

    /// Reads the text of `dvc.yaml`.
    ///
    /// - Throws: ``DocumentError`` with every mistake in it.
    package init(_ text: String) throws(DocumentError) {
        let reader = FieldReader(try YAMLDocument.parse(text, file: Self.file), file: Self.file)
        // These say what to show of results, not how to make them.
        for key in ["metrics", "plots", "params", "artifacts", "datasets"] { _ = reader.value(key) }
        if let vars = reader.value("vars") { reader.report("`vars` is not supported yet", at: vars.position) }
        var stages: [Stage] = []
        var owners = Owners()
        if let all = reader.mapping("stages"), let node = reader.value("stages") {
            for entry in node.entries {
                guard let fields = all.mapping(entry.key) else {
                    reader.report("stage `\(entry.key)` is empty", at: entry.position)
                    continue
                }
                let stage = StageReader(entry.key, fields).read(at: entry.position)
                fields.checkKeys()
                for output in stage.outputs {
                    if let other = owners.take(output.path, for: stages.count) {
                        let name = other == stages.count ? "this stage" : "stage `\(stages[other].name)`"
                        reader.report("`\(output.place.written)` belongs to \(name) already", at: entry.position)
                    }
                }
                for place in stage.dependencies
                where stage.outputs.contains(where: {
                    ProjectPath.overlap($0.path, place.path)
                }) {
                    reader.report("stage `\(stage.name)` reads `\(place.written)`, which it writes", at: entry.position)
                }
                stages.append(stage)
            }
        }
        try reader.finish()
        self.stages = stages
        upstream = stages.map { stage in
            Set(stage.dependencies.flatMap { owners.touching($0.path) }).sorted()
        }
    }

    /// The stages in an order in which each comes behind those it depends on.
    ///
    /// - Parameter targets: Only these and what they depend on; all if empty.
    /// - Returns: The stages, each once.
    /// - Throws: ``PipelinesError`` `.unknownStage`, `.cycle`.
    package func ordered(_ targets: [String]) throws(PipelinesError) -> [Stage] {
        let named = Dictionary(stages.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        var roots: [Int] = targets.isEmpty ? Array(stages.indices) : []
        for target in targets {
            guard let index = named[target] else {
                throw PipelinesError(
                    .unknownStage,
                    what: "cannot run the stage `\(target)`",
                    why: "`dvc.yaml` has no such stage",
                    next: nearest(to: target, among: stages.map(\.name)).map { "did you mean `\($0)`?" }
                )
            }
            roots.append(index)
        }
        var result: [Stage] = []
        var done: Set<Int> = []
        // A stack of our own: a chain of stages may be longer than the thread's.
        var open: [(stage: Int, next: Int)] = []
        for root in roots where !done.contains(root) {
            open.append((root, 0))
            while let (stage, next) = open.last {
                guard next < upstream[stage].count else {
                    open.removeLast()
                    if done.insert(stage).inserted { result.append(stages[stage]) }
                    continue
                }
                open[open.count - 1].next += 1
                let other = upstream[stage][next]
                if done.contains(other) { continue }
                if let start = open.firstIndex(where: { $0.stage == other }) {
                    throw cycle(open[start...].map(\.stage))
                }
                open.append((other, 0))
            }
        }
        return result
    }

    private func cycle(_ circle: [Int]) -> PipelinesError {
        let names = (circle + circle.prefix(1)).map { stages[$0].name }
        return PipelinesError(
            .cycle,
            what: "cannot order the stages",
            why: "they wait for each other: \(names.joined(separator: " → "))",
            next: "remove one of these dependencies from `dvc.yaml`"
        )
    }
}

/// Which stage writes which path.
private struct Owners {
    private var owners: [String: Int] = [:]
    /// Stages that write something below a folder.
    private var below: [String: [Int]] = [:]

    /// Notes an owner; the one that the path, a part of it, or a folder around it belongs to already.
    mutating func take(_ path: String, for stage: Int) -> Int? {
        if let other = touching(path).first { return other }
        owners[path] = stage
        for folder in Self.folders(above: path) { below[folder, default: []].append(stage) }
        return nil
    }

    /// Owners of the path, of a part of it, or of a folder around it.
    func touching(_ path: String) -> [Int] {
        (owners[path].map { [$0] } ?? []) + (below[path] ?? []) + Self.folders(above: path).compactMap { owners[$0] }
    }

    private static func folders(above path: String) -> [String] {
        let parts = ProjectPath.parts(path)
        return (1..<max(parts.count, 1)).map { parts.prefix($0).joined(separator: "/") }
    }
}
