// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Terminal

/// How a command that removes something is allowed to.
struct ConsentOptions: ParsableArguments {
    @Flag(help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    @Flag(name: [.short, .long], help: "Don't ask.")
    var yes = false

    /// Whether to go on, after a person was asked if there is one.
    ///
    /// - Parameters:
    ///   - what: What is done, such as "delete the run `x`".
    ///   - output: Where the question is put.
    /// - Throws: ``UsageError`` if nobody can be asked; `ExitCode` 1 if the answer is no.
    func require(to what: String, _ output: Output) async throws {
        if yes { return }
        guard output.canAsk else {
            throw UsageError(
                what: "cannot \(what)",
                why: "there is no terminal to ask on",
                next: "add `--yes`, or look first with `--dry-run`"
            )
        }
        guard try await output.asks(what.prefix(1).uppercased() + what.dropFirst() + "?") else {
            output.progress("nothing is removed")
            throw ExitCode(FailureKind.failed.exitCode)
        }
    }
}
