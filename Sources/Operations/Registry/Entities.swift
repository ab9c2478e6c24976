// SPDX-License-Identifier: Apache-2.0

package import Tracking

/// Where a version stands in MLflow's older way of promotion; raw values are MLflow's.
package enum VersionStage: String, Sendable, CaseIterable {
    /// Nowhere yet.
    case none = "None"
    /// Being tried.
    case staging = "Staging"
    /// In use.
    case production = "Production"
    /// No longer used.
    case archived = "Archived"

    /// The stage of that name, whose capitals don't count.
    ///
    /// - Throws: ``RegistryError`` `.invalidParameter`.
    package init(named text: String) throws(RegistryError) {
        guard let stage = Self.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot use the stage `\(text.prefix(50))`",
                why: "stages are \(Self.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        self = stage
    }
}

/// A named model with its versions.
package struct RegisteredModel: Sendable {
    /// The name.
    package let name: String
    /// What people say of it.
    package let description: String
    /// When it was made, milliseconds UTC.
    package let createdMs: Int64
    /// When it or a version changed, milliseconds UTC.
    package let updatedMs: Int64
    /// Notes about it.
    package let tags: [KeyValue]
    /// Aliases and the versions that they point to.
    package let aliases: [(alias: String, version: Int)]
    /// The newest version of each stage.
    package let latest: [ModelVersion]
}

/// A version of a registered model.
package struct ModelVersion: Sendable {
    /// The model's name.
    package let name: String
    /// The number, from 1.
    package let version: Int
    /// When it was made, milliseconds UTC.
    package let createdMs: Int64
    /// When it changed, milliseconds UTC.
    package let updatedMs: Int64
    /// Where it stands.
    package let stage: VersionStage
    /// What people say of it.
    package let description: String
    /// The URI that it was registered from.
    package let source: String
    /// The URI that `source` stood for when it named another version; nil if it names the files itself.
    package let storage: String?
    /// The URI of its files.
    package var location: String { storage ?? source }
    /// The run that made it; nil if it is not known.
    package let runID: String?
    /// The logged model that it is; nil if it is not known.
    package let modelID: String?
    /// A link to the run elsewhere.
    package let runLink: String
    /// Notes about it.
    package let tags: [KeyValue]
    /// The aliases that point to it.
    package let aliases: [String]
}

/// What a gate said of a version.
package struct RecordedVerdict: Sendable {
    /// The digest of the model's files that was judged.
    package let digest: String
    /// Whether every requirement was met.
    package let passed: Bool
    /// The report as JSON.
    package let report: String
    /// When, milliseconds UTC.
    package let createdMs: Int64

    /// What a gate said.
    package init(digest: String, passed: Bool, report: String, createdMs: Int64) {
        self.digest = digest
        self.passed = passed
        self.report = report
        self.createdMs = createdMs
    }
}
