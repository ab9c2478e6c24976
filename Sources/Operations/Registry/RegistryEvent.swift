// SPDX-License-Identifier: Apache-2.0

import Database
package import Tracking

/// A change of the registry that MLflow tells others of.
///
/// Prompts, which MLflow keeps as models with a tag, cause none.
package enum RegistryEvent: Sendable {
    /// A model was registered.
    case modelCreated(RegisteredModel)
    /// A version was made.
    case versionCreated(ModelVersion)
    /// A tag of a version was set.
    case versionTagSet(model: String, version: Int, KeyValue)
    /// A tag of a version was removed, or was not there.
    case versionTagDeleted(model: String, version: Int, key: String)
    /// An alias was pointed to a version.
    case aliasSet(model: String, alias: String, version: Int)
    /// An alias was removed, or was not there.
    case aliasDeleted(model: String, alias: String)
}

extension RegistryService {
    /// Tells of a change of a model, within its transaction.
    func tell(_ event: RegistryEvent, of model: String, _ writer: SQLWriter) throws {
        let prompt: SQL = """
            SELECT 1 FROM registry_model_tags
            WHERE name = \(model) AND key = \(SearchScope.promptTag) AND lower(value) = 'true'
            """
        guard let onEvent, try writer.row(prompt) == nil else { return }
        try onEvent(event, writer)
    }
}
