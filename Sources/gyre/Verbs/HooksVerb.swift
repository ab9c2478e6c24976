// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import Server
import SystemPackage
import Terminal

/// `gyre hooks`: git keeps data beside code.
struct HooksVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks",
        abstract: "Have git switch, check and push data with the code.",
        discussion: """
            `git checkout` and `git switch` bring the data of the commit, `git commit` shows what data is not committed, and
            `git push` pushes the data first. Hooks that are there already stay, and run before ours.

            Example:
              gyre hooks install
            """,
        subcommands: [HooksInstallVerb.self, HooksUninstallVerb.self, HooksShowVerb.self]
    )
}

/// `gyre hooks install`.
struct HooksInstallVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Install the hooks post-checkout, pre-commit and pre-push.",
        discussion: """
            Doing it again is safe. Hooks that somebody else wrote are kept beside ours as `<hook>.before-gyre`, and run first.

            Example:
              gyre hooks install -C ../churn
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let hooks = try await GitHooks(root: try DataRepository.open(at: common.folder).root)
        let program = (try? FileSystem.realPath("/proc/self/exe")) ?? "/usr/local/bin/gyre"
        try HookStates(states: try hooks.install(program: program)).print(common.output)
    }
}

/// `gyre hooks uninstall`.
struct HooksUninstallVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Remove the hooks, and put back those that were there before.",
        discussion: """
            Example:
              gyre hooks uninstall -C ../churn
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let hooks = try await GitHooks(root: try DataRepository.open(at: common.folder).root)
        _ = try hooks.uninstall()
        try HookStates(states: try hooks.states()).print(common.output)
    }
}

/// `gyre hooks show`.
struct HooksShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show which hooks there are.",
        discussion: """
            Example:
              gyre hooks show --json
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let hooks = try await GitHooks(root: try DataRepository.open(at: common.folder).root)
        try HookStates(states: try hooks.states()).print(common.output)
    }
}

/// What there is for each hook, as the commands say it.
private struct HookStates {
    let states: [(name: GitHooks.Name, state: GitHooks.State)]

    func print(_ output: Output) throws {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, state) in states { writer.field(name.rawValue, state.rawValue) }
        }
        var table = Table([("hook", .left), ("state", .left)])
        for (name, state) in states {
            let (words, tone): (String, Tone) =
                switch state {
                case .missing: ("none", .quiet)
                case .installed: ("installed", .good)
                case .chained: ("installed, behind the one that was there", .good)
                case .foreign: ("another's alone", .warning)
                }
            table.add([Table.Cell(name.rawValue, .name), Table.Cell(words, tone)])
        }
        try output.answer(json: writer.text, text: output.text(of: table))
    }
}
