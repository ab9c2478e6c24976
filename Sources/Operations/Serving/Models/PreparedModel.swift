// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
package import SystemPackage

/// A model ready to serve: an ONNX file and `prepared.json`, which says what goes in and what comes out.
package struct PreparedModel: Sendable {
    /// The folder of both files.
    package let path: FilePath
    /// The digest of the model folder that it was made from.
    package let sourceDigest: String
    /// The columns that a row needs, in their order.
    package let columns: [ModelColumn]
    /// The place of each column by its name.
    let index: [String: Int]
    /// The engine's input for each column, which may be spelled otherwise; without meaning for a matrix.
    package let inputNames: [String]
    /// Whether the columns go in as one matrix instead of one by one.
    package let isMatrix: Bool
    /// The output of the label, or of the value of a regression.
    package let labelOutput: String
    /// The output of the class probabilities; nil for a regression.
    package let probabilityOutput: String?
    /// The classes in the order of the probabilities; empty for a regression.
    package let classes: [String]
    /// Whether a missing number is taken; endless ones never are.
    package let takesMissing: Bool
    /// Rows that were logged with the model as its example; nil if there are none.
    package let example: FeatureBatch?
    /// On how many rows the converted model was proved to predict the same; 0 if nothing was converted.
    package let provedRows: Int

    /// The ONNX file.
    package var onnx: FilePath { path.appending("model.onnx") }

    /// The type of its labels: whole numbers, texts, or the values of a regression.
    var labelType: ElementType {
        if classes.isEmpty { return .float64 }
        return classes.allSatisfy { Int64($0) != nil } ? .int64 : .string
    }

    /// Reads a prepared model.
    ///
    /// Blocks.
    ///
    /// - Throws: ``ServingError`` `.invalidModel`.
    package init(_ path: FilePath, sourceDigest: String) throws(ServingError) {
        let file = path.appending("prepared.json")
        func invalid(_ why: String, _ cause: any Error) -> ServingError {
            ServingError(
                .invalidModel,
                what: "cannot read `\(file)`",
                why: why,
                next: "remove the folder; it is made anew",
                cause: cause
            )
        }
        do {
            let root = try JSONDocument(try FileReader.text(of: file, limit: 1 << 20)).root
            guard let label = root["label"]?.string, let columns = root["columns"], columns.kind == .array else {
                throw JSONError(why: "`label` or `columns` is missing")
            }
            self.path = path
            self.sourceDigest = root["source_digest"]?.string ?? sourceDigest
            self.columns = columns.elements.compactMap { element in
                element["name"]?.string.map {
                    ModelColumn(name: $0, kind: element["kind"]?.string == "text" ? .text : .number)
                }
            }
            index = Dictionary(self.columns.enumerated().map { ($1.name, $0) }) { first, _ in first }
            example = Self.example(columns)
            inputNames = columns.elements.compactMap { $0["input"]?.string ?? $0["name"]?.string }
            isMatrix = root["matrix"]?.bool ?? false
            labelOutput = label
            probabilityOutput = root["probabilities"]?.string
            classes = root["classes"]?.elements.compactMap(\.string) ?? []
            takesMissing = root["missing"]?.bool ?? false
            provedRows = Int(root["proved_rows"]?.int64 ?? 0)
        } catch let error as FilesError {
            throw invalid(error.why, error)
        } catch let error as JSONError {
            throw invalid(error.why, error)
        } catch {
            throw invalid("\(error)", error)
        }
    }

    private static func example(_ columns: JSONElement) -> FeatureBatch? {
        let count = columns.elements.map { $0["example"]?.count ?? 0 }.min() ?? 0
        guard count > 0 else { return nil }
        return FeatureBatch(
            rowCount: count,
            columns: columns.elements.map { column in
                let values = (column["example"]?.elements.map { $0 } ?? []).prefix(count)
                guard column["kind"]?.string == "text" else { return .numbers(values.map { $0.double ?? .nan }) }
                return .texts(values.map { $0.string ?? "" })
            }
        )
    }
}
