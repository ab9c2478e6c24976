// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents

/// The text of a `.dvc` file: read, written and brought up to date with people's comments and notes in it.
enum PointerFile {
    /// The outputs that have content in the cache.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - file: Its path relative to the project.
    /// - Returns: Pointers with paths relative to the project.
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``DocumentError``.
    static func pointers(_ text: String, file: String) throws -> [DataPointer] {
        let document = try YAMLDocument.parse(text, file: file)
        guard let outputs = document["outs"]?.sequence else { throw invalid(file, "it has no list `outs`") }
        let folder = ProjectPath.parts(file).dropLast() + [document["wdir"]?.string ?? "."]
        return try outputs.compactMap { output in
            guard let name = output["path"]?.string, !name.isEmpty else {
                throw invalid(file, "an output has no `path`")
            }
            guard let path = ProjectPath.joined(folder + [name]) else {
                throw invalid(file, "`\(name)` does not lie inside the project")
            }
            // What is not cached cannot be restored; DVC leaves it alone too.
            if output["cache"]?.bool == false { return nil }
            guard let pointer = DataPointer(output, at: path) else { throw invalid(file, "`\(name)` has no `md5`") }
            guard output["hash"]?.string == "md5" else {
                throw invalid(
                    file,
                    "DVC 2 made it, whose hashes mean another thing",
                    next: "run `dvc cache migrate --dvc-files` once"
                )
            }
            return pointer
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
        guard document["deps"] == nil, let outputs = document["outs"]?.sequence, outputs.count == 1,
            let output = outputs.first
        else {
            throw DataVersionsError(
                .invalidFile,
                what: "cannot version `\(pointer.path)`",
                why: "`\(file)` says more than where one path comes from: an import, or several outputs",
                next: "remove `\(file)` first if its origin no longer matters"
            )
        }
        guard try pointers(old, file: file).first != pointer else { return old }
        var text = old
        let wanted: [(key: String, value: String?)] = [
            ("md5", pointer.md5), ("size", String(pointer.size)), ("nfiles", pointer.fileCount.map { String($0) }),
            ("isexec", pointer.isExecutable ? "true" : nil), ("hash", "md5"),
        ]
        // From the bottom, so that the places of what is still to be removed stay right.
        let gone = output.entries.filter { entry in wanted.contains { $0.key == entry.key && $0.value == nil } }
        for entry in gone.sorted(by: { $0.position.line > $1.position.line }) {
            text = removing(line: entry.position.line, from: text)
        }
        for (key, value) in wanted {
            guard let value, output[key]?.source != value else { continue }
            text = try YAMLEdit.setting(["outs", "0", key], to: value, in: text, file: file)
        }
        guard try pointers(text, file: file) == [pointer] else {
            throw invalid(file, "its layout leaves no place for the new hash", next: "write one key a line")
        }
        return text
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
