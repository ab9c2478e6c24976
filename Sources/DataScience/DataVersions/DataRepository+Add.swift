// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// How data is versioned.
package struct AddOptions: Sendable {
    /// Whether content goes into the cache; otherwise only the pointer is written.
    package var commits = true
    /// Whether files become links to the cache where the settings say so.
    package var relinks = true
    /// Told how many files are read.
    package var onProgress: DataProgress?

    /// Options as `dvc add` has them.
    package init() {}
}

extension DataRepository {
    /// Makes a data version of each path: content into the cache, a line in `.gitignore`, a `.dvc` file beside the data.
    ///
    /// Nothing is written before all paths are looked at. Doing it again is safe, also after a crash in the middle.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what is not there, outside of the project, tracked by git or
    ///   already a part of other data; `.locked` while another process changes the data; `.changed`.
    package func add(_ paths: [FilePath], _ options: AddOptions = AddOptions()) async throws -> [DataPointer] {
        var wanted: [String] = []
        var parts: [String] = []
        for path in paths {
            let relative = try self.relative(path)
            guard folderOfData(above: relative) == nil else {
                try checkPart(relative)
                parts.append(relative)
                continue
            }
            try checkNew(relative)
            if !wanted.contains(where: { $0.utf8.elementsEqual(relative.utf8) }) { wanted.append(relative) }
        }
        try await checkUntracked(wanted + parts)
        let lock = try await waitForLock(writing: wanted + parts)
        defer { lock.release() }
        let whole = try await add(whole: wanted, options)
        return whole + (try await add(parts: parts.filter { part in !wanted.contains { $0 == part } }, options))
    }

    private func add(whole wanted: [String], _ options: AddOptions) async throws -> [DataPointer] {
        guard !wanted.isEmpty else { return [] }
        var old: [String: String] = [:]
        for relative in wanted where FileSystem.exists(root.appending(relative + ".dvc")) {
            old[relative] = try text(of: relative + ".dvc")
        }
        let images = try await take(wanted, old, options)
        var texts: [(path: FilePath, text: String)] = []
        for image in images {
            let file = image.path + ".dvc"
            let before = old[image.path]
            let text =
                try before.map { try PointerFile.text(of: image.pointer, replacing: $0, file: file) }
                ?? PointerFile.text(of: image.pointer)
            if text != before { texts.append((root.appending(file), text)) }
        }
        // Git must not see data that it does not ignore yet beside a pointer.
        try await ignore(wanted)
        let written = texts
        try await BlockingPool.shared.run { for (path, text) in written { try AtomicFile.write(text, to: path) } }
        PlacedData(root: root).note(images.map(\.path))
        return images.map(\.pointer)
    }

    /// Looks at data, takes it into the cache if wanted, and makes it links if the settings say so.
    func take(_ paths: [String], _ texts: [String: String], _ options: AddOptions) async throws -> [DataImage] {
        var likely: [String: MD5Digest] = [:]
        for (path, text) in texts {
            // What cannot be read is told when it is written anew.
            guard let pointer = (try? PointerFile.pointers(text, file: path + ".dvc"))?.first else { continue }
            likely[path] = MD5Digest(hex: pointer.md5)
        }
        let tree = WorkTree(root: root, cache: cache, onProgress: options.onProgress)
        let images = try await tree.images(of: paths, likely: likely, storing: options.commits)
        var result: [DataImage] = []
        for (path, image) in zip(paths, images) {
            guard let image else { throw missing(path) }
            if options.commits, options.relinks { try await relink(image) }
            result.append(image)
        }
        return result
    }

    /// Takes the content at a path as ``AddOptions`` say, and returns its pointer; who calls holds the lock.
    ///
    /// - Parameters:
    ///   - relative: The path as pointers write it.
    ///   - options: How it is taken.
    /// - Returns: The pointer.
    /// - Throws: ``DataVersionsError`` `.invalidPath`, `.changed`.
    package func take(_ relative: String, _ options: AddOptions) async throws -> DataPointer {
        guard let image = try await take([relative], [:], options).first else { throw missing(relative) }
        return image.pointer
    }

