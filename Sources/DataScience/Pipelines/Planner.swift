// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// Compares a stage with what `dvc.lock` says of its last run.
enum Planner {
    /// What a stage reads now.
    struct Inputs {
        /// Its dependencies, at their paths as they are written.
        let dependencies: [DataPointer]
        let params: ParameterValues
    }

    static func inputs(of stage: Stage, _ data: DataRepository, _ params: inout ParameterFiles) async throws -> Inputs {
        var dependencies: [DataPointer] = []
        for place in stage.dependencies {
            guard let pointer = try await data.measure(place.path) else {
                throw PipelinesError(
                    .missingDependency,
                    what: "cannot run stage `\(stage.name)`",
                    why: "`\(place.written)` is missing",
                    next: "make it, restore it by `gyre checkout`, or add the stage that writes it"
                )
            }
            dependencies.append(pointer.at(place.written))
        }
        return Inputs(dependencies: dependencies, params: try params.values(of: stage))
    }

    /// Why a stage must run, in one line; nil if nothing changed.
    static func change(
        of stage: Stage,
        _ inputs: Inputs,
        _ lock: LockFile,
        _ data: DataRepository
    ) async throws -> String? {
        if stage.alwaysChanged { return "it is marked to run every time" }
        if stage.dependencies.isEmpty, stage.params.isEmpty, stage.outputs.isEmpty {
            return "it reads and writes nothing that could be compared"
        }
        guard let old = lock.node(of: stage.name) else { return "it never ran" }
        let commands = old["cmd"]?.sequence?.compactMap(\.string) ?? [old["cmd"]?.string ?? ""]
        if commands != stage.commands { return "its command changed" }
        let locked = (old["deps"]?.sequence ?? []).map { ($0["path"]?.string ?? "", $0["md5"]?.string ?? "") }
        for dependency in inputs.dependencies where !locked.contains(where: { $0 == (dependency.path, dependency.md5) })
        {
            return "`\(dependency.path)` changed"
        }
        if locked.count != inputs.dependencies.count { return "its dependencies changed" }
        if let reason = changedParameter(of: stage, inputs.params, old["params"]) { return reason }
        let outputs = lock.outputs(of: stage.name)
        for output in stage.outputs {
            guard let before = outputs.first(where: { $0.path == output.place.written }) else {
                return "its outputs changed"
            }
            guard try await data.measure(output.path)?.md5 == before.md5 else {
                return "`\(output.place.written)` is missing or changed"
            }
        }
        return nil
    }

    private static func changedParameter(of stage: Stage, _ params: ParameterValues, _ locked: YAMLNode?) -> String? {
        for (file, values) in params {
            for (key, value) in values {
                guard let before = locked?[file]?[key], before.isEqual(to: value) else {
                    return "the parameter `\(key)` changed"
                }
            }
            // Who reads the whole file reads also what is no longer in it.
            guard stage.params.contains(.init(file: file, key: nil)) else { continue }
            if let gone = locked?[file]?.entries.first(where: { entry in !values.contains { $0.key == entry.key } }) {
                return "the parameter `\(gone.key)` is gone"
            }
        }
        return nil
    }
}
