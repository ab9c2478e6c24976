// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

extension DataRepository {
    /// Records what the work tree holds now for outputs of `.dvc` files: content into the cache, hashes into the files.
    ///
    /// - Parameters:
    ///   - outputs: The outputs; those of stages are not taken.
    ///   - options: As for ``add(_:_:)``.
    /// - Returns: The paths whose record changed.
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what is not there, `.changed`, `.locked`.
    package func commit(_ outputs: [TrackedOutput], _ options: AddOptions = AddOptions()) async throws -> [String] {
        let wanted = outputs.filter { $0.stage == nil && $0.isCached }
        let lock = try await waitForLock(writing: wanted.map(\.path))
        defer { lock.release() }
        var texts: [String: String] = [:]
        for file in Set(wanted.map(\.file)) { texts[file] = try text(of: file) }
        // What DVC 2 made and nobody changed stays as it is.
        let current = try await status(of: wanted.filter { $0.hashKind == .md5Dos2unix })
        let kept = Set(current.filter { $0.change == nil }.map(\.output.path))
        let open = wanted.filter { !kept.contains($0.path) }
        let images = try await take(open.map(\.path), [:], options)
        var changed: [String] = []
        for (output, image) in zip(open, images) where image.pointer != output.pointer {
            guard let before = texts[output.file] else { continue }
            texts[output.file] = try PointerFile.text(of: image.pointer, in: before, file: output.file)
            changed.append(output.path)
        }
        let written = Set(open.filter { changed.contains($0.path) }.map(\.file)).sorted()
        let root = root
        let result = texts
        try await BlockingPool.shared.run {
            for file in written { if let text = result[file] { try AtomicFile.write(text, to: root.appending(file)) } }
        }
        return changed
    }

    /// What to say of data that is not there to be recorded.
    package func nothingToCommit(_ path: String) -> DataVersionsError {
        DataVersionsError(
            .invalidPath,
            what: "cannot commit `\(path)`",
            why: "it is not there",
            next: "restore it by `gyre checkout \(path)`, or stop versioning it by `gyre remove \(path).dvc`"
        )
    }

    /// Makes files that are links to the cache files of their own, which can be changed.
    ///
    /// - Returns: How many were links.
    /// - Throws: ``FilesError``.
    package func unprotect(_ outputs: [TrackedOutput]) async throws -> Int {
        let lock = try await waitForLock(writing: outputs.map(\.path))
        defer { lock.release() }
        let (root, tree) = (root, DataTree(root: root))
        return try await BlockingPool.shared.run(cancellable: { flag in
            var count = 0
            for output in outputs {
                let path = root.appending(output.path)
                guard FileSystem.exists(path) else { throw missing(output.path) }
                guard FileSystem.isDirectory(path) else {
                    count += try Self.unprotect(path) ? 1 : 0
                    continue
                }
                let table = try tree.files(in: output.path, flag)
                for position in 0..<table.count {
                    try flag.check()
                    count += try Self.unprotect(path.pushing(FilePath(table.path(position)))) ? 1 : 0
                }
            }
            return count
        })
    }

    private static func unprotect(_ path: FilePath) throws -> Bool {
        let status = try FileSystem.status(of: path, followingLinks: false)
        let isProtected = status.permissions.isDisjoint(with: [.ownerWrite])
        guard status.isSymlink || status.linkCount > 1 || isProtected else { return false }
        let isExecutable = try FileSystem.status(of: path).isExecutable
        let permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        _ = try FileCopy.place(
            try FileSystem.realPath(path),
            at: path,
            trying: [.reflink, .copy],
            permissions: isExecutable ? permissions.union([.ownerExecute, .groupExecute, .otherExecute]) : permissions
        )
        return true
    }

