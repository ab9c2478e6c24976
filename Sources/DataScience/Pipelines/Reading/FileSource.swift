// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
package import Documents
import Files
package import SystemPackage

/// The files of a project, by path from its root: the work tree, a commit, or texts in memory.
///
/// Each file is read and understood once.
package final class FileSource {
    private let read: (String) throws -> String?
    private var texts: [String: String?] = [:]
    private var documents: [String: YAMLNode] = [:]

    /// A source of texts; nil for what is not there.
    package init(_ read: @escaping (String) throws -> String?) { self.read = read }

    /// The work tree at `root`.
    package convenience init(root: FilePath) {
        self.init { path in
            let file = root.pushing(FilePath(path))
            guard FileSystem.exists(file), !FileSystem.isDirectory(file) else { return nil }
            return try FileReader.text(of: file, limit: 16 << 20)
        }
    }

    /// The work tree at `root`, as if some files had other texts.
    convenience init(root: FilePath, changed: [(file: String, text: String)]) {
        self.init(root: root)
        for (file, text) in changed { texts[file] = .some(text) }
    }

    /// The text of a file; nil if it is not there.
    package func text(_ path: String) throws -> String? {
        if let known = texts[path] { return known }
        let text = try read(path)
        texts[path] = .some(text)
        return text
    }

    /// The values in a file of parameters; nil if it is not there.
    ///
    /// - Throws: ``DocumentError`` for one that cannot be understood.
    package func document(_ path: String) throws -> YAMLNode? {
        if let known = documents[path] { return known }
        guard let text = try text(path) else { return nil }
        let document = try ParameterDocument.parse(text, file: path)
        documents[path] = document
        return document
    }

    /// Forgets a file, which may have changed.
    package func forget(_ path: String) {
        texts[path] = nil
        documents[path] = nil
    }
}

/// Reads the values of a file by the language that its name tells.
enum ParameterDocument {
    /// YAML, unless the name ends as one of JSON, TOML or Python does.
    static func parse(_ text: String, file: String) throws(DocumentError) -> YAMLNode {
        let name = file.lowercased()
        if name.hasSuffix(".toml") { return try TOMLReader.parse(text, file: file) }
        if name.hasSuffix(".py") { return try PythonReader.parse(text, file: file) }
        return try YAMLDocument.parse(text, file: file)
    }
}
