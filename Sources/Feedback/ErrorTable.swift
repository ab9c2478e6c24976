// SPDX-License-Identifier: Apache-2.0

package import SystemPackage
package import Tables

/// Writes gathered errors into a table of the project: the same columns as the training data, one row an error.
package struct ErrorTable: Sendable {
    private let engine: @Sendable () async throws -> TableEngine

    /// A writer that asks for `engine` when there is something to write.
    package init(engine: @escaping @Sendable () async throws -> TableEngine) { self.engine = engine }

    /// Adds cases to the table at `file`, which keeps its columns and rows.
    ///
    /// The whole table is written anew beside the old one and renamed over it, so a crash leaves one or the other. A
    /// feature that a case lacks becomes null; one that the table lacks is left out.
    ///
    /// - Parameters:
    ///   - cases: The errors to add.
    ///   - file: A CSV or Parquet table that exists and has the target column.
    ///   - target: The label column.
    /// - Returns: How many rows the table has now.
    /// - Throws: ``FeedbackError`` `.notReady` if the table lacks the target column; errors of Tables.
    package func add(_ cases: [ErrorCase], to file: FilePath, target: String) async throws -> Int {
        let engine = try await engine()
        let columns = try await engine.columns(of: file)
        guard columns.contains(where: { $0.name == target }) else {
            throw FeedbackError(
                .notReady,
                what: "cannot add errors to `\(file)`",
                why: "it has no column `\(target)`, the target of the model",
                next: "write a header with the training data's columns, or correct `model.target` in `gyre.yaml`"
            )
        }
        let names = columns.map(\.name)
        let isText = columns.contains { $0.name == target && $0.type == "VARCHAR" }
        let rows = cases.map { errorCase in
            let values = Dictionary(
                errorCase.features.map { ($0.name, $0.value) },
                uniquingKeysWith: { first, _ in first }
            )
            return names.map { name -> TableValue in
                // Where classes are texts, `01` must not become `1`.
                if name == target { return isText ? .text(errorCase.truth) : Self.value(errorCase.truth) }
                switch values[name] {
                case .number(let number)?: return number.isNaN ? .null : .real(number)
                case .text(let text)?: return .text(text)
                case nil: return .null
                }
            }
        }
        return try await engine.append(rows, columns: names, to: file)
    }

    /// Whole numbers are written without a fraction, as people write classes.
    private static func value(_ text: String) -> TableValue {
        guard let number = Double(text), number.isFinite else { return .text(text) }
        return Int64(exactly: number).map { .integer($0) } ?? .real(number)
    }
}
