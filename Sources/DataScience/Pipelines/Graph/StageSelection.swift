// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics

#if canImport(Glibc)
import Glibc
#endif

/// Which part of a pipeline is meant.
package struct StageSelection: Sendable {
    /// How far it goes from its targets.
    package enum Reach: Sendable {
        /// What the targets depend on.
        case upstream
        /// What depends on the targets.
        case downstream
        /// All that is connected with the targets.
        case pipeline
        /// The targets alone.
        case alone
        /// Everything, whatever the targets.
        case all
    }

    /// Stages by name, `path/dvc.yaml`, `path/dvc.yaml:stage`, `.dvc` files, or folders; empty for the `dvc.yaml` of the folder.
    package var targets: [String] = []
    /// How far it goes from them.
    package var reach = Reach.upstream
    /// Whether targets are patterns such as `train*`.
    package var areGlobs = false
    /// Whether targets are folders, with all stages below.
    package var isRecursive = false

    /// What the project's own `dvc.yaml` has, and what it needs.
    package init() {}

    /// What is to be looked at, and in which order.
    struct Plan {
        /// Indexes of nodes; each comes behind those that it needs.
        let nodes: [Int]
        /// For each node of the plan those of it that it waits for.
        let waits: [Int: Set<Int>]
    }

    /// The nodes that are meant, in order.
    ///
    /// - Parameters:
    ///   - pipeline: All nodes.
    ///   - folder: The folder that targets count from, relative to the project; empty for its own.
    /// - Returns: The plan.
    /// - Throws: ``PipelinesError`` `.unknownStage`, `.noPipeline`, `.cycle`.
    func plan(of pipeline: Pipeline, from folder: String) throws -> Plan {
        // What is frozen does not care for what it reads.
        let upstream = pipeline.nodes.indices.map { pipeline.nodes[$0].isFrozen ? [] : pipeline.upstream[$0] }
        var downstream: [[Int]] = Array(repeating: [], count: upstream.count)
        for (index, others) in upstream.enumerated() { for other in others { downstream[other].append(index) } }
        let everything = try Self.postorder(Array(pipeline.nodes.indices), upstream, pipeline.cycle)
        // A circle anywhere is a mistake of the project.
        let roots = reach == .all ? Array(pipeline.nodes.indices) : try indexes(in: pipeline, folder)
        let wanted: Set<Int>
        switch reach {
        case .all: wanted = Set(roots)
        case .alone: wanted = Set(roots)
        case .upstream: wanted = Self.reachable(roots) { upstream[$0] }
        case .downstream: wanted = Self.reachable(roots) { downstream[$0] }
        case .pipeline: wanted = Self.reachable(roots) { upstream[$0] + downstream[$0] }
        }
        let order: [Int]
        switch reach {
        case .all: order = everything
        // In the order in which they are named.
        case .alone: order = roots
        default:
            order = try Self.postorder(wanted.sorted(), upstream.map { $0.filter(wanted.contains) }, pipeline.cycle)
        }
        var waits: [Int: Set<Int>] = [:]
        for index in order { waits[index] = reach == .alone ? [] : Set(upstream[index]).intersection(wanted) }
        return Plan(nodes: order, waits: waits)
    }

    private static func reachable(_ roots: [Int], _ next: (Int) -> [Int]) -> Set<Int> {
        var seen = Set(roots)
        var open = roots
        while let node = open.popLast() {
            for other in next(node) where seen.insert(other).inserted { open.append(other) }
        }
        return seen
    }

    /// Nodes behind what they need, as a depth-first walk meets them.
    private static func postorder(
        _ roots: [Int],
        _ upstream: [[Int]],
        _ cycle: ([Int]) -> PipelinesError
    ) throws(PipelinesError) -> [Int] {
        var result: [Int] = []
        var done: Set<Int> = []
        var isOpen: Set<Int> = []
        // A stack of our own: a chain of stages may be longer than the thread's.
        var open: [(node: Int, next: Int)] = []
        for root in roots where !done.contains(root) {
            open.append((root, 0))
            isOpen.insert(root)
            while let (node, next) = open.last {
                guard next < upstream[node].count else {
                    open.removeLast()
                    isOpen.remove(node)
                    if done.insert(node).inserted { result.append(node) }
                    continue
                }
                open[open.count - 1].next += 1
                let other = upstream[node][next]
                if done.contains(other) { continue }
                if isOpen.contains(other), let start = open.firstIndex(where: { $0.node == other }) {
                    throw cycle(open[start...].map(\.node))
                }
                open.append((other, 0))
                isOpen.insert(other)
            }
        }
        return result
    }

    // MARK: Targets

    /// The nodes that the targets name, and nothing else.
    ///
    /// - Throws: ``PipelinesError`` `.unknownStage`, `.noPipeline`.
    package func nodes(in pipeline: Pipeline, from folder: String) throws -> [Pipeline.Node] {
        try indexes(in: pipeline, folder).map { pipeline.nodes[$0] }
    }

    /// The nodes that the targets name.
    func indexes(in pipeline: Pipeline, _ folder: String) throws -> [Int] {
        let own = folder.isEmpty ? PipelineFile.name : "\(folder)/\(PipelineFile.name)"
        if targets.isEmpty {
            guard pipeline.files.contains(where: { $0.path == own }) else {
                throw PipelinesError(
                    .noPipeline,
                    what: "cannot reproduce the pipeline",
                    why: "there is no `dvc.yaml` in `\(folder.isEmpty ? "." : folder)`",
                    next: "name a stage, or pass `--all-pipelines`"
                )
            }
            return pipeline.nodes.indices.filter { pipeline.nodes[$0].file == own }
        }
        var seen: Set<Int> = []
        return try targets.flatMap { try indexes(of: $0, in: pipeline, folder, own) }.filter {
            seen.insert($0).inserted
        }
    }

    private func indexes(of target: String, in pipeline: Pipeline, _ folder: String, _ own: String) throws -> [Int] {
        let nodes = pipeline.nodes
        if isRecursive {
            // The project's own folder has no name of its own.
            let path = ProjectPath.joined([folder, target])
            return nodes.indices.filter { index in
                path.map { ProjectPath.parts(nodes[index].file).starts(with: ProjectPath.parts($0)) } ?? true
            }
        }
        let (file, name) = Self.split(target)
        let wanted = file.flatMap { ProjectPath.joined([folder, $0]) } ?? own
        func matches(_ stage: Stage, _ name: String) -> Bool {
            if areGlobs { return fnmatch(name, stage.name, 0) == 0 }
            return stage.name == name || stage.group == name
        }
        let found = nodes.indices.filter { index in
            switch nodes[index] {
            case .stage(let stage):
                guard stage.file == wanted else { return false }
                guard let name else { return true }
                return matches(stage, name)
            case .data(let data):
                return name == nil && (areGlobs ? fnmatch(wanted, data.file, 0) == 0 : data.file == wanted)
            }
        }
        if !found.isEmpty { return found }
        // An output stands for what writes it.
        if let path = ProjectPath.joined([folder, target]) {
            let writers = nodes.indices.filter { nodes[$0].outputs.contains(path) }
            if !writers.isEmpty { return writers }
        }
        let names = nodes.compactMap(\.stage).filter { $0.file == wanted }.map(\.name)
        throw PipelinesError(
            .unknownStage,
            what: "cannot run the stage `\(target)`",
            why: "`\(wanted)` has no such stage",
            next: nearest(to: name ?? target, among: names + nodes.map(\.address)).map { "did you mean `\($0)`?" }
        )
    }

    /// The file and the stage that a target names.
    private static func split(_ target: String) -> (file: String?, name: String?) {
        if target.hasSuffix(".dvc") || target.hasSuffix(PipelineFile.name) { return (target, nil) }
        guard let colon = target.lastIndex(of: ":") else { return (nil, target) }
        let (file, name) = (String(target[..<colon]), String(target[target.index(after: colon)...]))
        guard file.isEmpty || file.hasSuffix(".yaml") || file.hasSuffix(".yml") || file.hasSuffix(".dvc") else {
            return (nil, target)
        }
        return (file.isEmpty ? nil : file, name.isEmpty ? nil : name)
    }
}
