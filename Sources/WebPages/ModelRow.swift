// SPDX-License-Identifier: Apache-2.0

/// A registered model in a list.
package struct ModelRow: Sendable {
    /// One version of a model.
    package struct Version: Sendable {
        /// Its number.
        package var number: String
        /// Names that point at it, such as `champion`.
        package var aliases: [String]
        /// Its creation.
        package var createdMs: Int64?
        /// The run that made it.
        package var runID: String?
        /// Whether it met the requirements; nil if nobody judged it.
        package var passed: Bool?
        /// One line about the judgement, such as the requirement that it missed.
        package var note: String?
        /// What it was measured at, such as `recall` on the test set.
        package var metrics: [String: Double]

        /// A version.
        package init(
            number: String,
            aliases: [String] = [],
            createdMs: Int64? = nil,
            runID: String? = nil,
            passed: Bool? = nil,
            note: String? = nil,
            metrics: [String: Double] = [:]
        ) {
            self.number = number
            self.aliases = aliases
            self.createdMs = createdMs
            self.runID = runID
            self.passed = passed
            self.note = note
            self.metrics = metrics
        }
    }

    /// Its name.
    package var name: String
    /// Its versions, newest first.
    package var versions: [Version]

    /// A model.
    package init(name: String, versions: [Version] = []) {
        self.name = name
        self.versions = versions
    }
}
