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
