// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// What of a stage differs from what `dvc.lock` says of its last run.
package struct StageComparison: Sendable {
    /// What became of a path or a parameter since.
    package enum Change: String, Sendable {
        case new
        case modified
        case deleted
        case notInCache = "not in cache"
    }

    /// A path that changed.
    package struct PathChange: Sendable {
        /// As `dvc.yaml` writes it.
        package let written: String
        /// Relative to the project.
        package let path: String
        /// How it changed.
        package let change: Change
    }

    /// Parameters of a file that changed.
    package struct ParameterChange: Sendable {
        /// As `dvc.yaml` writes it.
        package let file: String
        /// Relative to the project.
        package let path: String
        /// The keys; empty if the whole file is new or gone, as `change` says.
        package let keys: [(key: String, change: Change)]
        /// How the file changed as a whole; nil if its keys tell.
        package let change: Change?
    }

    /// Whether `dvc.lock` has no such stage.
    package var isNew = false
    /// Whether the command is another one.
    package var hasNewCommand = false
    /// Whether it runs every time.
    package var isAlwaysChanged = false
    /// What it reads that changed.
    package var dependencies: [PathChange] = []
    /// Parameters that changed, by file.
    package var params: [ParameterChange] = []
    /// What it wrote that changed.
    package var outputs: [PathChange] = []
    /// Whether `dvc.lock` names other paths than `dvc.yaml`.
    package var hasOtherPaths = false

    /// Whether what goes in is as it was.
    var readsTheSame: Bool { !isNew && !hasNewCommand && !isAlwaysChanged && dependencies.isEmpty && params.isEmpty }

    /// Whether nothing changed.
    package var isEmpty: Bool { readsTheSame && outputs.isEmpty }

    /// Why the stage must run, in one line; nil if nothing changed.
    var reason: String? {
        if isAlwaysChanged {
            return "it is marked to run every time"
        }
        if isNew { return "it never ran" }
        if hasNewCommand { return "its command changed" }
        if let first = dependencies.first {
            return first.change == .new ? "its dependencies changed" : "`\(first.written)` changed"
        }
        if let file = params.first {
            guard let key = file.keys.first else { return "`\(file.file)` changed" }
            return key.change == .deleted ? "the parameter `\(key.key)` is gone" : "the parameter `\(key.key)` changed"
        }
        if let first = outputs.first {
            switch first.change {
            case .new: return "its outputs changed"
            case .notInCache: return "`\(first.written)` is not in the cache"
            case .modified, .deleted: return "`\(first.written)` is missing or changed"
            }
        }
        return nil
    }
}

/// Compares stages with `dvc.lock`.
struct Planner: Sendable {
    let data: DataRepository
    let paths: MeasuredPaths

    /// What a stage reads now.
    struct Inputs: Sendable {
        /// Its dependencies, at their paths as they are written.
        let dependencies: [DataPointer]
        let params: ParameterValues
    }

    /// What the stage reads; nothing for a dependency that is not there.
    func dependencies(of stage: Stage) async throws -> [DataPointer] {
        var result: [DataPointer] = []
        for place in stage.dependencies {
            if let pointer = try await paths.measure(place.path) { result.append(pointer.at(place.written)) }
        }
        return result
    }

    /// The error of a stage whose dependency is not there; nil if all are.
    func missing(_ stage: Stage, _ found: [DataPointer]) -> PipelinesError? {
        guard let place = stage.dependencies.first(where: { place in !found.contains { $0.path == place.written } })
        else {
            return nil
        }
        return PipelinesError(
            .missingDependency,
            what: "cannot run stage `\(stage.address)`",
            why: "`\(place.written)` is missing",
            next: "make it, restore it by `gyre checkout`, or add the stage that writes it"
        )
    }

