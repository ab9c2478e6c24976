// SPDX-License-Identifier: Apache-2.0

import Files

extension TableEngine {
    /// Compares two versions of a table, row by row.
    ///
    /// With `keys` a row is the same one if these columns are equal, null included, and it changed if another column differs.
    /// Without, rows are compared as wholes, as often as they occur, and none is changed. Values are compared by what they
    /// mean, so `1.50` and `1.5` are the same in a CSV; columns of two types that are not both numbers by their texts.
    /// Memory stays within the engine's limit: what does not fit goes to its temporary folder.
    ///
    /// - Parameters:
    ///   - old: The old version; nil if the table is new.
    ///   - new: The new version; nil if the table is gone.
    ///   - keys: Names of columns that both have, and that tell the rows of each apart.
    ///   - limit: How many rows of each kind come with the counts.
    /// - Returns: The differences.
    /// - Throws: ``TablesError`` `.missingFile`, `.missingColumn`, `.ambiguousKey` if two rows of one version have the same key,
    ///   or `.failed` with what the engine says.
    package func difference(
        from old: TableVersion?,
        to new: TableVersion?,
        keys: [String] = [],
        limit: Int = 20
    ) async throws -> RowDifference {
        for version in [old, new].compactMap(\.self) where !FileSystem.exists(version.file) {
            throw TablesError(
                .missingFile,
                what: "cannot compare the table `\(version.file)`",
                why: "there is no such file"
            )
        }
        return try await onConnection { connection in
            try RowComparison(old, new, keys: keys, on: connection).difference(limit: limit, on: connection)
        }
    }
}
