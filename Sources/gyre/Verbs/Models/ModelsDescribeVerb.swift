// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Registry
import Server
import Terminal

/// `gyre models describe`: says what a model or a version is.
struct ModelsDescribeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Set the description of a model or a version.",
        discussion: """
            Example:
              gyre models describe churn/3 "trained on the data of May"
            """
    )

    @Argument(help: ArgumentHelp("The model, or a version as NAME/VERSION or NAME@ALIAS.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("The new description.", valueName: "text"))
    var text: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let registry = services.registry
            let choice = try await ModelChoice(name, registry)
            if let version = choice.version {
                _ = try await registry.updateVersion(model: version.name, number: version.version, description: text)
            } else {
                _ = try await registry.updateModel(name: choice.model.name, description: text)
            }
            var writer = JSONWriter()
            writer.object { writer in
                choice.writeFields(into: &writer)
                writer.field("description", text)
            }
            try common.output.answer(json: writer.text, text: "\(choice.name) is described")
        }
    }
}

/// A model, or one of its versions.
struct ModelChoice {
    let model: RegisteredModel
    let version: ModelVersion?

    /// Finds what a person named: a model, NAME/VERSION or NAME@ALIAS.
    init(_ text: String, _ registry: RegistryService) async throws {
        if !text.contains("/") {
            do {
                (model, version) = (try await registry.model(meant: text), nil)
                return
            } catch let error as RegistryError where error.code == .notFound && text.contains("@") {
                // A name may hold `@`, but this one is of a version.
            }
        }
        let found = try await registry.version(meant: try VersionReference(typed: text))
        (model, version) = (try await registry.model(named: found.name), found)
    }

    /// As people write it.
    var name: String { version.map { "\($0.name)/\($0.version)" } ?? model.name }

    /// Writes the name and, for a version, its number, as members of an object.
    func writeFields(into writer: inout JSONWriter) {
        writer.field("name", model.name)
        writer.field("version", version.map { Int64($0.version) })
    }
}

extension VersionReference {
    /// Reads what a person typed.
    ///
    /// - Throws: ``UsageError`` for a text that names no version.
    init(typed text: String) throws(UsageError) {
        do throws(RegistryError) {
            try self.init(text)
        } catch {
            throw UsageError(what: error.what, why: error.why, next: error.next)
        }
    }
}
