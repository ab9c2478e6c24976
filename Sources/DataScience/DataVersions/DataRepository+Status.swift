// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// How the data of the work tree differs from what its files name.
package struct DataStatus: Sendable {
    /// What is the matter with an output; the words are DVC's.
    package enum Change: String, Sendable {
        /// It has other content.
        case modified
        /// It is not there.
        case deleted
        /// No content is recorded yet.
        case new
        /// It may be as it should, but the cache lacks content.
        case notInCache = "not in cache"
    }

    /// The output.
    package let output: TrackedOutput
    /// What changed; nil if nothing did.
    package let change: Change?
}

extension DataRepository {
    /// How outputs differ from what is recorded, in their order.
    ///
    /// - Parameters:
    ///   - outputs: The outputs.
    ///   - onProgress: Told how many files are read.
    /// - Returns: One for each output.
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what cannot be versioned, ``FilesError``.
    package func status(of outputs: [TrackedOutput], onProgress: DataProgress? = nil) async throws -> [DataStatus] {
        var images: [Int: DataImage] = [:]
        for isLegacy in [false, true] {
            let positions = outputs.indices.filter { (outputs[$0].hashKind == .md5Dos2unix) == isLegacy }
            guard !positions.isEmpty else { continue }
            var tree = WorkTree(root: root, cache: cache, onProgress: onProgress)
            tree.isLegacy = isLegacy
            let found = try await tree.images(of: positions.map { outputs[$0].path })
            for (position, image) in zip(positions, found) { images[position] = image }
        }
        let (cache, looked) = (cache, images)
        return try await BlockingPool.shared.run(cancellable: { flag in
            try outputs.enumerated().map { position, output in
                try flag.check()
                return DataStatus(output: output, change: try Self.change(of: output, looked[position], cache))
            }
        })
    }

    private static func change(
        of output: TrackedOutput,
        _ image: DataImage?,
        _ cache: ContentCache
    ) throws -> DataStatus.Change? {
        if let pointer = output.pointer, output.isCached, try !cache.hasAll(of: pointer, as: image) {
            return .notInCache
        }
        guard let image else { return .deleted }
        guard let pointer = output.pointer else { return .new }
        return image.pointer.md5 == pointer.md5 ? nil : .modified
    }
}

extension ContentCache {
    /// Whether there are objects for all of a pointer's content, by their names.
    ///
    /// - Parameters:
    ///   - pointer: The pointer.
    ///   - image: What lies in the work tree, which saves reading the list if it is the same.
    /// - Returns: Whether nothing is missing.
    /// - Throws: ``DataVersionsError`` `.invalidFile` for a list that cannot be right.
    func hasAll(of pointer: DataPointer, as image: DataImage? = nil) throws -> Bool {
        guard holds(pointer.md5, isLegacy: pointer.isLegacy) else { return false }
        guard pointer.isDirectory else { return true }
        let table: FileTable
        if let image, image.isDirectory, image.pointer.md5 == pointer.md5 {
            table = image.table
        } else {
            do {
                table = try listing(pointer.md5, name: pointer.path, isLegacy: pointer.isLegacy)
            } catch let error as DataVersionsError where error.code == .corruptContent || error.code == .missingContent
            {
                return false
            }
        }
        guard table.count > 0 else { return true }
        let objects = try OpenFolder(pointer.isLegacy ? legacyFolder : folder)
        return ObjectLookup(objects: objects).firstMissing(of: table.rows) == nil
    }
}
