// SPDX-License-Identifier: Apache-2.0

/// What the guard of `champion` must know of the project.
package struct ChampionGate: Sendable {
    /// The models whose `champion` needs a recorded pass from their first version on.
    package let models: Set<String>
    /// The digest of a version's files as they are now.
    package let contentDigest: @Sendable (ModelVersion) async throws -> String

    /// A gate.
    package init(models: Set<String>, contentDigest: @escaping @Sendable (ModelVersion) async throws -> String) {
        self.models = models
        self.contentDigest = contentDigest
    }
}
