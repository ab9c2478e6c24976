// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

extension DataRepository {
    /// Brings the records of folders up to date for parts of them: files or folders that are new, changed, or gone.
    ///
    /// The other files of the folders are not looked at; what was recorded of them stays.
    ///
    /// - Returns: The pointers of the folders.
    /// - Throws: ``DataVersionsError`` `.invalidPath` for a part that is neither there nor recorded, `.missingContent` if the
    ///   cache lacks a folder's list.
    func add(parts: [String], _ options: AddOptions) async throws -> [DataPointer] {
        var folders: [String] = []
        for part in parts {
            guard let folder = folderOfData(above: part), !folders.contains(folder) else { continue }
            folders.append(folder)
        }
        var pointers: [DataPointer] = []
        for folder in folders {
            let own = parts.filter { folderOfData(above: $0) == folder }
            pointers.append(try await add(parts: own, to: folder, options))
        }
        return pointers
    }

    private func add(parts: [String], to folder: String, _ options: AddOptions) async throws -> DataPointer {
        let file = folder + ".dvc"
        let before = try text(of: file)
        guard let output = try PointerFile.outputs(before, file: file).first(where: { $0.path == folder }),
            let old = output.pointer, old.isDirectory, output.isCached
        else {
            throw refusal(parts.first ?? folder, "`\(folder)` is a file to `\(file)`", next: "run `gyre add \(folder)`")
        }
        guard !old.isLegacy else {
            throw refusal(
                parts.first ?? folder,
                "DVC 2 made `\(file)`, whose list has other hashes",
                next: "run `gyre add \(folder)`"
            )
        }
        let cache = cache
        let there = parts.filter { FileSystem.exists(root.appending($0)) }
        let images = try await take(there, [:], options)
        let (listed, size) = try await BlockingPool.shared.run {
            (
                try cache.listing(old.md5, name: folder),
                try PointerFile.hasSize(before, path: folder, file: file) ? old.size : nil
            )
        }
        var update = FolderUpdate(listed, size: size)
        for part in parts {
            let inner = String(part.dropFirst(folder.utf8.count + 1))
            let image = zip(there, images).first { $0.0 == part }?.1
            guard update.replace(inner, by: image) || image != nil else { throw missing(part) }
        }
        let (table, total) = update.result
        let digest = try await BlockingPool.shared.run(cancellable: { flag in
            let digest = ListingText.digest(table)
            // Behind its files: a listing in the cache says that they are there.
            if options.commits { try cache.keepListing(table, digest, flag) }
            return digest
        })
        let isSame = digest.hex + ".dir" == old.md5
        let pointer = DataPointer(
            path: folder,
            md5: digest.hex + ".dir",
            size: (isSame ? size : total) ?? 0,
            fileCount: table.count
        )
        let text = try PointerFile.text(
            of: pointer,
            in: before,
            file: file,
            hasSize: (isSame ? size : total) != nil
        )
        try await ignore([folder])
        let place = root.appending(file)
        if text != before { try await BlockingPool.shared.run { try AtomicFile.write(text, to: place) } }
        PlacedData(root: root).note([folder])
        return pointer
    }
}

/// The list of a folder, in which parts are replaced.
private struct FolderUpdate {
    private var table: FileTable
    /// The size of all files; nil once it is no longer known without looking at all, which DVC does not do either.
    private var size: Int64?

    init(_ table: FileTable, size: Int64?) {
        self.table = table
        self.size = size
    }

    /// Puts what lies at a path now in place of what was recorded; whether anything was recorded.
    mutating func replace(_ path: String, by image: DataImage?) -> Bool {
        var result = FileTable()
        for row in 0..<table.count {
            let name = table.path(row)
            if name != path, !name.hasPrefix(path + "/") { result.append(row, of: table) }
        }
        let isNew = result.count == table.count
        if let image {
            for row in 0..<image.table.count {
                let name = image.isDirectory ? "\(path)/\(image.table.path(row))" : path
                result.append(name, digest: image.table.rows[row].digest)
            }
        }
        // An empty size tells DVC nothing.
        size = isNew ? size.flatMap { $0 == 0 ? nil : $0 + (image?.size ?? 0) } : nil
        table = result.sorted()
        return !isNew
    }

    var result: (table: FileTable, size: Int64?) { (table, size) }
}
