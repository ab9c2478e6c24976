// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Registry
import Server
import Terminal
import Tracking

/// `gyre models delete`: removes a model or a version from the registry.
struct ModelsDeleteVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove a model with its versions, or one version, for good.",
        discussion: """
            Aliases and verdicts of the gate go with it. The run and its files stay.

            Example:
              gyre models delete churn/2 --dry-run
            """
    )

    @Argument(help: ArgumentHelp("The model, or a version as NAME/VERSION or NAME@ALIAS.", valueName: "name"))
    var name: String

    @OptionGroup var consent: ConsentOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let output = common.output
        try await Session.withProject(common) { services in
            let registry = services.registry
            let choice = try await ModelChoice(name, registry)
            let versions =
                if let version = choice.version {
                    [version]
                } else {
                    try await registry.searchVersions(VersionSearch(model: choice.model.name), limit: 200_000).items
                }
            let what = Self.words(choice, versions)
            if !consent.dryRun {
                try await consent.require(to: "delete \(what)", output)
                if let version = choice.version {
                    try await registry.deleteVersion(model: version.name, number: version.version)
                } else {
                    try await registry.deleteModel(name: choice.model.name)
                }
            }
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("dry_run", consent.dryRun)
                choice.writeFields(into: &writer)
                writer.key("deleted_versions")
                writer.array { writer in for version in versions { writer.integer(version.version) } }
                writer.key("deleted_aliases")
                writer.array { writer in for alias in versions.flatMap(\.aliases) { writer.string(alias) } }
            }
            try output.answer(json: writer.text, text: (consent.dryRun ? "would be deleted: " : "deleted: ") + what)
        }
    }

    private static func words(_ choice: ModelChoice, _ versions: [ModelVersion]) -> String {
        var words = choice.version == nil ? "the model \(choice.name)" : "the version \(choice.name)"
        if choice.version == nil { words += " with \(versions.count) \(versions.count == 1 ? "version" : "versions")" }
        let aliases = versions.flatMap(\.aliases)
        if !aliases.isEmpty { words += ", which \(aliases.map { "@\($0)" }.joined(separator: ", ")) names" }
        return words
    }
}