    /// What differs.
    ///
    /// - Parameters:
    ///   - stage: The stage.
    ///   - dependencies: What it reads now.
    ///   - params: The parameters now; a key that is not there is deleted.
    ///   - locked: Its entry of `dvc.lock`.
    /// - Returns: The differences.
    /// - Throws: Errors of DataVersions.
    func compare(
        _ stage: Stage,
        _ dependencies: [DataPointer],
        _ params: ParameterValues,
        _ locked: YAMLNode?
    ) async throws -> StageComparison {
        var result = StageComparison()
        result.isNew = locked == nil
        result.isAlwaysChanged = stage.alwaysChanged || stage.isCallback
        let commands = locked?["cmd"]?.sequence?.compactMap(\.string) ?? [locked?["cmd"]?.string ?? ""]
        result.hasNewCommand = locked != nil && commands != stage.commands
        let old = Self.hashes(locked?["deps"])
        for place in stage.dependencies where !stage.isFrozen {
            let now = dependencies.first { $0.path == place.written }
            if let change = Self.change(from: old[place.written], to: now) {
                result.dependencies.append(.init(written: place.written, path: place.path, change: change))
            }
        }
        if !stage.isFrozen { result.params = Self.params(of: stage, params, locked?["params"]) }
        let outputs = Self.hashes(locked?["outs"])
        for output in stage.outputs {
            let (written, path) = (output.place.written, output.path)
            let now = try await paths.measure(path)
            if let change = Self.change(from: outputs[written], to: now) {
                result.outputs.append(.init(written: written, path: path, change: change))
            } else if output.isCached, let now, !data.cache.holds(now.md5) {
                result.outputs.append(.init(written: written, path: path, change: .notInCache))
            }
        }
        return result
    }

    private static func hashes(_ list: YAMLNode?) -> [String: String] {
        var result: [String: String] = [:]
        for item in list?.sequence ?? [] {
            if let path = item["path"]?.string { result[path] = item["md5"]?.string ?? "" }
        }
        return result
    }

    private static func change(from old: String?, to now: DataPointer?) -> StageComparison.Change? {
        guard let now else { return .deleted }
        guard let old else { return .new }
        return now.md5 == old ? nil : .modified
    }

    private static func params(
        of stage: Stage,
        _ now: ParameterValues,
        _ locked: YAMLNode?
    ) -> [StageComparison.ParameterChange] {
        var seen: Set<String> = []
        return stage.params.filter { seen.insert($0.file).inserted }.compactMap { param in
            let values = now.first { $0.file == param.file }?.values ?? []
            let old = locked?[param.file]
            var keys: [(key: String, change: StageComparison.Change)] = []
            let wanted = stage.params.filter { $0.file == param.file }
            // Who reads the whole file reads also what is no longer in it.
            let isWhole = wanted.contains { $0.key == nil }
            let names = isWhole ? values.map(\.key) + (old?.entries.map(\.key) ?? []) : wanted.compactMap(\.key)
            var known: Set<String> = []
            for name in names where known.insert(name).inserted {
                guard let value = values.first(where: { $0.key == name })?.value else {
                    keys.append((name, .deleted))
                    continue
                }
                guard let before = old?[name] else {
                    keys.append((name, .new))
                    continue
                }
                if !before.isEqual(to: value) { keys.append((name, .modified)) }
            }
            return keys.isEmpty ? nil : .init(file: param.file, path: param.place.path, keys: keys, change: nil)
        }
    }
}

/// The hashes of paths of the work tree, each measured once until somebody writes there.
actor MeasuredPaths {
    private let data: DataRepository
    private var known: [String: DataPointer?] = [:]

    init(_ data: DataRepository) { self.data = data }

    /// The pointer that a path would get; nil if nothing is there.
    func measure(_ path: String) async throws -> DataPointer? {
        if let known = known[path] { return known }
        let pointer = try await data.measure(path)
        known[path] = .some(pointer)
        return pointer
    }

    /// Measures what nodes read and write, all at once; what cannot be read is told of when it is asked for.
    func measure(all nodes: [Pipeline.Node]) async throws {
        var seen: Set<String> = []
        let paths = nodes.flatMap { node in
            node.outputs + (node.stage?.dependencies.map(\.path) ?? [])
        }.filter { seen.insert($0).inserted }
        guard let found = try? await data.measure(paths), found.count == paths.count else {
            return try Task.checkCancellation()
        }
        for (path, pointer) in zip(paths, found) { known[path] = .some(pointer) }
    }

    /// Forgets what lies at a path, below it and above it.
    func forget(_ path: String) {
        for other in known.keys where ProjectPath.overlap(other, path) { known[other] = nil }
    }
}
