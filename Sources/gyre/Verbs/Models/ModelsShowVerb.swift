// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Registry
import Server
import Terminal
import Tracking

/// `gyre models show`: everything about one model.
struct ModelsShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one model: versions, aliases, what the gate said.",
        discussion: """
            Example:
              gyre models show churn
            """
    )

    @Argument(help: ArgumentHelp("The registered model.", valueName: "name"))
    var name: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let sheet = try await ModelSheet(try await services.registry.model(meant: name), in: services)
            try common.output.answer(json: sheet.json, text: sheet.text(common.output))
        }
    }
}

/// `gyre models versions`: the versions of one model.
struct ModelsVersionsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List the versions of a model, newest first.",
        discussion: """
            Example:
              gyre models versions churn --filter "tags.reviewed = 'yes'"
            """
    )

    @Argument(help: ArgumentHelp("The registered model.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("Only versions that meet this.", valueName: "filter"))
    var filter: String?

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most this many.", valueName: "count"))
    var limit = 50

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...1_000).contains(limit) {
            throw ValidationError("At least 1 and at most 1000 can be listed, not \(limit).")
        }
    }

    func run() async throws {
        try await Session.withProject(common) { services in
            var search = VersionSearch(model: try await services.registry.model(meant: name).name)
            search.filter = filter
            let found = try await services.registry.searchVersions(search, limit: limit).items
            let list = try await VersionList(found, services.registry)
            var writer = JSONWriter()
            list.write(into: &writer)
            let none = filter.map { "no version of \(name) meets `\($0)`" } ?? "\(name) has no versions"
            try common.output.answer(
                json: writer.text,
                text: found.isEmpty ? none : common.output.text(of: list.table(nowMs: services.now()))
            )
        }
    }
}
