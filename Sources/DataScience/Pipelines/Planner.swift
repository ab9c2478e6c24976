// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// Why a stage runs, or that it need not.
package enum Staleness: Sendable, Equatable {
    /// Nothing changed since it ran last.
    case fresh
    /// It never runs.
    case frozen
    /// This changed.
    case changed(String)
}

/// Compares a stage with what `dvc.lock` says of its last run.
enum Planner {
    /// What a stage would be locked as, before it runs: its dependencies and parameters as they are now.
    static func inputs(
        of stage: Stage,
        _ data: DataRepository,
        _ params: inout ParameterFiles
    ) async throws -> (dependencies: [DataPointer], params: [(file: String, values: [(key: String, value: YAMLNode)])])
    {
        var dependencies: [DataPointer] = []
        for path in stage.dependencies {
            guard let pointer = try await data.measure(path) else {
                throw PipelinesError(
                    .missingDependency,
                    what: "cannot run stage `\(stage.name)`",
                    why: "`\(path)` is missing and no stage writes it",
                    next: "make it, or restore it by `gyre checkout`"
                )
            }
            dependencies.append(pointer)
        }
        return (dependencies, try params.values(of: stage))
    }

    static func staleness(
        of stage: Stage,
        _ dependencies: [DataPointer],
        _ params: [(file: String, values: [(key: String, value: YAMLNode)])],
        _ lock: LockFile,
        _ data: DataRepository
    ) async throws -> Staleness {
        if stage.isFrozen { return .frozen }
        if stage.alwaysChanged { return .changed("it is marked to run every time") }
        guard let old = lock.node(of: stage.name) else { return .changed("it never ran") }
        let commands = old["cmd"]?.sequence?.compactMap(\.string) ?? [old["cmd"]?.string ?? ""]
        if commands != stage.commands { return .changed("its command changed") }
        let locked = (old["deps"]?.sequence ?? []).map { ($0["path"]?.string ?? "", $0["md5"]?.string ?? "") }
        for dependency in dependencies where !locked.contains(where: { $0 == (dependency.path, dependency.md5) }) {
            return .changed("`\(dependency.path)` changed")
        }
        if locked.count != dependencies.count { return .changed("its dependencies changed") }
        for (file, values) in params {
            for (key, value) in values {
                guard let before = old["params"]?[file]?[key], before.isEqual(to: value) else {
                    return .changed("the parameter `\(key)` changed")
                }
            }
        }
        let outputs = lock.outputs(of: stage.name)
        for output in stage.outputs {
            guard let before = outputs.first(where: { $0.path == output.path }) else {
                return .changed("its outputs changed")
            }
            guard try await data.measure(output.path)?.md5 == before.md5 else {
                return .changed("`\(output.path)` is missing or changed")
            }
        }
        return .fresh
    }
}
