// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents

/// The text of a `.dvc` file: read, written and brought up to date with people's comments and notes in it.
enum PointerFile {
    /// The pointers that a file has; outputs whose content is not in the cache are left out.
    ///
    /// - Throws: As ``outputs(_:file:)``.
    static func pointers(_ text: String, file: String) throws -> [DataPointer] {
        try outputs(text, file: file).compactMap { $0.isCached ? $0.pointer : nil }
    }

    /// The outputs that a file names.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - file: Its path relative to the project.
    /// - Returns: Outputs with paths relative to the project.
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``DocumentError``.
    static func outputs(_ text: String, file: String) throws -> [TrackedOutput] {
        if let plain = PlainPointerText(text) { return try [plain.output(file: file)] }
        let document = try YAMLDocument.parse(text, file: file)
        guard let outputs = document["outs"]?.sequence else { throw invalid(file, "it has no list `outs`") }
        let folder = ProjectPath.parts(file).dropLast() + [document["wdir"]?.string ?? "."]
        let source = try ImportFile(document)
        return try outputs.map { node in
            guard let name = node["path"]?.string, !name.isEmpty else {
                throw invalid(file, "an output has no `path`")
            }
            guard let path = ProjectPath.joined(folder + [name]) else {
                throw invalid(file, "`\(name)` does not lie inside the project")
            }
            let hash = node["hash"]?.string
            guard hash == nil || hash.flatMap(TrackedOutput.HashKind.init(rawValue:)) != nil else {
                throw invalid(file, "hashes of the kind `\(hash ?? "")` are not supported")
            }
            var output = TrackedOutput(path: path, pointer: DataPointer(node, at: path), file: file)
            if output.pointer == nil, let md5 = node["md5"] {
                guard md5.isNull else { throw invalid(file, "`\(name)` has no `md5` that could be one") }
            }
            output.isCached = node["cache"]?.bool ?? true
            output.isPushed = node["push"]?.bool ?? true
            output.isPersistent = node["persist"]?.bool ?? false
            output.remote = node["remote"]?.string
            output.source = source
            return output
        }
    }

    /// The text for a pointer, in DVC's bytes.
    static func text(of pointer: DataPointer) -> String {
        let name = ProjectPath.parts(pointer.path).last ?? pointer.path
        var text = "outs:\n- md5: \(pointer.md5)\n  size: \(pointer.size)\n"
        if let count = pointer.fileCount { text += "  nfiles: \(count)\n" }
        if pointer.isExecutable { text += "  isexec: true\n" }
        return text + "  hash: md5\n  path:\(YAMLText.value(name, after: 7, indent: 4))\n"
    }

    /// The text for a pointer in place of `old`, whose comments, notes and order stay.
    static func text(of pointer: DataPointer, replacing old: String, file: String) throws -> String {
        let document = try YAMLDocument.parse(old, file: file)
        guard !document.isNull else { return text(of: pointer) }
        guard document["deps"] == nil, let outputs = document["outs"]?.sequence, outputs.count == 1 else {
            throw DataVersionsError(
                .invalidFile,
                what: "cannot version `\(pointer.path)`",
                why: "`\(file)` says more than where one path comes from: an import, or several outputs",
                next: "remove `\(file)` first if its origin no longer matters"
            )
        }
        return try self.text(of: pointer, in: old, file: file)
    }

    /// The text with another content for one of its outputs; all else stays.
    ///
    /// - Parameters:
    ///   - pointer: The output, at its path.
    ///   - old: The text.
    ///   - file: The file, relative to the project.
    ///   - hasSize: Whether the size is known; DVC leaves out what it does not know.
    /// - Returns: The text.
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``DocumentError``.
    static func text(
        of pointer: DataPointer,
        in old: String,
        file: String,
        hasSize: Bool = true
    ) throws -> String {
        let before = try outputs(old, file: file)
        guard let index = before.firstIndex(where: { $0.path == pointer.path }) else {
            throw invalid(file, "it names no `\(pointer.path)`")
        }
        guard try before[index].pointer != pointer || hasSize != Self.hasSize(old, path: pointer.path, file: file)
        else {
            return old
        }
        guard let output = try YAMLDocument.parse(old, file: file)["outs"]?.sequence?[index] else { return old }
        var text = old
        let wanted: [(key: String, value: String?)] = [
            ("md5", pointer.md5), ("size", hasSize ? String(pointer.size) : nil),
            ("nfiles", pointer.fileCount.map { String($0) }),
            ("isexec", pointer.isExecutable ? "true" : nil), ("hash", "md5"),
        ]
        // From the bottom, so that the places of what is still to be removed stay right.
        let gone = output.entries.filter { entry in wanted.contains { $0.key == entry.key && $0.value == nil } }
        for entry in gone.sorted(by: { $0.position.line > $1.position.line }) {
            text = removing(line: entry.position.line, from: text)
        }
        for (key, value) in wanted {
            guard let value, output[key]?.source != value else { continue }
            text = try YAMLEdit.setting(["outs", String(index), key], to: value, in: text, file: file)
        }
        guard try outputs(text, file: file)[index].pointer == pointer else {
            throw invalid(file, "its layout leaves no place for the new hash", next: "write one key a line")
        }
        return text
    }

    /// Whether the size of an output is written.
    static func hasSize(_ text: String, path: String, file: String) throws -> Bool {
        guard let index = try outputs(text, file: file).firstIndex(where: { $0.path == path }) else { return false }
        return try YAMLDocument.parse(text, file: file)["outs"]?.sequence?[index]["size"]?.integer != nil
    }

    /// The text with another name for its only output.
    static func text(_ old: String, named name: String, file: String) throws -> String {
        try YAMLEdit.setting(["outs", "0", "path"], to: YAMLText.scalar(name), in: old, file: file)
    }

    private static func removing(line: Int, from text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.indices.contains(line - 1) { lines.remove(at: line - 1) }
        return lines.joined(separator: "\n")
    }

    private static func invalid(_ file: String, _ why: String, next: String? = nil) -> DataVersionsError {
        DataVersionsError(.invalidFile, what: "cannot read `\(file)`", why: why, next: next)
    }
}
