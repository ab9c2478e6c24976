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
        for path in paths {
            let relative = try self.relative(path)
            try checkNew(relative)
            if !wanted.contains(where: { $0.utf8.elementsEqual(relative.utf8) }) { wanted.append(relative) }
        }
        try await checkUntracked(wanted)
        let lock = try await waitForLock(writing: wanted)
        defer { lock.release() }
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
        for count in 1..<max(parts.count, 1) {
            let folder = parts.prefix(count).joined(separator: "/")
            guard FileSystem.exists(root.appending(folder + ".dvc")) else { continue }
            throw refusal(relative, "it is a part of `\(folder)`", next: "run `gyre add \(folder)`")
        }
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
