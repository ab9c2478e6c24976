// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import JSONText
import Pipelines
import Server
import Terminal
import Tracking

/// `gyre repro`: runs what changed, tracked.
struct ReproVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repro",
        abstract: "Run the stages of dvc.yaml that changed, as one tracked run.",
        discussion: """
            The stages find the tracking server in MLFLOW_TRACKING_URI and the run in MLFLOW_RUN_ID. The run gets the commit,
            the changes that are not committed, the hash of every input, parameters, metrics and the packages.

            Several values of a parameter give several runs, one after the other.

            Example:
              gyre repro -S train.C=0.001,0.01,0.1
            """
    )

    @Argument(help: ArgumentHelp("Only these stages and what they depend on.", valueName: "stage"))
    var stages: [String] = []

    @Option(
        name: [.customShort("S"), .customLong("set-param")],
        help: ArgumentHelp(
            "Set a parameter first; values with commas between them give several runs.",
            valueName: "key=value"
        )
    )
    var set: [String] = []

    @Flag(name: [.short, .long], help: "Run every stage, also those that did not change.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let combinations = try Sweep.combinations(of: set)
        let (stages, force, output) = (stages, force, common.output)
        try await Session.withProject(common) { services in
            let runs = try await TrackingServer.with(services, logger: Session.quietLogger) { url in
                var runs: [ReproduceResult] = []
                for overrides in combinations {
                    var options = ReproduceOptions(experiment: services.project.project, trackingURL: url)
                    options.targets = stages
                    options.overrides = overrides
                    options.force = force
                    options.python = try services.runtimes.python()
                    options.gyreVersion = gyreVersion
                    let values = overrides.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
                    if !values.isEmpty { output.progress(output.paint(values, .strong, on: .error)) }
                    let runner = PipelineRunner(root: services.workspace.root, tracking: services.tracking) {
                        Self.show($0, output)
                    }
                    runs.append(try await runner.reproduce(options))
                }
                return runs
            }
            let tracked = try await Self.runs(runs.compactMap(\.runID), services)
            let list = RunList(tracked)
            let names = try await ExperimentNames(list, services)
            try output.answer(
                json: list.json(names),
                text: tracked.isEmpty
                    ? "nothing changed; every stage is up to date"
                    : output.text(of: list.table(nowMs: services.now(), names))
            )
        }
    }

    private static func runs(_ ids: [String], _ services: ProjectServices) async throws -> [Run] {
        var runs: [Run] = []
        for id in ids { runs.append(try await services.tracking.run(id: id)) }
        return runs
    }

    private static func show(_ event: PipelineEvent, _ output: Output) {
        switch event {
        case .began(let stage, let reason):
            output.progress("stage \(output.paint(stage, .name, on: .error)) runs: \(reason)")
        case .skipped(let stage, let reason):
            output.progress("stage \(output.paint(stage, .name, on: .error)) is skipped: \(reason)")
        case .line(_, let text): output.progress("  \(text)")
        }
    }
}

/// The values of parameters that a command names.
enum Sweep {
    /// Every combination of the values, the first key slowest.
    ///
    /// - Parameter settings: `key=value` or `key=value,value,…`.
    /// - Returns: One list of settings for each run.
    /// - Throws: ``UsageError`` for a setting without a key or a value.
    static func combinations(of settings: [String]) throws -> [[(key: String, value: String)]] {
        var result: [[(key: String, value: String)]] = [[]]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw UsageError(
                    what: "cannot set `\(setting)`",
                    why: "it has no `=` with a key before and a value behind it",
                    next: "write for example `-S train.C=0.01`"
                )
            }
            let values = parts[1].hasPrefix("[") ? [parts[1]] : parts[1].split(separator: ",").map(String.init)
            result = result.flatMap { known in values.map { known + [(parts[0], $0)] } }
        }
        return result
    }
}
