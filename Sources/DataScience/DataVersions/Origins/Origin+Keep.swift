// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

extension Origin {
    /// As many files as are taken at once; most of the time of a small one is waiting.
    static let width = 16

    /// Puts what was selected into a repository's cache.
    ///
    /// - Parameters:
    ///   - selection: What to take.
    ///   - contents: Where its bytes are.
    ///   - cache: Where they go.
    ///   - path: The path of the pointer.
    ///   - note: Called once for each file that is there.
    /// - Returns: The pointer; as in DVC no import is a file to run.
    /// - Throws: ``DataVersionsError`` `.missingContent`, `.corruptContent`.
    func keep(
        _ selection: Selection,
        _ contents: OriginContents,
        in cache: ContentCache,
        at path: String,
        note: @escaping @Sendable () -> Void
    ) async throws -> DataPointer {
        let files = try await each(of: selection, contents, note) { piece, file, flag in
            var known: String?
            if case .object(let md5, false) = piece.source { known = md5 }
            let digest =
                try known.map { ($0, try FileSystem.status(of: file).size) } ?? ContentCache.digest(of: file, flag)
            // One that is at hand already is not copied onto itself.
            if file != cache.object(digest.0) {
                try cache.keep(file, as: digest.0, size: digest.1, name: selection.path, flag)
            }
            return ForeignData.File(path: piece.path, md5: digest.0, size: digest.1)
        }
        return try await ForeignData(isDirectory: selection.isDirectory, files: files).pointer(path, in: cache)
    }

    /// Copies what was selected to a place outside of any cache; it appears whole.
    ///
    /// - Parameters:
    ///   - selection: What to take.
    ///   - contents: Where its bytes are.
    ///   - target: Where it goes.
    ///   - force: Whether what is there makes way.
    ///   - note: Called once for each file that is there.
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite`, `.missingContent`, `.corruptContent`.
    package func copy(
        _ selection: Selection,
        _ contents: OriginContents,
        to target: FilePath,
        force: Bool,
        note: @escaping @Sendable () -> Void
    ) async throws {
        try Self.checkFree(target, force)
        let parent = target.removingLastComponent()
        try FileSystem.createDirectory(parent)
        let building = parent.appending(
            ".\(target.lastComponent?.string ?? "data").\(UInt64.random(in: .min ... .max))"
        )
        defer {
            // What was renamed is gone from here.
            try? FileSystem.removeTree(building)
        }
        if selection.isDirectory { try FileSystem.createDirectory(building) }
        let folders = Set(selection.pieces.map { building.pushing(FilePath($0.path)).removingLastComponent() })
        if selection.isDirectory { for folder in folders { try FileSystem.createDirectory(folder) } }
        _ = try await each(of: selection, contents, note) { piece, file, flag in
            let place = piece.path.isEmpty ? building : building.pushing(FilePath(piece.path))
            try Self.copy(file, to: place, piece, selection.path, flag)
        }
        try await BlockingPool.shared.run {
            if force { try FileSystem.removeTree(target) }
            try FileSystem.rename(building, to: target)
            try FileSystem.syncDirectory(parent)
        }
    }

    static func checkFree(_ target: FilePath, _ force: Bool) throws {
        guard !force, FileSystem.exists(target) else { return }
        throw DataVersionsError(
            .wouldOverwrite,
            what: "cannot write `\(target)`",
            why: "it is there already",
            next: "name another place by `-o`, or pass `--force`"
        )
    }

    private static func copy(
        _ file: FilePath,
        to place: FilePath,
        _ piece: Piece,
        _ name: String,
        _ flag: CancellationFlag
    ) throws {
        var permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        if piece.isExecutable { permissions.formUnion([.ownerExecute, .groupExecute, .otherExecute]) }
        var writer = try AtomicFileWriter(replacing: place, permissions: permissions)
        var hasher = StreamingHasher(.md5)
        try FileReader.chunks(of: file) { chunk in
            try flag.check()
            hasher.update(chunk)
            try writer.append(chunk)
        }
        // Hashes of DVC 2 are not those of the bytes.
        if case .object(let md5, false) = piece.source, hasher.finish().hex != md5.prefix(32) {
            throw DataVersionsError(
                .corruptContent,
                what: "cannot fetch `\(name)`",
                why: "the content \(md5) is damaged: its bytes have another hash",
                next: "have it pushed again"
            )
        }
        try writer.commit()
    }

    /// Calls a body with each file, some at a time; the results are in the order of the files.
    private func each<T: Sendable>(
        of selection: Selection,
        _ contents: OriginContents,
        _ note: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable (Piece, FilePath, CancellationFlag) throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            var results: [T?] = Array(repeating: nil, count: selection.pieces.count)
            var next = 0
            func start() {
                guard next < selection.pieces.count else { return }
                let (index, piece) = (next, selection.pieces[next])
                next += 1
                group.addTask {
                    let name = piece.path.isEmpty ? selection.path : "\(selection.path)/\(piece.path)"
                    return (index, try await contents.withFile(piece.source, name: name) { try body(piece, $0, $1) })
                }
            }
            for _ in 0..<Self.width { start() }
            while let (index, result) = try await group.next() {
                results[index] = result
                note()
                start()
            }
            return results.compactMap(\.self)
        }
    }
}
