// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// The format of a table file, told by its name.
package enum TableFormat: Sendable, Hashable {
    /// Comma-separated values under a header.
    case csv
    /// Tab-separated values under a header.
    case tsv
    /// One JSON array of objects.
    case json
    /// One JSON object a line.
    case jsonLines
    /// Parquet.
    case parquet

    /// The format that a file's suffix names.
    ///
    /// - Throws: ``TablesError`` `.unknownFormat`.
    package init(of file: FilePath) throws(TablesError) {
        switch file.extension?.lowercased() {
        case "csv": self = .csv
        case "tsv": self = .tsv
        case "parquet": self = .parquet
        case "json": self = .json
        case "jsonl", "ndjson": self = .jsonLines
        default:
            throw TablesError(
                .unknownFormat,
                what: "cannot use `\(file)` as a table",
                why: "its name ends in none of `.csv`, `.tsv`, `.parquet`, `.json`, `.jsonl`, `.ndjson`",
                next: "name it by its format"
            )
        }
    }

    /// Whether values carry no type of their own.
    var isText: Bool { self == .csv || self == .tsv }

    /// The call that reads `file` in a statement; with `verbatim`, text formats give each value as it is written.
    func source(_ file: FilePath, verbatim: Bool = false) -> String {
        let path = TableEngine.literal(Self.withoutPatterns(file.string))
        switch self {
        // Types are told from all rows, and a quoted empty text is a text.
        case .csv, .tsv:
            let delimiter = self == .tsv ? ", delim = '\t'" : ""
            let types = verbatim ? "all_varchar = true" : "sample_size = -1"
            return "read_csv(\(path), header = true, allow_quoted_nulls = false, \(types)\(delimiter))"
        case .json, .jsonLines: return "read_json(\(path), sample_size = -1)"
        case .parquet: return "read_parquet(\(path), hive_partitioning = false)"
        }
    }

    /// A path whose `*`, `?` and `[` mean themselves.
    static func withoutPatterns(_ path: String) -> String {
        path.reduce(into: "") { $0 += "*?[".contains($1) ? "[\($1)]" : String($1) }
    }
}
