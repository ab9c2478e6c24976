// SPDX-License-Identifier: Apache-2.0

import DataVersions
import SystemPackage

/// Says what a reproduction would do.
struct Preview {
    private let setting: Setting
    private let options: ReproduceOptions
    private let planner: Planner
    private let source: FileSource

    init(
        setting: Setting,
        options: ReproduceOptions,
        data: DataRepository,
        changed: [(file: String, text: String)] = []
    ) {
        self.setting = setting
        self.options = options
        planner = Planner(data: data, paths: MeasuredPaths(data))
        source = FileSource(root: setting.root, changed: changed)
    }

    mutating func run() async throws -> [StageResult] {
        var results: [StageResult] = []
        var stale: [Int: String] = [:]
        for node in setting.plan.nodes {
            guard case .stage(let stage) = setting.pipeline.nodes[node] else { continue }
            let result = try await look(
                at: stage,
                (setting.plan.waits[node] ?? []).sorted().lazy.compactMap { stale[$0] }.first
            )
            if result.didRun { stale[node] = stage.address }
            results.append(result)
        }
        return results
    }

    /// The stages, if nothing has to be done about any node; nil from the first on that says otherwise.
    mutating func upToDate() async throws -> [StageResult]? {
        try await planner.paths.measure(all: setting.plan.nodes.map { setting.pipeline.nodes[$0] })
        var results: [StageResult] = []
        for node in setting.plan.nodes {
            switch setting.pipeline.nodes[node] {
            case .data(let file):
                guard (try? await DataCheck(planner).isChanged(file, options)) == false else { return nil }
            case .stage(let stage):
                let dependencies = try await planner.dependencies(of: stage)
                let params = try ParameterFiles(source).values(of: stage, allowMissing: true)
                let locked = setting.locks[stage.lockFile]?.node(of: stage.name)
                let comparison = try await planner.compare(stage, dependencies, params, locked)
                guard stage.isFrozen ? comparison.outputs.isEmpty : comparison.isEmpty else { return nil }
                results.append(
                    StageResult(
                        name: stage.address,
                        state: stage.isFrozen ? .frozen : .unchanged,
                        reason: stage.isFrozen ? "it is frozen" : "nothing changed",
                        seconds: 0
                    )
                )
            }
        }
        return results
    }

    private func look(at stage: Stage, _ upstream: String?) async throws -> StageResult {
        func result(_ state: StageResult.State, _ reason: String) -> StageResult {
            StageResult(
                name: stage.address,
                state: state,
                reason: reason,
                seconds: 0,
                commands: StageCommands.lines(of: stage)
            )
        }
        if stage.isFrozen { return result(.frozen, "it is frozen") }
        let dependencies = try await planner.dependencies(of: stage)
        let params = try ParameterFiles(source).values(of: stage, allowMissing: true)
        let locked = setting.locks[stage.lockFile]?.node(of: stage.name)
        var comparison = try await planner.compare(stage, dependencies, params, locked)
        if options.allowsMissing {
            comparison.dependencies.removeAll { $0.change == .deleted }
            comparison.outputs.removeAll { $0.change == .deleted || $0.change == .notInCache }
        }
        // What only has to be put into the cache again does not run.
        if comparison.readsTheSame, comparison.outputs.allSatisfy({ $0.change == .notInCache }) {
            comparison.outputs = []
        }
        if let reason = comparison.reason ?? (options.force ? "it was asked for" : nil) { return result(.ran, reason) }
        if let upstream { return result(.ran, "`\(upstream)` runs first, and may change what it reads") }
        return result(.unchanged, "nothing changed")
    }
}
