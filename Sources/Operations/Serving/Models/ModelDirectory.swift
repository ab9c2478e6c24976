// SPDX-License-Identifier: Apache-2.0

import Documents
package import Files
import JSONText
package import SystemPackage

/// A column that a model wants.
package struct ModelColumn: Sendable, Hashable {
    /// What the column holds.
    package enum Kind: String, Sendable {
        /// Numbers of any size; truth values count as 0 and 1.
        case number
        /// Texts.
        case text
    }

    /// The name; the place as text if the model was trained on a matrix.
    package let name: String
    /// What it holds.
    package let kind: Kind

    /// A column.
    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// A model as MLflow saves it: a folder with an `MLmodel` file.
package struct ModelDirectory: Sendable {
    /// The folder.
    package let path: FilePath
    /// The run that made it; nil if it was saved outside of one.
    package let runID: String?
    /// The ways it can be loaded, such as `sklearn` and `python_function`.
    package let flavors: [String]
    /// The columns of its signature in their order; nil if it has none.
    package let columns: [ModelColumn]?
    private let onnxFile: String?

    /// Reads `MLmodel`.
    ///
    /// Blocks.
    ///
    /// - Throws: ``ServingError`` `.invalidModel` if the folder holds no model that can be understood.
    package init(_ path: FilePath) throws(ServingError) {
        let file = path.appending("MLmodel")
        let what = "cannot read the model in `\(path)`"
        let root: YAMLNode
        do {
            root = try YAMLDocument.parse(try FileReader.text(of: file, limit: 16 << 20), file: "MLmodel")
        } catch let error as FilesError {
            throw ServingError(.invalidModel, what: what, why: error.why, next: "log it with `mlflow`", cause: error)
        } catch {
            throw ServingError(.invalidModel, what: what, why: "\(error)", cause: error)
        }
        self.path = path
        runID = root["run_id"]?.string
        flavors = root["flavors"]?.entries.map(\.key) ?? []
        onnxFile = root["flavors"]?["onnx"]?["data"]?.string
        do {
            columns = try root["signature"]?["inputs"]?.string.flatMap(Self.columns)
        } catch {
            throw ServingError(
                .invalidModel,
                what: what,
                why: "its signature cannot be read: \(error.why)",
                cause: error
            )
        }
    }

    /// The ONNX file that the folder itself holds; nil if it must be converted.
    package var onnx: FilePath? { onnxFile.map { path.appending($0) } }

    /// The digest of the folder: of every file's path and content.
    package func digest() async throws -> ContentDigest {
        let files = try await TreeWalk.files(under: path)
        let digests = try await FileHashing.digests(of: files.map { path.appending($0.relativePath) }, .sha256)
        let lines = zip(files, digests).map { "\($0.relativePath)\t\($1.hex)\n" }.joined()
        return FileHashing.digest(of: Array(lines.utf8), .sha256)
    }

    /// The columns of MLflow's signature: a list of named columns, or one matrix.
    private static func columns(_ json: String) throws(JSONError) -> [ModelColumn]? {
        var columns: [ModelColumn] = []
        for element in try JSONDocument(json).root.elements {
            if element["type"]?.string == "tensor" {
                let width = element["tensor-spec"]?["shape"]?.elements.compactMap(\.int64).last ?? -1
                guard width > 0 else { return nil }
                return (0..<Int(width)).map { ModelColumn(name: String($0), kind: .number) }
            }
            let kind: ModelColumn.Kind = element["type"]?.string == "string" ? .text : .number
            columns.append(ModelColumn(name: element["name"]?.string ?? String(columns.count), kind: kind))
        }
        return columns.isEmpty ? nil : columns
    }
}
