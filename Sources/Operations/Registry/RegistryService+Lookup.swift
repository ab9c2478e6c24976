// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A version as people name it: `NAME/VERSION` or `NAME@ALIAS`.
package struct VersionReference: Sendable, Hashable {
    /// Which of the versions it is.
    package enum Choice: Sendable, Hashable {
        /// The one of that number.
        case number(Int)
        /// The one that an alias points to; `latest` is the newest.
        case alias(String)
    }

    /// The registered model's name.
    package let model: String
    /// Which of the versions it is.
    package let choice: Choice

    /// Reads a reference.
    ///
    /// - Throws: ``RegistryError`` `.invalidParameter` for a text that names no version.
    package init(_ text: String) throws(RegistryError) {
        // A name may hold `@` but no `/`, so a number is looked for first.
        if let slash = text.lastIndex(of: "/") {
            model = String(text[..<slash])
            let word = text[text.index(after: slash)...]
            guard !model.isEmpty, let number = Int(word), number > 0 else { throw Self.refusal(of: text) }
            choice = .number(number)
        } else if let at = text.lastIndex(of: "@") {
            model = String(text[..<at])
            let alias = String(text[text.index(after: at)...])
            guard !model.isEmpty, !alias.isEmpty else { throw Self.refusal(of: text) }
            choice = .alias(alias)
        } else {
            throw Self.refusal(of: text)
        }
    }

    private static func refusal(of text: String) -> RegistryError {
        RegistryError(
            .invalidParameter,
            what: "cannot tell which version is `\(text.prefix(100))`",
            why: "a version is written as NAME/VERSION or NAME@ALIAS",
            next: "write for example `\(text.prefix { $0 != "/" && $0 != "@" })/1`"
        )
    }
}

/// Models and versions as people name them.
extension RegistryService {
    /// The model of that name.
    ///
    /// - Throws: ``RegistryError`` `.notFound` with the nearest name.
    package func model(meant name: String) async throws -> RegisteredModel {
        do {
            return try await model(named: name)
        } catch let error as RegistryError where error.code == .notFound {
            let names = try await searchModels(limit: 1_000).map(\.name)
            throw RegistryError(
                .notFound,
                what: error.what,
                why: error.why,
                next: nearest(to: name, among: names).map { "did you mean `\($0)`?" } ?? "see `gyre models`"
            )
        }
    }

    /// The version of a reference.
    ///
    /// - Throws: ``RegistryError`` `.notFound` with the nearest model, or with the aliases or versions that there are.
    package func version(meant reference: VersionReference) async throws -> ModelVersion {
        let model = try await model(meant: reference.model)
        switch reference.choice {
        case .number(let number):
            do {
                return try await version(model: model.name, number: number)
            } catch let error as RegistryError where error.code == .notFound {
                throw RegistryError(
                    .notFound,
                    what: error.what,
                    why: error.why,
                    next: "see `gyre models versions \(model.name)`"
                )
            }
        case .alias(let alias):
            if let found = try await version(model: model.name, alias: alias) { return found }
            let aliases = model.aliases.map(\.alias)
            throw RegistryError(
                .notFound,
                what: "cannot find the alias `\(alias.prefix(100))` of `\(model.name.prefix(100))`",
                why: aliases.isEmpty
                    ? "the model has no aliases"
                    : "its aliases are \(aliases.map { "`\($0)`" }.joined(separator: ", "))",
                next: nearest(to: alias, among: aliases).map { "did you mean `\(model.name)@\($0)`?" }
            )
        }
    }
}
