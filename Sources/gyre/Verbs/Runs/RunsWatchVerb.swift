// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Server
import Terminal
import Tracking

/// `gyre runs watch`: a run as it goes on.
struct RunsWatchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch a run until it ends: status, metrics and their course.",
        discussion: """
            On a terminal the picture is drawn anew in its place; elsewhere each change is a line, with --json an object. Ctrl-C \
            ends the watching and leaves the run alone. Exit code 1 means that the run failed or was stopped.

            Example:
              gyre runs watch quiet-harbor-680
            """
    )

    @Argument(help: ArgumentHelp("The run; the newest that goes on if missing.", valueName: "run"))
    var run: String?

    @Option(help: ArgumentHelp("How often to look, 0.1 to 60.", valueName: "seconds"))
    var interval = 1.0

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(0.1...60).contains(interval) {
            throw ValidationError("The interval is 0.1 to 60 seconds, not \(interval).")
        }
    }

    func run() async throws {
        do {
            let ended = try await Session.withProject(common) { services in
                let id = try await chosen(services.tracking)
                return try await RunWatcher(services, common.output, every: .seconds(interval)).watch(id)
            }
            if let ended, ended.status != .finished { throw ExitCode(FailureKind.failed.exitCode) }
        } catch is CancellationError {
            // Whoever watches ends it so; that needs no words.
            throw ExitCode(FailureKind.interrupted.exitCode)
        }
    }

    private func chosen(_ tracking: TrackingService) async throws -> String {
        if let run { return try await tracking.run(meant: run).id }
        let search = RunSearch(
            filter: "attributes.status IN ('RUNNING', 'SCHEDULED') AND \(RunSearch.withoutStages)",
            limit: 1
        )
        if let found = try await tracking.searchRuns(search).first { return found.id }
        throw TrackingError(
            .notFound,
            what: "cannot choose a run to watch",
            why: "none goes on",
            next: "name one, or see `gyre runs`"
        )
    }
}
