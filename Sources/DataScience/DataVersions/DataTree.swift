// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Walks the work tree as DVC does: `.dvcignore` files count, links to folders are not followed; blocks.
struct DataTree: Sendable {
    private static let ignoreFile = ".dvcignore"
    private static let always = IgnorePatterns(".git\n.hg/\n.dvc/\n")

    let root: FilePath

    /// Whether `.dvcignore` leaves a path of the project out.
    func ignores(_ relative: String, isDirectory: Bool) throws -> Bool {
        try rule(for: relative, isDirectory: isDirectory).map { !$0.isNegated } ?? false
    }

    /// The rule that leaves a path of the project out, by itself or by a folder that it lies in, or that takes it back in.
    func rule(for relative: String, isDirectory: Bool) throws -> IgnorePatterns.Rule? {
        let parts = ProjectPath.parts(relative)
        var patterns = Self.always
        for count in 0..<parts.count {
            let folder = parts.prefix(count).joined(separator: "/")
            patterns = try patterns.adding(nested(folder))
            let path = parts.prefix(count + 1).joined(separator: "/")
            let isLast = count + 1 == parts.count
            let rule = patterns.rule(for: path, isDirectory: !isLast || isDirectory)
            if let rule, isLast || !rule.isNegated { return rule }
        }
        return nil
    }

    /// All files of a folder of data, in the order of their paths' bytes; blocks.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what cannot be versioned: links that lead nowhere, pipes and
    ///   sockets, `.dvcignore` files and pointers of other data.
    func files(in folder: String, _ flag: CancellationFlag) throws -> FileTable {
        let choose = try chooser(folder)
        do {
            return try FolderScan.files(below: root.appending(folder), flag, choosing: choose)
        } catch let error as FilesError {
            throw told(error, folder)
        }
    }

    /// All files of a folder of data, as above, by several threads.
    func files(in folder: String) async throws -> FileTable {
        let choose = try await BlockingPool.shared.run { try chooser(folder) }
        do {
            return try await FolderScan.files(below: root.appending(folder), choosing: choose)
        } catch let error as FilesError {
            throw told(error, folder)
        }
    }

    private static func refusal(_ folder: String, _ why: String, _ next: String) -> DataVersionsError {
        DataVersionsError(.invalidPath, what: "cannot version `\(folder)`", why: why, next: next)
    }

    /// What of a folder of data is taken.
    private func chooser(
        _ folder: String
    ) throws -> @Sendable (UnsafeBufferPointer<UInt8>, FolderEntry.Kind) throws -> FolderScan.Choice {
        let patterns = try patterns(above: folder, always: IgnorePatterns(""))
        return { path, kind in
            let name = Self.name(of: path)
            if Self.isAlwaysIgnored(name, kind) { return .leaveOut }
            func full() -> String { "\(folder)/\(String(decoding: path, as: UTF8.self))" }
            if !patterns.isEmpty, patterns.isIgnored(full(), isDirectory: kind == .folder) { return .leaveOut }
            guard kind != .folder, name.count >= 4, name[name.count - 4] == UInt8(ascii: ".") || name.count == 10 else {
                return .take
            }
            let text = String(decoding: name, as: UTF8.self)
            if text == Self.ignoreFile {
                let next = "move its patterns to the `.dvcignore` of the project"
                throw Self.refusal(folder, "`\(full())` lies inside", next)
            }
            if text.hasSuffix(".dvc") {
                let next = "remove that file, or version the parts alone"
                throw Self.refusal(folder, "`\(full())` versions a part of it", next)
            }
            return .take
        }
    }

    /// The error of a look at a folder, in the words of data.
    private func told(_ error: FilesError, _ folder: String) -> any Error {
        var place = error.path
        guard place.removePrefix(root) else { return error }
        func refusal(_ why: String, _ next: String) -> DataVersionsError { Self.refusal(folder, why, next) }
        switch error.code {
        case .notFound: return refusal("the link `\(place)` leads nowhere", "remove it, or name it in `.dvcignore`")
        case .wrongKind:
            return refusal("`\(place)` is neither file nor folder", "remove it, or name it in `.dvcignore`")
        case .invalidContent: return refusal("the name of `\(place)` is not UTF-8", "rename it")
        case .ioFailed where error.cause as? Errno == .tooManySymbolicLinkLevels:
            return refusal("the link `\(place)` leads to itself", "remove it, or name it in `.dvcignore`")
        default: return error
        }
    }

    private static func name(of path: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var start = path.count
        while start > 0, path[start - 1] != UInt8(ascii: "/") { start -= 1 }
        return UnsafeBufferPointer(rebasing: path[start...])
    }

    /// What no file of patterns needs to name.
    private static func isAlwaysIgnored(_ name: UnsafeBufferPointer<UInt8>, _ kind: FolderEntry.Kind) -> Bool {
        guard name.count == 3 || name.count == 4, name[0] == UInt8(ascii: ".") else { return false }
        if name.elementsEqual(".git".utf8) { return true }
        return kind == .folder && (name.elementsEqual(".hg".utf8) || name.elementsEqual(".dvc".utf8))
    }

