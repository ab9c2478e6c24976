// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// What a cache holds as pieces.
package struct ChunkReport: Sendable {
    /// How many contents were packed or unpacked.
    package var count = 0
    /// Contents that are damaged, and stay as they are.
    package var damaged: [String] = []
    /// How many contents are packed.
    package var packedCount = 0
    /// How many bytes these have.
    package var packedSize: Int64 = 0
    /// How many bytes they take.
    package var storedSize: Int64 = 0
}

extension DataRepository {
    /// Packs the contents of earlier versions into pieces that they share.
    ///
    /// What the work tree's pointers name stays plain: `dvc`, pushes and checkouts find it as before. A checkout of an earlier
    /// version unpacks what it needs by itself.
    ///
    /// - Parameters:
    ///   - minimum: Smaller contents stay plain.
    ///   - onProgress: Told how far it is.
    /// - Returns: What was packed, and what the store holds now.
    /// - Throws: ``DataVersionsError`` `.locked`, ``FilesError``.
    package func pack(minimum: Int64 = 1 << 20, onProgress: DataProgress? = nil) async throws -> ChunkReport {
        let lock = try lock()
        defer { lock.release() }
        let current = try await currentContents()
        let cache = cache
        return try await BlockingPool.shared.run(cancellable: { flag in
            var wanted: [String] = []
            for folder in FileSystem.isDirectory(cache.folder) ? try FileSystem.list(cache.folder) : [] {
                for name in try FileSystem.list(cache.folder.appending(folder)) {
                    let md5 = folder + name
                    // Listings are small, and needed to know what a folder has.
                    guard DataPointer.isDigest(md5), !md5.hasSuffix(".dir"), !current.contains(md5),
                        try FileSystem.status(of: cache.object(md5)).size >= minimum
                    else { continue }
                    wanted.append(md5)
                }
            }
            let store = ChunkStore(cache: cache)
            let counter = Counter(total: wanted.count, onProgress)
            let (_, damaged) = try store.pack(wanted.sorted(), note: { counter.advance() }, flag)
            var report = try Self.report(store)
            report.count = wanted.count - damaged.count
            report.damaged = damaged
            return report
        })
    }

    /// Makes plain objects of all that is packed, as DVC reads them, and removes the pieces.
    ///
    /// - Returns: What was unpacked, and what the store holds now: nothing.
    /// - Throws: ``DataVersionsError`` `.locked`, `.corruptContent`.
    package func exportChunks(onProgress: DataProgress? = nil) async throws -> ChunkReport {
        let lock = try lock()
        defer { lock.release() }
        let cache = cache
        return try await BlockingPool.shared.run(cancellable: { flag in
            let store = ChunkStore(cache: cache)
            let contents = try store.contents()
            let counter = Counter(total: contents.count, onProgress)
            try store.unpack(contents, note: { counter.advance() }, flag)
            _ = try store.remove(contents)
            var report = try Self.report(store)
            report.count = contents.count
            return report
        })
    }

    /// What the store of pieces holds.
    package func chunkReport() async throws -> ChunkReport {
        let cache = cache
        return try await BlockingPool.shared.run { try Self.report(ChunkStore(cache: cache)) }
    }

    /// Makes plain objects of what pointers need and is packed.
    func unpack(_ pointers: [DataPointer]) async throws {
        let store = ChunkStore(cache: cache)
        guard store.isThere else { return }
        let cache = cache
        try await BlockingPool.shared.run(cancellable: { flag in
            for pointer in pointers where !pointer.isLegacy {
                guard pointer.isDirectory else {
                    try store.unpack([pointer.md5], note: {}, flag)
                    continue
                }
                guard cache.holds(pointer.md5) else { continue }
                let table = try cache.listing(pointer.md5, name: pointer.path)
                try store.unpack(table.rows.map(\.digest.hex), note: {}, flag)
            }
        })
    }

    private static func report(_ store: ChunkStore) throws -> ChunkReport {
        var report = ChunkReport()
        let contents = try store.contents()
        report.packedCount = contents.count
        report.packedSize = try contents.reduce(0) { try $0 + store.size($1) }
        report.storedSize = try store.storedSize()
        return report
    }

    /// The contents that the work tree names: by `.dvc` files, and by `dvc.lock` files in whatever form they are.
    private func currentContents() async throws -> Set<String> {
        let pointers = try await pointers()
        let (tree, cache, root) = (DataTree(root: root), cache, root)
        return try await BlockingPool.shared.run(cancellable: { flag in
            var contents = Set(pointers.map(\.md5))
            for file in try tree.projectFiles(flag, where: { $0 == "dvc.lock" }) {
                let text = try FileReader.text(of: root.appending(file), limit: 64 << 20)
                for line in text.split(separator: "\n") {
                    let word = line.split(separator: " ").last.map(String.init) ?? ""
                    if DataPointer.isDigest(word) { contents.insert(word) }
                }
            }
            for md5 in contents where md5.hasSuffix(".dir") && cache.holds(md5) {
                contents.formUnion(try cache.listing(md5, name: md5).rows.map(\.digest.hex))
            }
            return contents
        })
    }
}
