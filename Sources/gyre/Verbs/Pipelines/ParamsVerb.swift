// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Pipelines
import Terminal

/// `gyre params`: parameters that stages depend on.
struct ParamsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "params",
        abstract: "Compare the parameters of stages.",
        discussion: """
            Example:
              gyre params diff main
            """,
        subcommands: [ParamsDiffVerb.self]
    )
}

/// `gyre params diff`.
struct ParamsDiffVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare parameters of two revisions.",
        discussion: """
            Example:
              gyre params diff HEAD~1
            """
    )

    @OptionGroup var revisions: RevisionPair

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Only these files.", valueName: "path"))
    var targets: [String] = []

    @Flag(help: "Only what stages depend on.")
    var deps = false

    @OptionGroup var comparison: ComparisonOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let paths = try targets.map(project.path)
        let difference = try await revisions.difference(project, all: comparison.all) {
            try await ValueReport.params(of: $0, targets: paths, ofStages: deps)
        }
        let text = comparison.text(difference, "Param", revisions, precision: nil, hasChange: false, common.output)
        try common.output.answer(json: difference.json, text: text)
    }
}

/// The two revisions that a command compares.
struct RevisionPair: ParsableArguments {
    @Argument(help: ArgumentHelp("The old commit, branch or tag.", valueName: "a"))
    var old = "HEAD"

    @Argument(help: ArgumentHelp("The new one; the work tree if left out.", valueName: "b"))
    var new = ProjectRevision.workspace

    /// What differs between their reports; nothing before the first commit.
    func difference(
        _ project: PipelineProject,
        all: Bool,
        _ report: (ProjectRevision) async throws -> ValueReport
    ) async throws -> ValueDifference {
        let git = Git(root: project.root)
        let hasCommits: Bool
        if try await git.isRepository() {
            hasCommits = try await git.commitIfAny() != nil
        } else {
            hasCommits = false
        }
        let after = try await report(
            try await ProjectRevision(hasCommits ? new : ProjectRevision.workspace, of: project.data)
        )
        let shown = after.renamed(project.shown)
        guard hasCommits else { return ValueDifference(from: shown, to: shown) }
        let before = try await report(try await ProjectRevision(old, of: project.data)).renamed(project.shown)
        return ValueDifference(from: before, to: shown, includingUnchanged: all)
    }
}

/// How a comparison is printed.
struct ComparisonOptions: ParsableArguments {
    @Flag(help: "Also what did not change.")
    var all = false

    @Flag(name: .customLong("md"), help: "Print a table in Markdown.")
    var markdown = false

    @Flag(help: "Leave the files out.")
    var noPath = false

    func text(
        _ difference: ValueDifference,
        _ title: String,
        _ revisions: RevisionPair,
        precision: Int?,
        hasChange: Bool,
        _ output: Output
    ) -> String {
        let head = (noPath ? [] : ["Path"]) + [title, revisions.old, revisions.new] + (hasChange ? ["Change"] : [])
        let rows = difference.changes.map { change in
            let values = [change.old, change.new] + (hasChange ? [change.difference] : [])
            let texts = values.map { ValueReport.text($0, precision: precision) }
            return (noPath ? [] : [change.path]) + [change.key] + texts
        }
        if markdown { return MarkdownTable.text(head, rows) }
        if rows.isEmpty { return "" }
        var table = Table(head.map { ($0, .left) })
        for row in rows { table.add(row.map { .init($0) }) }
        return output.text(of: table)
    }
}