    /// Makes files links to the cache where the settings say so, and they are none.
    private func relink(_ image: DataImage) async throws {
        guard let first = cache.links.first, first == .hardlink || first == .symlink else { return }
        let folder = try OpenFolder(image.isDirectory ? root.appending(image.path) : root)
        let objects = try OpenFolder(cache.folder)
        let open = image.table.rows.indices.filter { position in
            let row = image.table.rows[position]
            // An empty file is never a hard link.
            guard row.size > 0 || first == .symlink else { return false }
            guard let object = row.digest.withObjectPath({ objects.status($0) }) else { return false }
            guard first == .symlink else { return UInt64(object.st_ino) != row.inode }
            let status = image.table.withCPath(position) { folder.status($0, followingLinks: false) }
            return (status?.st_mode ?? 0) & S_IFMT != S_IFLNK
        }
        guard !open.isEmpty else { return }
        var now = image.table
        let rows = SharedRows(now.rows)
        let placer = try FilePlacer(cache, isLegacy: false, target: folder, root: root)
        let (table, name) = (image.table, image.path)
        try await Workers.run(open.count, make: { ReadBuffer() }) { number, buffer, flag in
            let position = open[number]
            try table.withCPath(position) { path in
                let isExecutable = !image.isDirectory && table.rows[position].isExecutable
                try placer.place(path, isExecutable: isExecutable, &rows[position], name: name, buffer, flag)
            }
        }
        guard image.isDirectory else { return }
        now.rows = rows.all
        StatIndex(root: root).save(StatIndex.Known(table: now, listing: image.digest), folder: image.path, since: .now)
    }

    /// The folder of data with a `.dvc` file of its own that a path is a part of.
    func folderOfData(above relative: String) -> String? {
        let parts = ProjectPath.parts(relative)
        return (1..<max(parts.count, 1)).lazy.map { parts.prefix($0).joined(separator: "/") }
            .first { FileSystem.exists(root.appending($0 + ".dvc")) }
    }

    /// What may be added to a folder of data, or taken out of it.
    private func checkPart(_ relative: String) throws {
        let isDirectory = FileSystem.isDirectory(root.appending(relative))
        if try DataTree(root: root).ignores(relative, isDirectory: isDirectory) {
            throw refusal(relative, "`.dvcignore` leaves it out", next: "remove that pattern")
        }
    }

    /// What may become data of its own.
    private func checkNew(_ relative: String) throws {
        let path = root.appending(relative)
        let parts = ProjectPath.parts(relative)
        guard FileSystem.exists(path) else { throw missing(relative) }
        let isDirectory = FileSystem.isDirectory(path)
        if isDirectory, try FileSystem.status(of: path, followingLinks: false).isSymlink {
            throw refusal(relative, "it is a link to another folder", next: "version the folder where it lies")
        }
        guard let name = parts.last, !name.hasSuffix(".dvc"),
            !["dvc.yaml", "dvc.lock", ".dvcignore", "gyre.yaml"].contains(name)
        else {
            throw refusal(relative, "git holds such files, not the cache")
        }
        guard !relative.unicodeScalars.contains("\n") else { throw refusal(relative, "git cannot ignore such a name") }
        if try DataTree(root: root).ignores(relative, isDirectory: isDirectory) {
            throw refusal(relative, "`.dvcignore` leaves it out", next: "remove that pattern")
        }
    }

    private func checkUntracked(_ relatives: [String]) async throws {
        guard try config.bool("core", "no_scm") != true else { return }
        guard let tracked = try await Git(root: root).trackedFiles(below: relatives).first else { return }
        let relative = relatives.first { ProjectPath.overlap($0, tracked) } ?? tracked
        throw refusal(
            relative,
            "git tracks `\(tracked)`, and only one of both can",
            next: "run `git rm -r --cached \(relative)` first"
        )
    }
}
