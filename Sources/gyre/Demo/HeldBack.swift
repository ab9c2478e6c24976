// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// The rows that were held back from training, as requests.
struct HeldBack {
    /// One row.
    struct Row: Sendable {
        let names: [String]
        let values: [String]

        /// A request of the Open Inference Protocol.
        var openInference: [UInt8] {
            let data = values.joined(separator: ",")
            let tensor = #"{"name":"input","shape":[1,\#(values.count)],"datatype":"FP64","data":[\#(data)]}"#
            return Array(#"{"inputs":[\#(tensor)]}"#.utf8)
        }

        /// A request of MLflow's scoring.
        var invocation: [UInt8] {
            let columns = names.map { "\"\($0)\"" }.joined(separator: ",")
            let data = values.joined(separator: ",")
            return Array(#"{"dataframe_split":{"columns":[\#(columns)],"data":[[\#(data)]]}}"#.utf8)
        }
    }

    let rows: [Row]

    /// Reads `data/holdback.csv`, whose last column is the truth.
    init(_ folder: FilePath) throws {
        let lines = try FileReader.text(of: folder.appending("data").appending("holdback.csv")).split(
            whereSeparator: \.isNewline
        )
        let names = lines.first.map { $0.split(separator: ",").map(String.init) } ?? []
        rows = lines.dropFirst().map { line in
            Row(names: Array(names.dropLast()), values: line.split(separator: ",").dropLast().map(String.init))
        }
    }
}
