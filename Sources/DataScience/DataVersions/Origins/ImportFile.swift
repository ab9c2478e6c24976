// SPDX-License-Identifier: Apache-2.0

import Documents
import Files

/// The `.dvc` file of something that was imported: where it comes from, in DVC's bytes.
package struct ImportFile: Sendable, Hashable {
    /// Where the data comes from.
    enum Dependency: Sendable, Hashable {
        /// A path of another repository; `lock` is the commit that was taken.
        case repository(url: String, path: String, revision: String?, lock: String?)
        /// A file or folder of this machine.
        case path(String, DataPointer?)
        /// A file behind a URL, with what the server said about it.
        case url(String, checksum: String?, size: Int64?)
        /// An object of a store, `s3://…` or `remote://…`, with what the store calls its content. A folder of a store is a path.
        case object(String, tag: String?, size: Int64?)
        /// A query to a database, which Gyre does not make.
        case database
    }

    let dependency: Dependency
    /// The name of the data, beside the file.
    let name: String
    /// What the data is; nil if it was not downloaded yet.
    let output: DataPointer?
    /// Whether anything was looked at: only then there is a hash of the file itself.
    let isLocked: Bool

    /// The file's text.
    var text: String {
        var lines: [String] = []
        if isLocked { lines.append("md5: \(checksum)") }
        lines += ["frozen: true", "deps:"] + dependencyLines + ["outs:"]
        var fields = output.map { Self.fields(of: $0) } ?? []
        fields += ["hash: md5", "path:" + YAMLText.value(name, after: 7, indent: 4)]
        lines += Self.item(fields)
        return lines.joined(separator: "\n") + "\n"
    }

    /// The MD5 of the file's own content, as DVC computes it of a stage.
    var checksum: String {
        let quoted = PythonJSON.quoted
        let dependency: String
        switch self.dependency {
        case .repository(let url, let path, let revision, let lock):
            let rev = revision.map { #""rev": \#(quoted($0)), "# } ?? ""
            let revLock = lock.map { #""rev_lock": \#(quoted($0)), "# } ?? ""
            dependency = #"{"path": \#(quoted(path)), "repo": {\#(rev)\#(revLock)"url": \#(quoted(url))}}"#
        case .path(let path, let pointer):
            let md5 = pointer.map { #""md5": \#(quoted($0.md5)), "# } ?? ""
            dependency = #"{"hash": "md5", \#(md5)"path": \#(quoted(path))}"#
        case .object(let url, let tag, _):
            let etag = tag.map { #""etag": \#(quoted($0)), "# } ?? ""
            dependency = #"{\#(etag)"hash": "md5", "path": \#(quoted(url))}"#
        case .database: dependency = "{}"
        case .url(let url, let checksum, _):
            let sum = checksum.map { #""checksum": \#(quoted($0)), "# } ?? ""
            dependency = #"{\#(sum)"hash": "md5", "path": \#(quoted(url))}"#
        }
        let md5 = output.map { #""md5": \#(quoted($0.md5)), "# } ?? ""
        let out = #"{"hash": "md5", \#(md5)"path": \#(quoted(name))}"#
        let text = #"{"deps": [\#(dependency)], "outs": [\#(out)]}"#
        return FileHashing.digest(of: Array(text.utf8), .md5).hex
    }

    private var dependencyLines: [String] {
        switch dependency {
        case .repository(let url, let path, let revision, let lock):
            var lines = Self.item(["path:" + YAMLText.value(path, after: 7, indent: 4), "repo:"])
            lines.append("    url:" + YAMLText.value(url, after: 8, indent: 6))
            if let revision { lines.append("    rev:" + YAMLText.value(revision, after: 8, indent: 6)) }
            if let lock { lines.append("    rev_lock:" + YAMLText.value(lock, after: 13, indent: 6)) }
            return lines
        case .path(let path, let pointer):
            let fields = pointer.map { Self.fields(of: $0) } ?? []
            return Self.item(fields + ["hash: md5", "path:" + YAMLText.value(path, after: 7, indent: 4)])
        case .url(let url, let checksum, let size):
            var fields: [String] = []
            if let checksum { fields.append("checksum:" + YAMLText.value(checksum, after: 11, indent: 4)) }
            if let size { fields.append("size: \(size)") }
            return Self.item(fields + ["hash: md5", "path:" + YAMLText.value(url, after: 7, indent: 4)])
        case .object(let url, let tag, let size):
            var fields: [String] = []
            if let tag { fields.append("etag:" + YAMLText.value(tag, after: 7, indent: 4)) }
            if let size { fields.append("size: \(size)") }
            return Self.item(fields + ["hash: md5", "path:" + YAMLText.value(url, after: 7, indent: 4)])
        case .database: return []
        }
    }

    private static func fields(of pointer: DataPointer) -> [String] {
        var fields = ["md5: \(pointer.md5)", "size: \(pointer.size)"]
        if let count = pointer.fileCount { fields.append("nfiles: \(count)") }
        if pointer.isExecutable { fields.append("isexec: true") }
        return fields
    }

    private static func item(_ fields: [String]) -> [String] {
        fields.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
    }

    // MARK: Reading

    /// Reads a file; nil if it is not one of an import.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``DocumentError``.
    init?(_ text: String, file: String) throws {
        try self.init(try YAMLDocument.parse(text, file: file))
    }

    /// Reads a file that was parsed; nil if it is not one of an import.
    init?(_ document: YAMLNode) throws {
        guard let dependencies = document["deps"]?.sequence, dependencies.count == 1, let dep = dependencies.first,
            let outputs = document["outs"]?.sequence, outputs.count == 1, let out = outputs.first,
            document["cmd"] == nil, let name = out["path"]?.string
        else { return nil }
        self.name = name
        output = DataPointer(out, at: name)
        isLocked = document["md5"] != nil
        guard let path = dep["path"]?.string else {
            guard dep["db"] != nil else { return nil }
            dependency = .database
            return
        }
        if let repository = dep["repo"] {
            guard let url = repository["url"]?.string else { return nil }
            dependency = .repository(
                url: url,
                path: path,
                revision: repository["rev"]?.string,
                lock: repository["rev_lock"]?.string
            )
        } else if let pointer = DataPointer(dep, at: path) {
            dependency = .path(path, pointer)
        } else if path.hasPrefix("http://") || path.hasPrefix("https://") {
            dependency = .url(path, checksum: dep["checksum"]?.string, size: dep["size"]?.integer)
        } else if path.contains("://") {
            dependency = .object(path, tag: dep["etag"]?.string, size: dep["size"]?.integer)
        } else {
            dependency = .path(path, nil)
        }
    }

    /// Whether the content is fetched from where it comes from, and no remote of the project: data of another repository, and
    /// whatever was never downloaded.
    var isForeign: Bool { if case .repository = dependency { true } else { output == nil } }

    init(dependency: Dependency, name: String, output: DataPointer?, isLocked: Bool) {
        self.dependency = dependency
        self.name = name
        self.output = output
        self.isLocked = isLocked
    }

    /// This file in place of `old`, whose comments, notes and further keys stay.
    func text(replacing old: String, file: String) throws -> String {
        var text = old
        func set(_ path: [String], _ value: String?) throws {
            guard let value else { return }
            let node = path.reduce(try YAMLDocument.parse(text, file: file) as YAMLNode?) { node, key in
                Int(key).map { index in node?.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
                    ?? node?[key]
            }
            guard node?.source != value else { return }
            text = try YAMLEdit.setting(path, to: value, in: text, file: file)
        }
        switch dependency {
        case .repository(_, _, let revision, let lock):
            try set(["deps", "0", "repo", "rev"], revision.map { YAMLText.scalar($0) })
            try set(["deps", "0", "repo", "rev_lock"], lock)
        case .path(_, let pointer):
            if let pointer { try Self.set(pointer, at: ["deps", "0"], set) }
        case .url(_, let checksum, let size):
            try set(["deps", "0", "checksum"], checksum.map { YAMLText.scalar($0) })
            try set(["deps", "0", "size"], size.map { String($0) })
        case .object(_, let tag, let size):
            try set(["deps", "0", "etag"], tag.map { YAMLText.scalar($0) })
            try set(["deps", "0", "size"], size.map { String($0) })
        case .database: break
        }
        if let output { try Self.set(output, at: ["outs", "0"], set) }
        try set(["md5"], checksum)
        // Where the layout leaves no room for what is new, the file is written anew.
        return try ImportFile(text, file: file) == self ? text : self.text
    }

    private static func set(
        _ pointer: DataPointer,
        at path: [String],
        _ set: ([String], String?) throws -> Void
    ) throws {
        try set(path + ["md5"], pointer.md5)
        try set(path + ["size"], String(pointer.size))
        try set(path + ["nfiles"], pointer.fileCount.map { String($0) })
    }
}
