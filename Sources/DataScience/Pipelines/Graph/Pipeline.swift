// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
package import SystemPackage

/// All stages and data of a project, and which of them needs which.
package struct Pipeline: Sendable {
    /// A stage of a `dvc.yaml`, or the data of a `.dvc` file.
    package enum Node: Sendable {
        case stage(Stage)
        case data(DataFile)

        /// The name that is its own in the project.
        package var address: String {
            switch self {
            case .stage(let stage): stage.address
            case .data(let file): file.file
            }
        }

        /// The paths that it writes.
        package var outputs: [String] {
            switch self {
            case .stage(let stage): stage.outputs.map(\.path)
            case .data(let file): file.outputs.map(\.path)
            }
        }

        /// The paths in the project that it reads.
        package var dependencies: [String] {
            switch self {
            case .stage(let stage): stage.readingOrder.map(\.path) + stage.params.map(\.place.path)
            case .data(let file): file.sources
            }
        }

        /// The stage; nil for data.
        package var stage: Stage? {
            if case .stage(let stage) = self { return stage }
            return nil
        }

        /// The file that describes it.
        package var file: String {
            switch self {
            case .stage(let stage): stage.file
            case .data(let file): file.file
            }
        }

        /// Whether what it needs is not looked at.
        var isFrozen: Bool {
            switch self {
            case .stage(let stage): stage.isFrozen
            case .data: true
            }
        }
    }

    /// The `dvc.yaml` files.
    package let files: [PipelineFile]
    /// Everything, the project's own file first.
    package let nodes: [Node]
    /// For each node those that write what it reads, in the order in which it reads.
    package let upstream: [[Int]]
    /// For each node those that read what it writes.
    package let downstream: [[Int]]

    /// The stages in the order of the files.
    package var stages: [Stage] { nodes.compactMap(\.stage) }

    /// Reads the text of a `dvc.yaml` that stands alone.
    ///
    /// - Throws: ``DocumentError`` with every mistake in it.
    package init(_ text: String) throws {
        let source = FileSource { $0 == PipelineFile.name ? text : nil }
        try self.init(files: [try PipelineFile.read(PipelineFile.name, from: source)], data: [])
    }

    /// Reads all of a project's files; blocks.
    ///
    /// - Parameters:
    ///   - root: The project.
    ///   - source: Its files.
    ///   - style: How mappings in commands become flags.
    /// - Returns: The pipeline.
    /// - Throws: ``DocumentError`` with every mistake of a file, ``PipelinesError`` `.cycle`.
    package static func load(_ root: FilePath, _ source: FileSource, style: FlagStyle = FlagStyle()) throws -> Pipeline
    {
        var walk = PipelineWalk(root: root, source: source, style: style)
        try walk.run()
        return try Pipeline(files: walk.pipelines, data: walk.data)
    }

    /// Joins what files say.
    ///
    /// - Throws: ``DocumentError`` for outputs that belong to two, or that hold the files of the pipeline.
    init(files: [PipelineFile], data: [DataFile]) throws {
        let nodes = files.flatMap { $0.stages.map(Node.stage) } + data.map(Node.data)
        var owners = PathOwners()
        var problems: [DocumentError.Problem] = []
        for (index, node) in nodes.enumerated() {
            func report(_ message: String) {
                problems.append(.init(message, at: node.stage?.position ?? .init(file: node.file, line: 1, column: 1)))
            }
            for output in node.outputs {
                if let other = owners.take(output, for: index) {
                    report("`\(node.written(output))` belongs to \(Self.owner(nodes, other, index)) already")
                }
            }
            guard let stage = node.stage else { continue }
            for place in stage.dependencies
            where stage.outputs.contains(where: { ProjectPath.overlap($0.path, place.path) }) {
                report("stage `\(stage.name)` reads `\(place.written)`, which it writes")
            }
        }
        for file in files.map(\.path) + data.map(\.file) {
            guard let owner = owners.holding(file).first else { continue }
            let message = "`\(file)` lies in an output of \(Self.owner(nodes, owner, -1)), which is replaced each time"
            problems.append(.init(message, at: .init(file: file, line: 1, column: 1)))
        }
        if let first = problems.first { throw DocumentError(file: first.position.file, problems: problems) }
        self.files = files
        self.nodes = nodes
        var upstream: [[Int]] = []
        var downstream: [[Int]] = Array(repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            var seen: Set<Int> = []
            let found = node.dependencies.flatMap { owners.touching($0) }.filter {
                $0 != index && seen.insert($0).inserted
            }
            upstream.append(found)
            for other in found { downstream[other].append(index) }
        }
        self.upstream = upstream
        self.downstream = downstream
    }

    private static func owner(_ nodes: [Node], _ index: Int, _ own: Int) -> String {
        if index == own { return "this stage" }
        guard let stage = nodes[index].stage else { return "`\(nodes[index].address)`" }
        return "stage `\(stage.address)`"
    }

    /// The stages in an order in which each comes behind those it depends on.
    ///
    /// - Parameter targets: Only these and what they depend on; all if empty.
    /// - Returns: The stages, each once.
    /// - Throws: ``PipelinesError`` `.unknownStage`, `.cycle`.
    package func ordered(_ targets: [String]) throws -> [Stage] {
        var selection = StageSelection()
        selection.targets = targets
        return try selection.plan(of: self, from: "").nodes.compactMap { nodes[$0].stage }
    }

    func cycle(_ circle: [Int]) -> PipelinesError {
        let names = (circle + circle.prefix(1)).map { nodes[$0].address }
        return PipelinesError(
            .cycle,
            what: "cannot order the stages",
            why: "they wait for each other: \(names.joined(separator: " → "))",
            next: "remove one of these dependencies from `dvc.yaml`"
        )
    }
}

extension Pipeline.Node {
    /// An output as its file writes it.
    fileprivate func written(_ path: String) -> String {
        stage?.outputs.first { $0.path == path }?.place.written ?? path
    }
}

/// Which node writes which path.
struct PathOwners {
    private var owners: [String: Int] = [:]
    /// Nodes that write something below a folder.
    private var below: [String: [Int]] = [:]

    /// Notes an owner; the one that the path, a part of it, or a folder around it belongs to already.
    mutating func take(_ path: String, for node: Int) -> Int? {
        if let other = touching(path).first { return other }
        owners[path] = node
        for folder in Self.folders(above: path) { below[folder, default: []].append(node) }
        return nil
    }

    /// Owners of a folder around the path, of the path, or of a part of it.
    func touching(_ path: String) -> [Int] {
        Self.folders(above: path).compactMap { owners[$0] } + (owners[path].map { [$0] } ?? []) + (below[path] ?? [])
    }

    /// Owners of the path, or of a folder around it.
    func holding(_ path: String) -> [Int] { (Self.folders(above: path) + [path]).compactMap { owners[$0] } }

    private static func folders(above path: String) -> [String] {
        let parts = ProjectPath.parts(path)
        return (1..<max(parts.count, 1)).map { parts.prefix($0).joined(separator: "/") }
    }
}
