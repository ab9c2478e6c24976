// SPDX-License-Identifier: Apache-2.0

/// Samples that a measure is not defined for.
package enum StatisticsError: Error, Sendable, Hashable {
    /// Two lists that belong together have different lengths.
    case lengthsDiffer(Int, Int)
    /// A value that is not a number, by its row.
    case notANumber(row: Int)
}
