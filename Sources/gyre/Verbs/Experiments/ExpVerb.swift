// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Terminal

/// `gyre exp`: experiments as DVC has them.
struct ExpVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exp",
        abstract: "Run, compare and apply experiments: variants of the pipeline beside the branches.",
        discussion: """
            An experiment is a commit below refs/exps, as DVC keeps it: its parameters, `dvc.lock` and metrics. It is a tracked run, \
            too. `gyre experiments` is about the experiments of the tracking server.

            Example:
              gyre exp run -S train.C=0.1,1,10 -j 2
            """,
        subcommands: [
            ExpRunVerb.self, ExpShowVerb.self, ExpListVerb.self, ExpDiffVerb.self, ExpApplyVerb.self,
            ExpBranchVerb.self, ExpRenameVerb.self, ExpRemoveVerb.self, ExpCleanVerb.self, ExpSaveVerb.self,
            ExpPushVerb.self, ExpPullVerb.self,
        ]
    )

    /// Refuses what DVC has and Gyre does not, by its name.
    static func refuse(_ unsupported: [(isWanted: Bool, name: String, next: String)], to what: String) throws {
        for (isWanted, name, next) in unsupported where isWanted {
            throw UsageError(what: "cannot \(what)", why: "`\(name)` is not supported", next: next)
        }
    }
}

/// `gyre exp save`, which is not there yet.
struct ExpSaveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Not supported yet: keep the work tree as an experiment without running it.",
        discussion: """
            Example:
              gyre exp save -n baseline
            """
    )

    @Argument(parsing: .allUnrecognized, help: "What DVC takes.")
    var rest: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        throw UsageError(
            what: "cannot save the work tree as an experiment",
            why: "`gyre exp save` is not supported yet",
            next: "run `gyre exp run`: stages that did not change are not run again"
        )
    }
}

/// `gyre exp push`, which is not there yet.
struct ExpPushVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Not supported yet: send experiments to a git remote.",
        discussion: """
            Example:
              gyre exp push origin brave-lark
            """
    )

    @Argument(parsing: .allUnrecognized, help: "What DVC takes.")
    var rest: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        throw UsageError(
            what: "cannot push experiments",
            why: "`gyre exp push` is not supported yet",
            next: "run `git push REMOTE 'refs/exps/*:refs/exps/*'`, and `gyre push` for data; or `gyre exp branch`"
        )
    }
}

/// `gyre exp pull`, which is not there yet.
struct ExpPullVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Not supported yet: bring experiments from a git remote.",
        discussion: """
            Example:
              gyre exp pull origin brave-lark
            """
    )

    @Argument(parsing: .allUnrecognized, help: "What DVC takes.")
    var rest: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        throw UsageError(
            what: "cannot pull experiments",
            why: "`gyre exp pull` is not supported yet",
            next: "run `git fetch REMOTE 'refs/exps/*:refs/exps/*'`, then `gyre exp apply` and `gyre pull`"
        )
    }
}