    /// Stops versioning outputs of `.dvc` files: their files and their lines in `.gitignore` go, and the data only if asked.
    ///
    /// - Parameters:
    ///   - files: `.dvc` files, relative to the project.
    ///   - withData: Whether the data goes too.
    /// - Returns: The paths that are no longer versioned.
    /// - Throws: ``DataVersionsError`` `.unknownTarget`, `.locked`.
    package func remove(_ files: [String], withData: Bool) async throws -> [String] {
        var outputs: [TrackedOutput] = []
        for file in files {
            guard FileSystem.exists(root.appending(file)) else {
                throw DataVersionsError(
                    .unknownTarget,
                    what: "cannot remove `\(file)`",
                    why: "there is no such `.dvc` file",
                    next: FileSystem.exists(root.appending(file + ".dvc")) ? "did you mean `\(file).dvc`?" : nil
                )
            }
            outputs += try PointerFile.outputs(try text(of: file), file: file)
        }
        let lock = try await waitForLock(writing: outputs.map(\.path))
        defer { lock.release() }
        let (root, gone) = (root, outputs)
        let index = StatIndex(root: root)
        try await BlockingPool.shared.run {
            // The pointer first: data without one is nobody's loss, one without data is.
            for file in files { try FileSystem.remove(root.appending(file)) }
            for output in gone {
                if output.isCached { try GitIgnore.remove(root.appending(output.path)) }
                index.forget(folder: output.path)
                if withData { try FileSystem.removeTree(root.appending(output.path)) }
            }
        }
        return outputs.map(\.path)
    }

    /// Gives data another path, with its `.dvc` file and its line in `.gitignore`.
    ///
    /// - Parameters:
    ///   - source: The data, relative to the project.
    ///   - target: The new path; of a folder that is there, one in it.
    /// - Returns: The new path.
    /// - Throws: ``DataVersionsError`` `.unknownTarget`, `.invalidPath`, `.wouldOverwrite`.
    package func move(_ source: String, to target: String) async throws -> String {
        let file = source + ".dvc"
        func refusal(_ code: DataVersionsError.Code, _ why: String, _ next: String? = nil) -> DataVersionsError {
            DataVersionsError(code, what: "cannot move `\(source)` to `\(target)`", why: why, next: next)
        }
        guard FileSystem.exists(root.appending(file)) else {
            throw refusal(
                .unknownTarget,
                "there is no `\(file)`",
                "only data that has a `.dvc` file of its own can be moved"
            )
        }
        let name = ProjectPath.parts(source).last ?? source
        let place = FileSystem.isDirectory(root.appending(target)) ? "\(target)/\(name)" : target
        try checkPlace(place)
        guard !ProjectPath.overlap(place, source) else { throw refusal(.invalidPath, "one lies in the other") }
        for path in [place, place + ".dvc"] where FileSystem.exists(root.appending(path)) {
            throw refusal(.wouldOverwrite, "`\(path)` is there already", "remove it first")
        }
        let before = try text(of: file)
        let outputs = try PointerFile.outputs(before, file: file)
        guard outputs.count == 1, let output = outputs.first, output.path == source else {
            throw refusal(.invalidFile, "`\(file)` is not about that path alone")
        }
        guard FileSystem.exists(root.appending(source)) else {
            throw refusal(.invalidPath, "`\(source)` is not there", "restore it by `gyre checkout \(source)`")
        }
        let text = try PointerFile.text(before, named: ProjectPath.parts(place).last ?? place, file: file)
        let lock = try await waitForLock(writing: [source, place])
        defer { lock.release() }
        let root = root
        try await BlockingPool.shared.run {
            try FileSystem.createDirectory(root.appending(place).removingLastComponent())
        }
        try await ignore([place])
        try await BlockingPool.shared.run {
            try FileSystem.rename(root.appending(source), to: root.appending(place))
            try AtomicFile.write(text, to: root.appending(place + ".dvc"))
            try FileSystem.remove(root.appending(file))
            try GitIgnore.remove(root.appending(source))
        }
        return place
    }
}
