// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Tracking

/// `gyre runs compare`: in what runs differ, and which is better.
struct RunsCompareVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Show in what runs differ: params, data and metrics.",
        discussion: """
            The first run is the baseline of the differences; `*` marks the best value of a metric whose name says what is \
            better, such as recall or loss.

            Example:
              gyre runs compare quiet-harbor-680 keen-wren-16
            """
    )

    @Argument(help: ArgumentHelp("Two runs or more, by ids, beginnings of ids, or names.", valueName: "run"))
    var runs: [String]

    @Flag(help: "Show equal params and datasets too.")
    var all = false

    @Option(help: ArgumentHelp("A metric of which more is better; may be given again.", valueName: "metric"))
    var higher: [String] = []

    @Option(help: ArgumentHelp("A metric of which less is better; may be given again.", valueName: "metric"))
    var lower: [String] = []

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(2...20).contains(runs.count) {
            throw ValidationError("Two to twenty runs can be compared, not \(runs.count).")
        }
    }

    func run() async throws {
        try await Session.withProject(common) { services in
            var found: [Run] = []
            for run in runs { found.append(try await services.tracking.run(meant: run)) }
            let comparison = RunComparison(found, higher: Set(higher), lower: Set(lower))
            let names = try await ExperimentNames(RunList(found), services)
            try common.output.answer(
                json: comparison.json(names),
                text: comparison.text(common.output, nowMs: services.now(), isWhole: all)
            )
        }
    }
}
