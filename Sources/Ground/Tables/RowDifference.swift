// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// What differs between two versions of a table, row by row.
package struct RowDifference: Sendable {
    /// What happened to a row.
    package enum Kind: String, Sendable, CaseIterable {
        /// Only the new version has it.
        case added
        /// Only the old version has it.
        case removed
        /// Both have a row with the same key, with other values.
        case changed
    }

    /// A row that differs.
    package struct Row: Sendable, Hashable {
        /// What happened to it.
        package let kind: Kind
        /// How many equal rows there are; 1 where keys tell rows apart.
        package let count: Int
        /// The values of the old version, for each of ``columns``; empty for an added row.
        package let before: [TableValue]
        /// The values of the new version, for each of ``columns``; empty for a removed row.
        package let after: [TableValue]
    }

    /// A column that both versions have, with another type.
    package struct RetypedColumn: Sendable, Hashable {
        /// The name.
        package let name: String
        /// The type in the old version.
        package let before: String
        /// The type in the new version.
        package let after: String
    }

    /// How the columns differ; rows are compared by those that both versions have.
    package struct Schema: Sendable, Hashable {
        /// Only the new version has them.
        package let added: [TableColumn]
        /// Only the old version has them.
        package let removed: [TableColumn]
        /// Their types differ.
        package let retyped: [RetypedColumn]
        /// Whether the columns that both have stand in another order.
        package let isReordered: Bool

        /// Whether nothing differs.
        package var isEmpty: Bool { added.isEmpty && removed.isEmpty && retyped.isEmpty && !isReordered }
    }

    /// The columns that tell rows apart; empty if rows are compared as wholes.
    package let keys: [String]
    /// The columns that both versions have, in the order of the new one, keys first.
    package let columns: [String]
    /// How the columns differ.
    package let schema: Schema
    /// How many rows there are of each kind.
    package let counts: [Kind: Int]
    /// How many rows are in both versions as they are.
    package let unchangedCount: Int
    /// In how many changed rows each column differs; those that differ in none are left out.
    package let changedColumns: [(name: String, count: Int)]
    /// The first rows of each kind, in the order of their keys.
    package let rows: [Row]

    /// Whether rows and columns are the same in both.
    package var isEmpty: Bool { schema.isEmpty && counts.values.allSatisfy { $0 == 0 } }

    /// How many rows there are of a kind.
    package subscript(kind: Kind) -> Int { counts[kind, default: 0] }
}

/// One version of a table: a file, and the format of what is in it.
///
/// An object of a cache has no suffix that would tell the format.
package struct TableVersion: Sendable {
    /// The file.
    package let file: FilePath
    /// Its format.
    package let format: TableFormat

    /// A version in a file whose own name need not tell the format.
    package init(file: FilePath, format: TableFormat) {
        self.file = file
        self.format = format
    }
}
