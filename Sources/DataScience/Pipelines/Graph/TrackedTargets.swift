// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Files
package import SystemPackage

/// What targets of a verb name among data and stages, with what their stages are made of if that is asked for.
package struct TrackedTargets: Sendable {
    /// The outputs, each once, in the order of the project.
    package let choices: [OutputTargets.Choice]
    /// The stages and `.dvc` files, as they call themselves; nil for all.
    package let addresses: Set<String>?
    /// The stages of them, each behind those that it needs where those are meant too.
    let stages: [Stage]

    /// Finds targets.
    ///
    /// - Parameters:
    ///   - targets: Data, parts of it, `.dvc` files, stages, `dvc.yaml` files, as a person in the folder writes them; all if empty.
    ///   - data: The project.
    ///   - folder: The folder.
    ///   - recursive: Whether a folder stands for all in it.
    ///   - withDeps: Whether what targets are made of counts too, at all distances.
    /// - Returns: What they name.
    /// - Throws: ``DataVersionsError`` `.unknownTarget`, ``PipelinesError``, ``DocumentError``.
    package static func find(
        _ targets: [String],
        of data: DataRepository,
        from folder: FilePath,
        recursive: Bool = false,
        withDeps: Bool = false
    ) async throws -> TrackedTargets {
        let outputs = try await data.outputs([StageOutputs(data)])
        let (root, style) = (data.root, FlagStyle(data.config))
        let pipeline = try await BlockingPool.shared.run {
            try Pipeline.load(root, FileSource(root: root), style: style)
        }
        guard !targets.isEmpty else {
            let all = try OutputTargets(outputs, of: data, from: folder).select([])
            return TrackedTargets(choices: all, addresses: nil, stages: pipeline.stages)
        }
        var below = folder.lexicallyNormalized()
        let current = below.removePrefix(root) ? below.string : ""
        var parts: [String] = []
        var nodes: Set<Int> = []
        for target in targets {
            var selection = StageSelection()
            selection.targets = [target]
            selection.isRecursive = recursive && FileSystem.isDirectory(folder.pushing(FilePath(target)))
            // Stages that write nothing are named too.
            let own = (try? selection.indexes(in: pipeline, current)) ?? []
            let isPath = pipeline.nodes.indices.contains { index in
                own.contains(index) && pipeline.nodes[index].outputs.count > 1
            }
            // Of several outputs of one stage, the path means one.
            if own.isEmpty || isPath && !Self.isName(target, of: own, in: pipeline, current) {
                parts.append(target)
            } else {
                nodes.formUnion(own)
            }
        }
        let named =
            parts.isEmpty ? [] : try OutputTargets(outputs, of: data, from: folder).select(parts, recursive: recursive)
        var places: [String: Int] = [:]
        for (index, node) in pipeline.nodes.enumerated() { places[node.address] = index }
        var open = Array(nodes) + named.compactMap { places[$0.output.address] }
        let meant = Set(open)
        var reached = meant
        while withDeps, let node = open.popLast() {
            for other in pipeline.upstream[node] where reached.insert(other).inserted { open.append(other) }
        }
        let whole = nodes.union(reached.subtracting(meant))
        let addresses = Set(reached.map { pipeline.nodes[$0].address }).union(named.map(\.output.address))
        let wholes = Set(whole.map { pipeline.nodes[$0].address })
        let choices = outputs.compactMap { output -> OutputTargets.Choice? in
            if wholes.contains(output.address) { return .init(output: output, part: nil) }
            return named.first { $0.output == output }
        }
        var order = StageSelection()
        order.reach = .all
        let sorted = withDeps ? try order.plan(of: pipeline, from: "").nodes : Array(pipeline.nodes.indices)
        return TrackedTargets(
            choices: choices,
            addresses: addresses,
            stages: sorted.filter(reached.contains).compactMap { pipeline.nodes[$0].stage }
        )
    }

    /// Whether a target is the name of what was found, and no path of an output.
    private static func isName(_ target: String, of found: [Int], in pipeline: Pipeline, _ current: String) -> Bool {
        guard let path = ProjectPath.joined([current, target]) else { return true }
        return !found.contains { pipeline.nodes[$0].outputs.contains(path) }
    }
}
