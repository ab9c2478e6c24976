// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import SystemPackage

/// The contents of imports, wherever they are.
extension DataImporter {
    // MARK: Contents alone

    /// Brings the content of an import, as its file describes it, into the cache; the file and the work tree stay.
    ///
    /// - Parameters:
    ///   - source: Where it comes from, and which version of it is meant.
    ///   - path: The path of the data, relative to the project.
    /// - Returns: The content.
    /// - Throws: ``DataVersionsError`` `.changed` if the place has another content by now, and whatever reading it throws.
    package func fetch(_ source: ImportFile, at path: String) async throws -> DataPointer {
        let pointer: DataPointer
        var isSame = true
        if case .repository(let url, let inside, let revision, let lock) = source.dependency {
            let base = Self.base(
                of: url,
                among: [folder, data.root, data.root.appending(path).removingLastComponent()]
            )
            let origin = try await Origin.open(
                url,
                revision: lock ?? revision,
                from: base,
                clones: clones,
                stages: stages
            )
            guard let taken = try await take(inside, origin, path, .whole) else { throw data.missing(path) }
            pointer = taken
        } else {
            let (now, taken) = try await take(source.dependency, path, .whole, nil)
            guard let taken else { throw data.missing(path) }
            pointer = taken
            isSame = !source.isLocked || now == source.dependency
        }
        if let output = source.output { isSame = isSame && output.md5 == pointer.md5 }
        guard isSame else {
            throw DataVersionsError(
                .changed,
                what: "cannot fetch `\(path)`",
                why: "where it was imported from there is another content now",
                next: "run `gyre update \(path).dvc` to take that one"
            )
        }
        return pointer
    }

    /// The first folder from which a relative address leads to a folder.
    private static func base(of address: String, among folders: [FilePath]) -> FilePath {
        folders.first { FileSystem.isDirectory($0.pushing(FilePath(address)).lexicallyNormalized()) } ?? folders[0]
    }

    // MARK: URLs and stores

    /// Looks at what a URL names, and takes its content if it is another than `old` has.
    func take(
        _ address: String,
        _ target: String,
        _ extent: Extent,
        _ old: ImportFile?
    ) async throws -> (ImportFile.Dependency, DataPointer?) {
        switch try ForeignPlace(address, data.config) {
        case .local(let path): return try await take(address, at: folder.pushing(FilePath(path)), target, extent)
        case .web(let url):
            let source = HTTPOrigin(url: url, client: client)
            let facts = try await source.facts()
            let new = ImportFile.Dependency.url(address, checksum: facts.checksum, size: facts.size)
            if extent == .noDownload { return (new, nil) }
            if new == old?.dependency, let output = old?.output { return (new, output) }
            let lock = try data.lock()
            defer { lock.release() }
            return (new, try await download(source, target))
        case .store(let place):
            guard let others else {
                throw data.refusal(target, "nobody here reads `\(address)`")
            }
            let found = try await others.content(address, at: place)
            let new = Self.dependency(found, address)
            if extent == .noDownload { return (new, nil) }
            if new == old?.dependency, let output = old?.output { return (new, output) }
            let lock = try data.lock()
            defer { lock.release() }
            return (new, try await download(found, others, target))
        }
    }

    /// What DVC writes of something in a store: the tag of an object; of a folder the hash of its tags.
    private static func dependency(_ found: OtherStores.Found, _ address: String) -> ImportFile.Dependency {
        if !found.isDirectory, let entry = found.entries.first {
            return .object(address, tag: entry.tag, size: entry.size)
        }
        // As Python sorts: by code points, name by name.
        let rows = found.entries.sorted {
            ProjectPath.parts($0.path).lexicographicallyPrecedes(ProjectPath.parts($1.path))
        }
        let items = rows.map { entry in
            #"{"etag": \#(PythonJSON.quoted(entry.tag ?? "")), "relpath": \#(PythonJSON.quoted(entry.path))}"#
        }
        let digest = FileHashing.digest(of: Array("[\(items.joined(separator: ", "))]".utf8), .md5).hex
        let size = found.entries.reduce(0) { $0 + $1.size }
        return .path(
            address,
            DataPointer(path: address, md5: digest + ".dir", size: size, fileCount: found.entries.count)
        )
    }

    private func download(
        _ found: OtherStores.Found,
        _ others: OtherStores,
        _ target: String
    ) async throws -> DataPointer {
        let scratch = try FileSystem.temporaryDirectory(prefix: "gyre-import")
        defer {
            // It lies in the system's folder for such things.
            try? FileSystem.removeTree(scratch)
        }
        let (cache, counter) = (data.cache, Counter(total: found.entries.count, note))
        let files = try await withThrowingTaskGroup(of: ForeignData.File.self) { group in
            var files: [ForeignData.File] = []
            for (index, entry) in found.entries.enumerated() {
                if index >= Origin.width, let file = try await group.next() { files.append(file) }
                group.addTask {
                    let file = scratch.appending("\(index)")
                    try await others.download(entry, of: found, to: file)
                    let kept = try await BlockingPool.shared.run(cancellable: { flag in
                        let digest = try ContentCache.digest(of: file, flag)
                        try cache.keep(file, as: digest.md5, size: digest.size, name: target, flag)
                        try FileSystem.remove(file)
                        return ForeignData.File(path: entry.path, md5: digest.md5, size: digest.size)
                    })
                    counter.advance()
                    return kept
                }
            }
            for try await file in group { files.append(file) }
            return files
        }
        return try await ForeignData(isDirectory: found.isDirectory, files: files).pointer(target, in: cache)
    }

    /// Takes a file or folder of this machine.
    func take(
        _ path: String,
        at place: FilePath,
        _ target: String,
        _ extent: Extent
    ) async throws -> (ImportFile.Dependency, DataPointer?) {
        let keeps = extent == .whole
        let lock = keeps ? try data.lock() : nil
        defer { lock?.release() }
        guard let found = try await ForeignData.take(place, into: keeps ? data.cache : nil) else {
            throw DataVersionsError(
                .missingContent,
                what: "cannot import `\(path)`",
                why: "there is no such file or folder",
                next: "look at the path"
            )
        }
        let pointer = try await found.pointer(path, in: keeps ? data.cache : nil)
        // What came from elsewhere is no file to run, as in DVC.
        let own = DataPointer(path: target, md5: pointer.md5, size: pointer.size, fileCount: pointer.fileCount)
        return (.path(path, pointer), keeps ? own : nil)
    }
}
