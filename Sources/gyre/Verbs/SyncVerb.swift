// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Tracking
import Transfer

/// `gyre sync`: runs that were logged here, on a server.
struct SyncVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Merge the runs of this project into a Gyre server.",
        discussion: """
            What the server has already is not sent again, and what grew since is topped up: a sync can be run at any time, also \
            while something is logged here or there, and goes on where it was after an interruption. The server is the \
            argument, else GYRE_TRACKING, else `tracking` of gyre.yaml. GYRE_TOKEN or MLFLOW_TRACKING_TOKEN is sent as bearer \
            token. Exit code 1 means that the server did not take something.

            Example:
              gyre sync http://127.0.0.1:5000 --experiment churn
            """
    )

    @Argument(help: ArgumentHelp("The server's address.", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("Only this experiment, by name or id.", valueName: "name"))
    var experiment: String?

    @Option(help: ArgumentHelp("Only this run, by id, the beginning of its id, or name.", valueName: "run"))
    var run: String?

    @Flag(help: "Only say what would be sent.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if experiment != nil, run != nil {
            throw ValidationError("A run has its experiment: only one of --experiment and --run can be given.")
        }
    }

    func run() async throws {
        let output = common.output
        let report = try await Session.withProject(common) { services in
            let address = try address(services)
            var options = Syncer.Options()
            options.isDryRun = dryRun
            options.experiment = experiment
            if let run { options.run = try await services.tracking.run(meant: run, view: .activeOnly).id }
            let bar = RunsBar(output, dryRun ? "comparing" : "syncing")
            defer { bar.finish() }
            let syncer = Syncer(
                tracking: services.tracking,
                registry: services.registry,
                source: try SyncSource.name(in: services.workspace.syncSource),
                options: options
            ) { bar.note($0) }
            return try await syncer.run(address)
        }
        try SyncText(report).print(output)
        if report.conflictCount > 0 { throw ExitCode(1) }
    }

    private func address(_ services: ProjectServices) throws -> SyncAddress {
        let environment = Session.environment
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let found: (text: String, origin: String)? =
            if let url {
                (url, "the argument")
            } else if let url = variable("GYRE_TRACKING") {
                (url, "GYRE_TRACKING")
            } else if let url = services.project.tracking {
                (url, "`tracking` of `gyre.yaml`")
            } else {
                nil
            }
        guard let found else {
            throw UsageError(
                what: "cannot sync",
                why: "no server is named",
                next:
                    "run `gyre sync http://HOST:PORT`, set GYRE_TRACKING, or write `tracking: http://HOST:PORT` into `gyre.yaml`"
            )
        }
        let token = variable("GYRE_TOKEN") ?? variable("MLFLOW_TRACKING_TOKEN")
        let address = try SyncAddress(found.text, from: found.origin, token: token)
        if ServerFile(workspace: services.workspace).running()?.url == address.url {
            throw UsageError(
                what: "cannot sync with `\(address.url)`",
                why: "it is the server of this very project",
                next: "name the server of another project"
            )
        }
        return address
    }
}
