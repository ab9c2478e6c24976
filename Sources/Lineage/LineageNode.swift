// SPDX-License-Identifier: Apache-2.0

/// A thing in the cycle that came from others and that others came from.
package struct LineageNode: Sendable {
    /// What kind of thing it is.
    package enum Kind: String, Sendable, CaseIterable {
        /// One answer of a served model.
        case prediction
        /// A gathered error.
        case error
        /// A version of a registered model.
        case modelVersion = "model_version"
        /// A training.
        case run
        /// A data version by its content.
        case data
        /// A git commit.
        case commit
        /// A built image.
        case image
    }

    /// What it is.
    package let kind: Kind
    /// Its name among its kind: a prediction id, `name/3`, a run id, `md5:…`, a commit id, an image digest.
    package let id: String
    /// Facts worth reading, in order: name and value.
    package var facts: [(name: String, value: String)]
    /// What it came from.
    package var origins: [LineageNode]
    /// What came from it, as far as it is asked for: only at the node that the walk began at.
    package var results: [LineageNode]

    /// A node without links.
    package init(_ kind: Kind, _ id: String, facts: [(name: String, value: String)] = []) {
        self.kind = kind
        self.id = id
        self.facts = facts
        origins = []
        results = []
    }
}
