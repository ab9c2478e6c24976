// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// The data of the work tree: its hashes, and the way of its content into the cache.
///
/// Files that did not change since they were last looked at are not read. A million files take about 300 MB.
struct WorkTree: Sendable {
    let root: FilePath
    let cache: ContentCache
    private(set) var index: StatIndex
    let tree: DataTree
    /// Whether files are hashed as DVC 2 did.
    var isLegacy = false {
        didSet { index.isLegacy = isLegacy }
    }
    /// Told how many files are read.
    var onProgress: DataProgress?

    /// So many files are taken into the cache before they are synced and named: a crash loses no more.
    private static let group = 50_000

    init(root: FilePath, cache: ContentCache, onProgress: DataProgress? = nil) {
        self.root = root
        self.cache = cache
        self.onProgress = onProgress
        index = StatIndex(root: root)
        tree = DataTree(root: root)
    }

    /// What lies at each path, nil where nothing does.
    ///
    /// - Parameters:
    ///   - paths: Paths of data in the project.
    ///   - likely: Hashes that files may have; content that the cache has is then not copied before it is compared.
    ///   - stores: Whether the content is to be in the cache afterwards.
    /// - Returns: The images, in the order of the paths.
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what cannot be versioned, `.changed`.
    func images(
        of paths: [String],
        likely: [String: MD5Digest] = [:],
        storing stores: Bool = false
    ) async throws -> [DataImage?] {
        let start = StatIndex.Moment.now
        var images = try await kinds(of: paths)
        let files = images.indices.filter { images[$0]?.isDirectory == false }
        try await takeFiles(files, in: &images, likely, stores, start)
        for position in images.indices {
            guard let image = images[position], image.isDirectory else { continue }
            images[position] = try await folder(image.path, stores, start)
        }
        return images
    }

    // MARK: Single files

    private func kinds(of paths: [String]) async throws -> [DataImage?] {
        try await BlockingPool.shared.run(cancellable: { flag in
            try paths.map { path -> DataImage? in
                try flag.check()
                let status: FileStatus
                do {
                    status = try FileSystem.status(of: root.appending(path))
                } catch let error as FilesError where error.code == .notFound || error.code == .wrongKind {
                    return nil
                }
                guard status.isDirectory || status.isRegular else {
                    throw DataVersionsError(
                        .invalidPath,
                        what: "cannot version `\(path)`",
                        why: "it is neither a file nor a folder"
                    )
                }
                return DataImage(path: path, isDirectory: status.isDirectory, table: FileTable(), digest: .none)
            }
        })
    }

    /// Looks at the files among the images, all by one index.
    private func takeFiles(
        _ positions: [Int],
        in images: inout [DataImage?],
        _ likely: [String: MD5Digest],
        _ stores: Bool,
        _ start: StatIndex.Moment
    ) async throws {
        guard !positions.isEmpty else { return }
        var table = FileTable()
        for position in positions { if let image = images[position] { table.append(image.path) } }
        if !table.isSorted {
            let order = positions.sorted { left, right in
                (images[left]?.path ?? "").utf8.lexicographicallyPrecedes((images[right]?.path ?? "").utf8)
            }
            return try await takeFiles(order, sorted: &images, likely, stores, start)
        }
        try await takeFiles(positions, sorted: &images, likely, stores, start)
    }

    private func takeFiles(
        _ positions: [Int],
        sorted images: inout [DataImage?],
        _ likely: [String: MD5Digest],
        _ stores: Bool,
        _ start: StatIndex.Moment
    ) async throws {
        var table = FileTable()
        var guesses: [MD5Digest?] = []
        for position in positions {
            guard let image = images[position] else { continue }
            // The same path twice is looked at once.
            if table.count > 0, table.path(table.count - 1).utf8.elementsEqual(image.path.utf8) { continue }
            table.append(image.path)
            guesses.append(likely[image.path])
        }
        let folder = try OpenFolder(root)
        for row in 0..<table.count {
            guard let status = table.withCPath(row, { folder.status($0) }) else { throw gone(table.path(row)) }
            table.rows[row].set(status)
        }
        let known = index.loadFiles()
        let count = StatIndex.fill(&table, from: known.table)
        if stores || count < table.count {
            table.rows = try await take(table, in: folder, name: nil, guesses, stores)
        }
        if count < table.count {
            index.add(files: table, to: known, since: start)
        }
        for position in positions {
            guard let path = images[position]?.path, let row = table.index(of: path) else { continue }
            var one = FileTable()
            one.append(row, of: table)
            images[position]?.table = one
            images[position]?.digest = table.rows[row].digest
        }
    }

