// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Evaluation
import JSONText
import Packaging
import Registry
import Server
import Terminal
import Tracking

/// `gyre promote`: gate, registry, champion.
struct PromoteVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Make a run's model the champion, if it meets the requirements of gyre.yaml.",
        discussion: """
            The model is measured on `evaluation.data`. Exit code 3 means that a requirement said no.

            Example:
              gyre promote --best recall
            """
    )

    @Argument(help: ArgumentHelp("The run, by its id, the beginning of its id, or its name.", valueName: "run"))
    var run: String?

    @Option(help: ArgumentHelp("Take the finished run with the highest value of this metric.", valueName: "metric"))
    var best: String?

    @Flag(help: "Build the image of the new champion too.")
    var build = false

    @Flag(help: "Only measure; register and move nothing.")
    var check = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if check, build {
            throw ValidationError("`--check` changes nothing, so there is nothing to build with `--build`.")
        }
    }

    func run() async throws {
        let output = common.output
        let passed = try await Session.withProject(common) { services -> Bool in
            let id = try await RunChoice(run: run, best: best).find(in: services)
            let report: EvaluationReport
            var promoted: String?
            if check {
                report = try await Judge(services: services).report(on: id, root: services.workspace.root)
            } else {
                let result = try await Promoter(services: services).promote(run: id, root: services.workspace.root)
                report = result.report
                promoted = result.version.map { "\($0.name)/\($0.version)" }
            }
            var image: NamedImage?
            if build, promoted != nil {
                image = try await NamedImage.build(services, version: nil, archive: nil)
            }
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("evaluation")
                report.write(into: &writer)
                writer.field("promoted", promoted)
                if let image {
                    writer.key("image")
                    image.write(into: &writer)
                }
            }
            let text = VerdictText(report, promoted: promoted).text(output) + (image.map { "\n" + $0.text } ?? "")
            try output.answer(json: writer.text, text: text)
            return report.verdict.passed
        }
        if !passed { throw ExitCode(3) }
    }
}

/// Which run a command means.
struct RunChoice {
    let run: String?
    let best: String?

    func find(in services: ProjectServices) async throws -> String {
        guard run == nil || best == nil else {
            throw UsageError(
                what: "cannot choose a run",
                why: "both a run and `--best` are given",
                next: "leave one of them out"
            )
        }
        if let best {
            let search = RunSearch(
                filter: "attributes.status = 'FINISHED' AND metrics.`\(best)` > -1e300",
                orderBy: ["metrics.`\(best)` DESC"],
                limit: 1
            )
            if let found = try await services.tracking.searchRuns(search).first { return found.id }
            throw ServerError(
                .notFound,
                what: "cannot choose a run by `\(best)`",
                why: "no finished run has that metric",
                next: "see `gyre runs`"
            )
        }
        guard let run else {
            throw UsageError(
                what: "cannot choose a run",
                why: "neither a run nor `--best` is given",
                next: "write for example `gyre promote --best recall`"
            )
        }
        return try await services.tracking.run(meant: run, view: .activeOnly).id
    }
}

/// A verdict for people.
struct VerdictText {
    private let report: EvaluationReport
    private let promoted: String?

    init(_ report: EvaluationReport, promoted: String?) {
        self.report = report
        self.promoted = promoted
    }

    func text(_ output: Output) -> String {
        var table = Table([("requirement", .left), ("measured", .right), ("bound", .right), ("", .left)])
        for line in report.verdict.lines {
            table.add([
                .init(line.requirement.text), .init(line.measured.map { Humanize.fixed($0, 4) } ?? "–"),
                .init(line.bound.map { Humanize.fixed($0, 4) } ?? "–"),
                .init(
                    (line.passed ? "met" : "not met") + (line.note.map { ", \($0)" } ?? ""),
                    line.passed ? .good : .bad
                ),
            ])
        }
        let last =
            if let promoted {
                "\(promoted) is the champion"
            } else if report.verdict.passed {
                "run \(report.runID) meets the requirements"
            } else {
                "run \(report.runID) is refused"
            }
        let tone: Tone = report.verdict.passed ? .good : .bad
        return output.text(of: table) + "\n" + output.paint(last, tone)
    }
}
