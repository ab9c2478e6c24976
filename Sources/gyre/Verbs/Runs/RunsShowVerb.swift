// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Tracking

/// `gyre runs show`: everything about one run.
struct RunsShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one run.",
        discussion: """
            Status, times, commit, params, metrics with their course, datasets, models, tags and artefacts.

            Example:
              gyre runs show quiet-harbor-680
            """
    )

    @Argument(
        help: ArgumentHelp("Its id, the beginning of its id, or its name; the newest if missing.", valueName: "run")
    )
    var run: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            guard let run = try await found(in: services) else {
                throw TrackingError(
                    .notFound,
                    what: "cannot show the newest run",
                    why: "there are no runs yet",
                    next: "start one by `gyre repro`"
                )
            }
            let sheet = try await RunSheet(run, in: services)
            try common.output.answer(json: sheet.json, text: sheet.text(common.output))
        }
    }

    private func found(in services: ProjectServices) async throws -> Run? {
        if let run { return try await services.tracking.run(meant: run) }
        return try await services.tracking.searchRuns(RunSearch(filter: RunSearch.withoutStages, limit: 1)).first
    }
}
