// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `gyre import-db`: DVC's, which Gyre does not have.
struct ImportDatabaseVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-db",
        abstract: "Not supported: import the answer of a database.",
        discussion: """
            Example:
              dvc import-db --sql "SELECT 1" --conn warehouse
            """,
        shouldDisplay: false
    )

    @Argument(parsing: .captureForPassthrough, help: .hidden)
    var rest: [String] = []

    func run() async throws {
        throw UsageError(
            what: "cannot run `gyre import-db`",
            why: "imports from databases are not supported",
            next: "run `dvc import-db`; what it imported is versioned, pushed and checked out here as all data"
        )
    }
}