    /// The `.dvc` files of the project, sorted; other repositories below it are not looked into.
    func pointerFiles(_ flag: CancellationFlag) throws -> [String] {
        try projectFiles(flag) { $0.hasSuffix(".dvc") && $0 != ".dvc" }
    }

    /// The files of the project with such names, sorted; other repositories below it are not looked into.
    func projectFiles(_ flag: CancellationFlag, where isWanted: (_ name: String) -> Bool) throws -> [String] {
        var result: [String] = []
        // What these hold is not the user's.
        let skipped = IgnorePatterns("/.gyre/\n.venv/\n").adding(try patterns(above: ""))
        try walk("", skipped, flag, isWanted) { result.append($0) }
        return result.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func walk(
        _ folder: String,
        _ patterns: IgnorePatterns,
        _ flag: CancellationFlag,
        _ isWanted: (_ name: String) -> Bool,
        _ body: (_ path: String) -> Void
    ) throws {
        try flag.check()
        let place = folder.isEmpty ? root : root.appending(folder)
        let patterns = try patterns.adding(nested(folder))
        let entries = try FileSystem.entries(of: place)
        if !folder.isEmpty, entries.contains(where: { $0.kind == .folder && $0.component == ".dvc" }) { return }
        var folders: [String] = []
        var data: Set<String> = []
        for entry in entries {
            let name = entry.component.string
            func path() -> String { folder.isEmpty ? name : "\(folder)/\(name)" }
            if entry.kind == .folder {
                folders.append(name)
            } else if name.hasSuffix(".dvc") || isWanted(name) {
                guard entry.name != nil else { throw notUTF8(path()) }
                if entry.kind != .file || patterns.isIgnored(path(), isDirectory: false) { continue }
                if name.hasSuffix(".dvc") { data.insert(String(name.dropLast(4))) }
                if isWanted(name) { body(path()) }
            }
        }
        for name in folders {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if patterns.isIgnored(path, isDirectory: true) { continue }
            // Nothing but data lies in a folder of data, and it may be much.
            if data.contains(name), isData(path) { continue }
            try walk(path, patterns, flag, isWanted, body)
        }
    }

    /// Whether the `.dvc` file beside a folder is about the folder.
    private func isData(_ path: String) -> Bool {
        let file = path + ".dvc"
        // What cannot be read is told where it is read.
        guard let text = try? FileReader.text(of: root.appending(file), limit: 1 << 20) else { return false }
        return (try? PointerFile.outputs(text, file: file))?.contains { $0.path == path } ?? false
    }

    private func notUTF8(_ path: String) -> DataVersionsError {
        DataVersionsError(
            .invalidPath,
            what: "cannot read `\(path)`",
            why: "its name is not UTF-8",
            next: "rename it"
        )
    }

    /// What holds in a folder before its own `.dvcignore` is read.
    private func patterns(above folder: String, always: IgnorePatterns = Self.always) throws -> IgnorePatterns {
        var patterns = always
        let parts = ProjectPath.parts(folder)
        for count in 0..<parts.count {
            patterns = try patterns.adding(nested(parts.prefix(count).joined(separator: "/")))
        }
        return patterns
    }

    /// The patterns of a folder's own file, as patterns of the project.
    private func nested(_ folder: String) throws -> IgnorePatterns {
        let file = (folder.isEmpty ? root : root.appending(folder)).appending(Self.ignoreFile)
        guard FileSystem.exists(file) else { return IgnorePatterns("") }
        // DVC takes the space around a line away, and git does not.
        let lines = try FileReader.text(of: file, limit: 1 << 20)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { String($0.trimming(while: \.isWhitespace)) }
        let name = folder.isEmpty ? Self.ignoreFile : "\(folder)/\(Self.ignoreFile)"
        let moved = folder.isEmpty ? lines : lines.map { Self.moved($0, below: folder) }
        return IgnorePatterns(moved.joined(separator: "\n"), from: name, written: lines)
    }

    /// A line of a file in `folder` as one of the project's own.
    private static func moved(_ line: String, below folder: String) -> String {
        guard !line.isEmpty, !line.hasPrefix("#") else { return "" }
        let base = folder.map { #"\*?[!#"#.contains($0) ? "\\($0)" : String($0) }.joined()
        let isNegated = line.hasPrefix("!")
        let pattern = isNegated ? line.dropFirst() : line[...]
        let isAnchored = pattern.trimmingSuffix { $0 == "/" || $0 == " " }.contains("/")
        let tail = isAnchored ? (pattern.hasPrefix("/") ? pattern.dropFirst() : pattern) : "**/\(pattern)"
        return "\(isNegated ? "!" : "")/\(base)/\(tail)"
    }
}
