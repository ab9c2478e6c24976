// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Pipelines
import Terminal

/// `gyre metrics`: numbers that stages write.
struct MetricsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Show and compare the metrics of stages.",
        discussion: """
            Example:
              gyre metrics diff main
            """,
        subcommands: [MetricsShowVerb.self, MetricsDiffVerb.self]
    )
}

/// `gyre metrics show`.
struct MetricsShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show metrics of the work tree, or of many commits.",
        discussion: """
            Example:
              gyre metrics show --all-tags
            """
    )

    @Argument(help: ArgumentHelp("Only these files or folders.", valueName: "path"))
    var targets: [String] = []

    @Flag(name: [.customShort("a"), .long], help: "Those of all branches, too.")
    var allBranches = false

    @Flag(name: [.customShort("T"), .long], help: "Those of all tags, too.")
    var allTags = false

    @Flag(name: [.customShort("A"), .long], help: "Those of all commits, too.")
    var allCommits = false

    @Flag(name: [.customShort("R"), .long], help: "Look through folders; it always does.")
    var recursive = false

    @Flag(name: .customLong("md"), help: "Print a table in Markdown.")
    var markdown = false

    @Option(help: ArgumentHelp("Digits behind the point.", valueName: "n"))
    var precision = 5

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        var choice = ProjectRevision.Choice()
        (choice.branches, choice.tags, choice.commits) = (allBranches, allTags, allCommits)
        let paths = try targets.map(project.path)
        var reports: [ValueReport] = []
        for revision in try await ProjectRevision.all(choice, of: project.data) {
            reports.append(try await ValueReport.metrics(of: revision, targets: paths).renamed(project.shown))
        }
        // What the work tree shares with its branch is shown once.
        if let branch = try await branch(project, choice), let first = reports.first,
            let same = reports.dropFirst().first(where: {
                $0.revision.split(separator: ", ").contains(Substring(branch))
            }),
            ValueDifference(from: same, to: first).changes.isEmpty
        {
            reports.removeFirst()
        }
        for report in reports {
            for file in report.files {
                if let problem = file.problem { common.output.warning("\(report.revision): \(problem)") }
            }
        }
        let shown = reports
        try common.output.answer(json: ValueReport.json(shown), text: text(shown, isSingle: choice.isWorkspace))
    }

    private func branch(_ project: PipelineProject, _ choice: ProjectRevision.Choice) async throws -> String? {
        choice.isWorkspace ? nil : try await Git(root: project.root).branch()
    }

    private func text(_ reports: [ValueReport], isSingle: Bool) -> String {
        var keys: Set<String> = []
        var lines: [(head: [String], values: [String: String])] = []
        for report in reports {
            for file in report.files {
                let flat = file.values.map(ValueReport.flat) ?? []
                keys.formUnion(flat.map(\.key))
                let values = flat.map { ($0.key, ValueReport.text($0.value, precision: precision)) }
                lines.append(
                    (
                        isSingle ? [file.path] : [report.revision, file.path],
                        Dictionary(values, uniquingKeysWith: { $1 })
                    )
                )
            }
        }
        let names = keys.sorted()
        let head = (isSingle ? ["Path"] : ["Revision", "Path"]) + names
        let rows = lines.map { line in line.head + names.map { line.values[$0] ?? "-" } }
        if markdown { return MarkdownTable.text(head, rows) }
        var table = Table(head.map { ($0, .left) })
        for row in rows { table.add(row.map { .init($0) }) }
        return common.output.text(of: table)
    }
}

/// `gyre metrics diff`.
struct MetricsDiffVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare metrics of two revisions.",
        discussion: """
            Example:
              gyre metrics diff HEAD~1 HEAD
            """
    )

    @OptionGroup var revisions: RevisionPair

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Only these files.", valueName: "path"))
    var targets: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Look through folders; it always does.")
    var recursive = false

    @Option(help: ArgumentHelp("Digits behind the point.", valueName: "n"))
    var precision = 5

    @OptionGroup var comparison: ComparisonOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let paths = try targets.map(project.path)
        let difference = try await revisions.difference(project, all: comparison.all) {
            try await ValueReport.metrics(of: $0, targets: paths)
        }
        let text = comparison.text(
            difference,
            "Metric",
            revisions,
            precision: precision,
            hasChange: true,
            common.output
        )
        try common.output.answer(json: difference.json, text: text)
    }
}
