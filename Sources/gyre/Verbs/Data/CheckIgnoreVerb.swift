// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import Terminal

/// `gyre check-ignore`: whether `.dvcignore` leaves paths out.
struct CheckIgnoreVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-ignore",
        abstract: "Print those of the paths that `.dvcignore` leaves out.",
        discussion: """
            The exit code is 1 if none is.

            Example:
              gyre check-ignore data/*
              find . | gyre check-ignore --stdin --details
            """
    )

    @Argument(help: ArgumentHelp("Files or folders.", valueName: "path"))
    var targets: [String] = []

    @Flag(
        name: [.short, .long],
        help: "Print the pattern that decides before each path, also one that takes it back in."
    )
    var details = false

    @Flag(name: [.short, .long], help: "With --details: print `::` before paths that no pattern speaks of.")
    var nonMatching = false

    // The last pattern decides alone, so that there are no others to show; `dvc` shows none, either.
    @Flag(name: [.short, .long], help: .hidden)
    var all = false

    @Flag(help: "Read the paths from standard input, one a line, up to an empty one.")
    var stdin = false

    @OptionGroup var common: CommonOptions

    /// What is said of a path.
    private struct Line {
        let path: String
        let rule: DataRepository.IgnoreRule?
    }

    func validate() throws {
        if targets.isEmpty, !stdin { throw ValidationError("give paths, or --stdin") }
        if !targets.isEmpty, stdin { throw ValidationError("--stdin takes no paths") }
        if nonMatching, !details { throw ValidationError("--non-matching needs --details") }
        if all, !details { throw ValidationError("--all needs --details") }
        if details, common.quiet { throw ValidationError("choose one of --details and --quiet") }
    }

    func run() async throws {
        let data = try common.data()
        var (lines, isFound, goesOn) = ([Line](), false, true)
        func look(_ path: String) throws {
            let line = Line(path: path, rule: try data.ignoreRule(for: common.path(path)))
            isFound = isFound || (details ? line.rule != nil : line.rule?.isIgnoring == true)
            if common.json { return lines.append(line) }
            if !common.quiet, let text = text(line) { goesOn = try common.output.stream(json: "", text: text) }
        }
        if stdin {
            while goesOn, let path = try await BlockingPool.shared.run({ readLine() }), !path.isEmpty { try look(path) }
        } else {
            for path in targets where goesOn { try look(path) }
        }
        if common.json { try common.output.answer(json: json(lines), text: "") }
        if !isFound { throw ExitCode(1) }
    }

    /// The line for people; nil if nothing is said of the path.
    private func text(_ line: Line) -> String? {
        guard details else { return line.rule?.isIgnoring == true ? line.path : nil }
        return (line.rule?.text ?? (nonMatching ? "::" : nil)).map { "\($0)\t\(line.path)" }
    }

    private func json(_ lines: [Line]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("ignored", lines.filter { $0.rule?.isIgnoring == true }.map(\.path))
            guard details else { return }
            writer.key("details")
            writer.array { writer in
                for line in lines where line.rule != nil || nonMatching {
                    writer.object { writer in
                        writer.field("path", line.path)
                        writer.field("rule", line.rule?.text)
                        writer.field("ignored", line.rule?.isIgnoring ?? false)
                    }
                }
            }
        }
        return writer.text
    }
}
