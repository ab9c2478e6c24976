// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Terminal

/// The command line: verbs in the order of the cycle.
struct Gyre: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gyre",
        abstract: "The whole machine-learning lifecycle in one binary.",
        discussion: """
            A first round, in any empty folder:

              gyre demo
            """,
        version: gyreVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Project",
                subcommands: [InitVerb.self, AddVerb.self, CheckoutVerb.self, StatusVerb.self, HooksVerb.self]
            ),
            CommandGroup(
                name: "Train",
                subcommands: [
                    ReproVerb.self, ExpVerb.self, QueueVerb.self, NotebookVerb.self, RunsVerb.self,
                    ExperimentsVerb.self,
                ]
            ),
            CommandGroup(
                name: "Pipelines",
                subcommands: [
                    DagVerb.self, StageVerb.self, FreezeVerb.self, UnfreezeVerb.self, MetricsVerb.self, ParamsVerb.self,
                    PlotsVerb.self,
                ]
            ),
            CommandGroup(name: "Share", subcommands: [PushVerb.self, PullVerb.self, FetchVerb.self, GcVerb.self]),
            CommandGroup(
                name: "Data",
                subcommands: [
                    CommitVerb.self, DataVerb.self, DiffVerb.self, MoveVerb.self, RemoveVerb.self, UnprotectVerb.self,
                    CheckIgnoreVerb.self, ConfigVerb.self, RemoteVerb.self, CacheVerb.self, RootVerb.self,
                ]
            ),
            CommandGroup(
                name: "Bring",
                subcommands: [
                    ListVerb.self, GetVerb.self, GetURLVerb.self, ImportURLVerb.self, ImportDatabaseVerb.self,
                    UpdateVerb.self,
                ]
            ),
            CommandGroup(name: "Move", subcommands: [SyncVerb.self, ImportVerb.self, ExportVerb.self]),
            CommandGroup(name: "Release", subcommands: [PromoteVerb.self, ModelsVerb.self, BuildVerb.self]),
            CommandGroup(name: "Run", subcommands: [UpVerb.self, ServeVerb.self]),
            CommandGroup(name: "Learn", subcommands: [ErrorsVerb.self, RetrainVerb.self, LineageVerb.self]),
            CommandGroup(name: "Help", subcommands: [DoctorVerb.self, DemoVerb.self]),
        ]
    )

    /// A verb by its name.
    static func verb(named name: String) -> (any ParsableCommand.Type)? {
        configuration.groupedSubcommands.flatMap(\.subcommands).first { verb in
            verb.configuration.commandName == name || verb.configuration.aliases.contains(name)
        }
    }

    /// The command that a line begins with, such as `gyre runs show`.
    static func command(in arguments: [String]) -> String {
        guard let verb = arguments.first.flatMap(verb(named:)) else { return "gyre" }
        let name = "gyre \(arguments[0])"
        let names = verb.configuration.subcommands.map { $0.configuration.commandName }
        return arguments.dropFirst().first.map { names.contains($0) ? "\(name) \($0)" : name } ?? name
    }

    /// The names of all verbs, for suggestions.
    static var verbs: [String] {
        var names = ["help"]
        for group in configuration.groupedSubcommands {
            for verb in group.subcommands { names.append(verb.configuration.commandName ?? "") }
        }
        return names
    }
}

/// A verb that runs where none of its command's verbs is named, and has arguments, so that any word may follow the command.
protocol TakesArguments: ParsableCommand {}
