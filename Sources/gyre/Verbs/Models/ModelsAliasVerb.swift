// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Registry
import Server
import Terminal

/// `gyre models alias`: points an alias to a version.
struct ModelsAliasVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Point an alias to a version.",
        discussion: """
            The alias `champion` of a model with requirements moves only to a version that passed them; exit code 3 means that it \
            did not. `gyre promote` checks and promotes.

            Example:
              gyre models alias churn challenger 3
            """
    )

    @Argument(help: ArgumentHelp("The registered model.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("The alias.", valueName: "alias"))
    var alias: String

    @Argument(help: ArgumentHelp("The version's number.", valueName: "version"))
    var version: Int

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let registry = services.registry
            let before = try await registry.model(meant: name).aliases.first { $0.alias == alias }?.version
            try await registry.setAlias(model: name, alias: alias, version: version)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("name", name)
                writer.field("alias", alias)
                writer.field("version", version)
                writer.field("previous_version", before.map(Int64.init))
            }
            let past = before.map { $0 == version ? ", as before" : ", before \($0)" } ?? ""
            try common.output.answer(json: writer.text, text: "\(name)@\(alias) is version \(version)\(past)")
        }
    }
}

/// `gyre models delete-alias`: removes an alias.
struct ModelsDeleteAliasVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete-alias",
        abstract: "Remove an alias; the version stays.",
        discussion: """
            Example:
              gyre models delete-alias churn challenger
            """
    )

    @Argument(help: ArgumentHelp("The registered model.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("The alias.", valueName: "alias"))
    var alias: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let registry = services.registry
            _ = try await registry.model(meant: name)
            // Where it points to is looked for as in every reference, so that a misspelt alias is told.
            let version = try await registry.version(meant: try VersionReference(typed: "\(name)@\(alias)"))
            try await registry.deleteAlias(model: name, alias: alias)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("name", name)
                writer.field("alias", alias)
                writer.field("version", version.version)
            }
            try common.output.answer(
                json: writer.text,
                text: "\(name)@\(alias) is removed; it was version \(version.version)"
            )
        }
    }
}
