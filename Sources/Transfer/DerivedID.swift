// SPDX-License-Identifier: Apache-2.0

import Files

/// Ids of runs whose source has none of 32 hexadecimal digits: the same source gives the same id, always and everywhere.
enum DerivedID {
    /// The id of the run that these parts identify.
    static func run(_ parts: String...) -> String {
        var text = "gyre import"
        // Lengths keep ["a", "bc"] and ["ab", "c"] apart.
        for part in parts { text += "\n\(part.utf8.count) \(part)" }
        return String(FileHashing.digest(of: Array(text.utf8), .sha256).hex.prefix(32))
    }
}
