// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

extension Origin {
    /// Where the bytes of a file are.
    enum Source: Sendable, Hashable {
        /// In a cache or a remote, by hash.
        case object(md5: String, isLegacy: Bool)
        /// In git.
        case blob(String)
    }

    /// A file to take.
    struct Piece: Sendable {
        /// The path from what was selected; empty if that is a file.
        let path: String
        let source: Source
        let isExecutable: Bool
    }

    /// A file or folder of the repository with all that lies in it.
    package struct Selection: Sendable {
        /// The path from the repository's root.
        package let path: String
        /// Whether it is a folder.
        package let isDirectory: Bool
        /// The data that it is, as a whole; nil for a part of one, or what git holds.
        package let output: Output?
        let pieces: [Piece]

        /// How many files there are.
        package var fileCount: Int { pieces.count }
    }

    /// The file or folder at a path, whoever holds it: git, data, or both of them in parts.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` if the commit has no such path, `.missingContent` if the listing of a folder
    ///   of data cannot be read.
    package func select(_ path: String, _ contents: OriginContents) async throws -> Selection {
        let path = ProjectPath.parts(path).filter { $0 != "." }.joined(separator: "/")
        if let file = files.first(where: { $0.path == path }) {
            let piece = Piece(path: "", source: .blob(try await target(file).object), isExecutable: file.isExecutable)
            return Selection(path: path, isDirectory: false, output: nil, pieces: [piece])
        }
        if let output = outputs.first(where: { $0.path == path }) {
            return Selection(
                path: path,
                isDirectory: output.isDirectory,
                output: output,
                pieces: try await pieces(of: output, "", contents)
            )
        }
        if let output = outputs.first(where: { $0.isDirectory && path.hasPrefix($0.path + "/") }) {
            return try await part(path, of: output, contents)
        }
        return try await folder(path, contents)
    }

    private func pieces(of output: Output, _ prefix: String, _ contents: OriginContents) async throws -> [Piece] {
        guard output.isDirectory else {
            let source = Source.object(md5: output.md5, isLegacy: output.isLegacy)
            return [Piece(path: prefix, source: source, isExecutable: output.isExecutable)]
        }
        return try await contents.listing(output).entries.map { entry in
            Piece(
                path: prefix.isEmpty ? entry.path : "\(prefix)/\(entry.path)",
                source: .object(md5: entry.md5, isLegacy: output.isLegacy),
                isExecutable: false
            )
        }
    }

    /// A file or folder inside a folder of data.
    private func part(_ path: String, of output: Output, _ contents: OriginContents) async throws -> Selection {
        let rest = String(path.dropFirst(output.path.count + 1))
        let entries = try await contents.listing(output).entries
        func piece(_ path: String, _ md5: String) -> Piece {
            Piece(path: path, source: .object(md5: md5, isLegacy: output.isLegacy), isExecutable: false)
        }
        if let entry = entries.first(where: { $0.path == rest }) {
            return Selection(path: path, isDirectory: false, output: nil, pieces: [piece("", entry.md5)])
        }
        let inside = entries.filter { $0.path.hasPrefix(rest + "/") }
        guard !inside.isEmpty else { throw noPath(path) }
        let pieces = inside.map { piece(String($0.path.dropFirst(rest.count + 1)), $0.md5) }
        return Selection(path: path, isDirectory: true, output: nil, pieces: pieces)
    }

    /// A folder of git's, with the data in it; files of DVC's own stay out, as there.
    private func folder(_ path: String, _ contents: OriginContents) async throws -> Selection {
        let prefix = path.isEmpty ? "" : path + "/"
        var pieces: [Piece] = []
        for file in files where file.path.hasPrefix(prefix) {
            let name = ProjectPath.parts(file.path).last ?? ""
            guard !name.hasSuffix(".dvc"), name != "dvc.yaml", !file.path.hasPrefix(".dvc/") else { continue }
            // A link that leads to no file of the commit is nothing to take.
            guard let target = try? await target(file) else { continue }
            pieces.append(
                Piece(
                    path: String(file.path.dropFirst(prefix.count)),
                    source: .blob(target.object),
                    isExecutable: file.isExecutable
                )
            )
        }
        for output in outputs where output.path.hasPrefix(prefix) {
            pieces += try await self.pieces(of: output, String(output.path.dropFirst(prefix.count)), contents)
        }
        guard !pieces.isEmpty else { throw noPath(path) }
        return Selection(path: path, isDirectory: true, output: nil, pieces: pieces)
    }

    /// The file itself, or the one that it links to.
    private func target(_ file: GitObjects.File) async throws -> GitObjects.File {
        var file = file
        for _ in 0..<8 where file.isLink {
            let bytes = try await objects.contents(of: [file.object])[file.object] ?? []
            let folder = ProjectPath.parts(file.path).dropLast()
            let path = ProjectPath.joined(folder + [String(decoding: bytes, as: UTF8.self)])
            guard let next = files.first(where: { $0.path == path }) else { throw noPath(file.path) }
            file = next
        }
        return file
    }

    private func noPath(_ path: String) -> DataVersionsError {
        DataVersionsError(
            .invalidPath,
            what: "cannot find `\(path)` in `\(address)`",
            why: "the commit \(commit.prefix(10)) has no such file, folder or data",
            next: "see what it has by `gyre list \(address)\(revision.map { " --rev \($0)" } ?? "") -R`"
        )
    }
}