    private func gone(_ path: String) -> DataVersionsError {
        DataVersionsError(
            .changed,
            what: "cannot version `\(path)`",
            why: "it went away while it was read",
            next: "do it again when nothing writes there"
        )
    }

    // MARK: Folders

    private func folder(_ path: String, _ stores: Bool, _ start: StatIndex.Moment) async throws -> DataImage {
        let tree = tree
        let index = index
        var table = try await tree.files(in: path)
        var known = try await BlockingPool.shared.run { index.load(folder: path) }
        let count = StatIndex.fill(&table, from: known.table)
        let isKnown = count == table.count && count == known.table.count && known.listing != .none
        let listing = known.listing
        known = StatIndex.Known()
        let cache = cache
        if isKnown, stores {
            // Nothing changed; what is still to be seen is that the cache has all of it.
            let whole = table
            if try await cache.hasAll(whole, listing) {
                return DataImage(path: path, isDirectory: true, table: table, digest: listing)
            }
        }
        if stores || count < table.count {
            let folder = try OpenFolder(root.appending(path))
            table.rows = try await take(table, in: folder, name: path, [], stores)
        }
        var image = DataImage(path: path, isDirectory: true, table: table, digest: listing)
        table = FileTable()
        if !isKnown || stores {
            let whole = image.table
            image.digest = try await BlockingPool.shared.run(cancellable: { flag in
                let digest = ListingText.digest(whole)
                // Behind its files: a listing in the cache says that they are there.
                if stores { try cache.keepListing(whole, digest, flag) }
                if !isKnown { index.save(StatIndex.Known(table: whole, listing: digest), folder: path, since: start) }
                return digest
            })
        }
        return image
    }

    // MARK: Reading

    /// Hashes the files whose hash is not known, and takes all into the cache if it `stores`; their rows with hashes.
    private func take(
        _ table: FileTable,
        in folder: OpenFolder,
        name: String?,
        _ likely: [MD5Digest?],
        _ stores: Bool
    ) async throws -> [FileTable.Row] {
        let rows = SharedRows(table.rows)
        let open = table.rows.indices.filter { stores || table.rows[$0].digest == .none }
        let counter = Counter(total: open.count, onProgress)
        let filler = stores ? try CacheFiller(cache, keepsExecutable: name == nil) : nil
        let isLegacy = isLegacy
        var begin = 0
        while begin < open.count {
            let part = open[begin..<min(begin + Self.group, open.count)]
            try await Workers.run(part.count, make: { ReadBuffer() }) { number, buffer, flag in
                let position = part[part.startIndex + number]
                try table.withCPath(position) { path in
                    let name = name ?? table.path(position)
                    let guess = likely.isEmpty ? nil : likely[position]
                    if let filler {
                        try filler.take(path, of: folder, likely: guess, &rows[position], name: name, buffer, flag)
                    } else {
                        try FileHash.take(path, of: folder, &rows[position], buffer, flag, isLegacy: isLegacy)
                    }
                }
                counter.advance()
            }
            if let filler { try await BlockingPool.shared.run { try filler.finish() } }
            begin = part.endIndex
        }
        return rows.all
    }
}

/// Hashing a file where it lies.
enum FileHash {
    /// Hashes a file; `row` gets what the system says of it, and its hash.
    static func take(
        _ path: UnsafePointer<CChar>,
        of folder: OpenFolder,
        _ row: inout FileTable.Row,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag,
        isLegacy: Bool
    ) throws {
        let opened = try OpenFile(path, of: folder)
        row.set(opened.status)
        row.digest = try opened.digest(buffer, flag, isLegacy: isLegacy)
    }
}
