// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Documents
import Files

/// What of a project's stages differs from their locks, in DVC's words.
package struct PipelineStatus: Sendable {
    /// One stage that differs.
    package struct Entry: Sendable {
        /// The stage, with its file if that is not the project's own.
        package let stage: String
        /// What it reads: a path and its change, or a file of parameters and the change of each key.
        package let dependencies: [Dependency]
        /// What it writes: a path relative to the project, and its change.
        package let outputs: [(path: String, change: String)]
        /// Whether it runs every time.
        package let isAlwaysChanged: Bool
        /// Whether its command is another one.
        package let hasNewCommand: Bool
    }

    /// Something that a stage reads, and how it changed.
    package enum Dependency: Sendable {
        case path(String, change: String)
        case params(file: String, keys: [(key: String, change: String)])
    }

    /// The stages that differ, in the order of the pipeline.
    package let entries: [Entry]

    /// Looks at stages; nothing is run and nothing changes.
    ///
    /// - Parameters:
    ///   - data: The project.
    ///   - selection: Which stages; each alone, without what it needs.
    ///   - folder: The folder that targets count from, relative to the project.
    /// - Returns: What differs.
    /// - Throws: ``PipelinesError``, ``DocumentError``, errors of DataVersions.
    package static func of(
        _ data: DataRepository,
        _ selection: StageSelection,
        from folder: String = ""
    ) async throws -> PipelineStatus {
        let root = data.root
        let nodes = try await BlockingPool.shared.run {
            let pipeline = try Pipeline.load(root, FileSource(root: root), style: FlagStyle(data.config))
            let all = selection.reach == .all ? pipeline.nodes : try selection.nodes(in: pipeline, from: folder)
            // Data without a stage is looked at by DataVersions.
            return all.filter { $0.stage != nil }
        }
        let planner = Planner(data: data, paths: MeasuredPaths(data))
        try await planner.paths.measure(all: nodes)
        let source = FileSource(root: root)
        var locks: [String: LockFile] = [:]
        var entries: [Entry] = []
        for stage in nodes.compactMap(\.stage) {
            let lock = try locks[stage.lockFile] ?? LockFile(root: root, path: stage.lockFile)
            locks[stage.lockFile] = lock
            let params = try ParameterFiles(source).values(of: stage, allowMissing: true)
            let dependencies = try await planner.dependencies(of: stage)
            let comparison = try await planner.compare(stage, dependencies, params, lock.node(of: stage.name))
            let entry = try Entry(stage, comparison, source)
            if !entry.isEmpty { entries.append(entry) }
        }
        return PipelineStatus(entries: entries)
    }

    /// Only the stages with these addresses; all for nil.
    package func among(_ addresses: Set<String>?) -> PipelineStatus {
        PipelineStatus(entries: entries.filter { addresses?.contains($0.stage) ?? true })
    }

    /// DVC's document: stages, and what of each changed.
    package var json: String {
        func object(_ members: [(String, String)]) -> String {
            "{\(members.map { "\(PythonText.json($0)): \($1)" }.joined(separator: ", "))}"
        }
        return object(
            entries.map { entry in
                var items: [String] = []
                if !entry.dependencies.isEmpty {
                    let members = entry.dependencies.map { dependency -> (String, String) in
                        switch dependency {
                        case .path(let path, let change): (path, PythonText.json(change))
                        case .params(let file, let keys):
                            (file, object(keys.map { ($0.key, PythonText.json($0.change)) }))
                        }
                    }
                    items.append("{\"changed deps\": \(object(members))}")
                }
                if !entry.outputs.isEmpty {
                    let members = entry.outputs.map { ($0.path, PythonText.json($0.change)) }
                    items.append("{\"changed outs\": \(object(members))}")
                }
                if entry.isAlwaysChanged { items.append("\"always changed\"") }
                if entry.hasNewCommand { items.append("\"changed command\"") }
                return (entry.stage, "[\(items.joined(separator: ", "))]")
            }
        )
    }
}

extension PipelineStatus.Entry {
    fileprivate init(_ stage: Stage, _ comparison: StageComparison, _ source: FileSource) throws {
        self.stage = stage.address
        // DVC calls modified whatever is there without a hash to compare with.
        func word(_ change: StageComparison.Change) -> String {
            change == .new ? StageComparison.Change.modified.rawValue : change.rawValue
        }
        var found = comparison.dependencies.map { change -> (String, PipelineStatus.Dependency) in
            (change.path, .path(change.path, change: word(change.change)))
        }
        found = stage.readingOrder.compactMap { place in found.first { $0.0 == place.path } }
        var dependencies = found.map(\.1)
        for file in comparison.params {
            if try source.text(file.path) == nil {
                dependencies.append(.path(file.path, change: "deleted"))
            } else if comparison.isNew {
                dependencies.append(.path(file.path, change: "new"))
            } else {
                dependencies.append(.params(file: file.path, keys: file.keys.map { ($0.key, $0.change.rawValue) }))
            }
        }
        self.dependencies = dependencies
        outputs = comparison.outputs.map { ($0.path, word($0.change)) }
        isAlwaysChanged = comparison.isAlwaysChanged
        hasNewCommand = comparison.hasNewCommand
    }

    fileprivate var isEmpty: Bool { dependencies.isEmpty && outputs.isEmpty && !isAlwaysChanged && !hasNewCommand }
}
