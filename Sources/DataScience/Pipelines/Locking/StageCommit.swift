// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Documents
import Files
import SystemPackage

/// Records what stages read and wrote as it is now, without running them: `dvc.lock`, the cache, the run cache.
package struct StageCommit: Sendable {
    private let data: DataRepository
    private let targets: TrackedTargets

    /// A record of the stages among targets.
    package init(_ targets: TrackedTargets, of data: DataRepository) {
        self.data = data
        self.targets = targets
    }

    /// The files that recording may change, relative to the project.
    package var files: [String] {
        var files = Set(targets.stages.map(\.lockFile))
        for output in targets.stages.flatMap(\.outputs) where output.isCached {
            files.insert((ProjectPath.parts(output.path).dropLast() + [".gitignore"]).joined(separator: "/"))
        }
        return files.sorted()
    }

    /// A stage that is not as `dvc.lock` has it.
    package struct Difference: Sendable {
        /// The stage.
        package let address: String
        /// What differs, in one line.
        package let why: String
    }

    /// The stages that are not as `dvc.lock` has them.
    ///
    /// - Throws: ``PipelinesError``, errors of DataVersions.
    package func differences() async throws -> [Difference] {
        let planner = Planner(data: data, paths: MeasuredPaths(data))
        try await planner.paths.measure(all: targets.stages.map(Pipeline.Node.stage))
        var result: [Difference] = []
        for stage in targets.stages {
            let dependencies = try await planner.dependencies(of: stage)
            let (params, node) = try await locked(stage)
            var comparison = try await planner.compare(stage, dependencies, params, node)
            comparison.isAlwaysChanged = false
            // What the cache lacks is no other content.
            comparison.outputs.removeAll { $0.change == .notInCache }
            guard let why = comparison.reason else { continue }
            result.append(Difference(address: stage.address, why: why))
        }
        return result
    }

    private func locked(_ stage: Stage) async throws -> (ParameterValues, YAMLNode?) {
        let root = data.root
        return try await BlockingPool.shared.run {
            let params = try ParameterFiles(FileSource(root: root)).values(of: stage, allowMissing: true)
            return (params, try LockFile(root: root, path: stage.lockFile).node(of: stage.name))
        }
    }

    /// Records the stages, each behind those that it needs.
    ///
    /// - Parameters:
    ///   - options: How outputs are taken into the cache.
    ///   - skipsMissing: Whether a stage whose files are not there is left out.
    /// - Returns: The stages whose record changed.
    /// - Throws: ``PipelinesError`` `.missingDependency`, `.missingOutput`, `.invalidPipeline`, ``DataVersionsError``.
    package func record(_ options: AddOptions, skipsMissing: Bool = false) async throws -> [String] {
        var changed: [String] = []
        for stage in targets.stages {
            if skipsMissing, missing(stage) != nil { continue }
            if try await record(stage, options) { changed.append(stage.address) }
        }
        return changed
    }

    private func missing(_ stage: Stage) -> PipelinesError? {
        func refusal(_ code: PipelinesError.Code, _ path: String, _ next: String) -> PipelinesError {
            PipelinesError(
                code,
                what: "cannot commit stage `\(stage.address)`",
                why: "`\(path)` is missing",
                next: next
            )
        }
        func lacks(_ path: String) -> Bool { !FileSystem.exists(data.root.pushing(FilePath(path))) }
        if let place = stage.dependencies.first(where: { lacks($0.path) }) {
            return refusal(.missingDependency, place.written, "make it, or restore it by `gyre checkout`")
        }
        if let output = stage.outputs.first(where: { lacks($0.path) }) {
            return refusal(
                .missingOutput,
                output.place.written,
                "run `gyre repro \(stage.address)`, or `gyre checkout`"
            )
        }
        return nil
    }

    private func record(_ stage: Stage, _ options: AddOptions) async throws -> Bool {
        if let error = missing(stage) { throw error }
        let planner = Planner(data: data, paths: MeasuredPaths(data))
        let (root, keepsAll) = (data.root, RunCache.keeps(stage))
        let lock = try await data.waitForLock(
            reading: stage.dependencies.map(\.path),
            writing: stage.outputs.map(\.path)
        )
        defer { lock.release() }
        let dependencies = try await planner.dependencies(of: stage)
        let params = try await BlockingPool.shared.run {
            try ParameterFiles(FileSource(root: root)).values(of: stage)
        }
        try await data.ignore(stage.writingOrder.filter(\.isCached).map(\.path))
        var outputs: [DataPointer] = []
        for output in stage.outputs {
            let isStored = output.isCached || keepsAll
            let pointer: DataPointer?
            if isStored {
                var options = options
                options.relinks = options.relinks && output.isCached
                pointer = try await data.take(output.path, options)
            } else {
                pointer = try await data.measure(output.path)
            }
            if let pointer { outputs.append(pointer.at(output.place.written)) }
        }
        let entry = LockEntry(
            commands: stage.commands,
            writesList: stage.writesList,
            dependencies: dependencies,
            params: params,
            outputs: outputs
        )
        let runs = keepsAll && options.commits ? RunCache(data.cache) : nil
        return try await BlockingPool.shared.run {
            try runs?.add(entry)
            var lock = try LockFile(root: root, path: stage.lockFile)
            return try lock.set(stage.name, entry)
        }
    }
}
