// SPDX-License-Identifier: Apache-2.0

import Database

/// Data that some run of an experiment used, and what for.
package struct UsedDataset: Sendable, Hashable {
    /// The experiment.
    package let experimentID: String
    /// The dataset's name.
    package let name: String
    /// The digest of its content.
    package let digest: String
    /// What it was used for, such as `training`; nil if that was not said.
    package let context: String?
}

extension TrackingService {
    /// The most datasets of a search.
    package static let datasetLimit = 1_000

    /// What data the runs of some experiments used, each kind of use once, at most ``datasetLimit``.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for an id that is no number.
    package func datasets(in experimentIDs: [String]) async throws -> [UsedDataset] {
        guard let experiments = try Self.condition(experimentIDs: experimentIDs) else { return [] }
        let sql: SQL = """
            SELECT DISTINCT item.experiment_id, input.name, input.digest, input.context
            FROM tracking_runs AS item
            JOIN tracking_inputs AS input ON input.run = item.number
            WHERE \(experiments)
            ORDER BY item.experiment_id, input.name, input.digest, input.context
            LIMIT \(Self.datasetLimit)
            """
        return try await database.read { reader in
            try reader.rows(sql).map { row in
                UsedDataset(
                    experimentID: row.string(0),
                    name: row.string(1),
                    digest: row.string(2),
                    context: row.optionalString(3)
                )
            }
        }
    }
}
