// SPDX-License-Identifier: Apache-2.0

/// A change of a parameter in its file.
package struct ParameterChange: Sendable, Hashable {
    /// How the key is meant.
    package enum Kind: Sendable, Hashable {
        /// The file has it.
        case set
        /// The file does not have it; items of mappings are merged.
        case add
        /// Whether or not the file has it.
        case put
        /// It goes; with a value only if it has that one.
        case remove
    }

    /// What happens.
    package let kind: Kind
    /// The file, relative to the project.
    package let file: String
    /// The dotted key.
    package let key: String
    /// The value; nil for one that only goes.
    package let value: ParameterValue?

    /// A change.
    package init(_ kind: Kind, file: String, key: String, value: ParameterValue?) {
        (self.kind, self.file, self.key, self.value) = (kind, file, key, value)
    }

    /// The file of parameters that name no other.
    package static let mainFile = ParameterFiles.main

    /// As it may be typed for one run.
    package var typed: String {
        let mark =
            switch kind {
            case .set: ""
            case .add: "+"
            case .put: "++"
            case .remove: "~"
            }
        let place = file == Self.mainFile ? "" : "\(file):"
        return place + mark + key + (value.map { "=\($0.shown)" } ?? "")
    }
}
