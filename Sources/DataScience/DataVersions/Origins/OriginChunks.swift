// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Puts a content together that a store of another repository has as chunks.
struct OriginChunks {
    /// So many chunks come at once.
    private static let width = 16

    /// The bytes at a path of the store, at most `limit`; nil if there are none.
    let read: @Sendable (_ path: String, _ limit: Int) async throws -> [UInt8]?

    /// Writes a content into a file; false if the store has no manifest of it.
    ///
    /// Chunks are hashed; the content as a whole is by whoever uses the file.
    func write(_ md5: String, to file: FilePath) async throws -> Bool {
        let path = "files/manifests/\(md5.prefix(2))/\(md5.dropFirst(2))"
        guard let bytes = try await read(path, 1 << 34) else { return false }
        guard let list = ChunkList(bytes) else { throw damaged(path) }
        var writer = try AtomicFileWriter(replacing: file)
        var rest = list.entries[...]
        while !rest.isEmpty {
            for bytes in try await chunks(of: rest.prefix(Self.width)) { try writer.append(bytes) }
            rest = rest.dropFirst(Self.width)
        }
        try writer.commit()
        return true
    }

    private func chunks(of entries: ArraySlice<ChunkList.Entry>) async throws -> [[UInt8]] {
        try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for (index, entry) in entries.enumerated() {
                group.addTask {
                    let path = "files/chunks/\(entry.id.hex.prefix(2))/\(entry.id.hex.dropFirst(2))"
                    guard let bytes = try await read(path, 16 << 20), ChunkID(of: bytes) == entry.id else {
                        throw damaged(path)
                    }
                    return (index, bytes)
                }
            }
            var found: [[UInt8]] = Array(repeating: [], count: entries.count)
            for try await (index, bytes) in group { found[index] = bytes }
            return found
        }
    }

    private func damaged(_ path: String) -> DataVersionsError {
        DataVersionsError(
            .corruptContent,
            what: "cannot fetch `\(path)`",
            why: "the remote's object is damaged or gone",
            next: "remove it and its manifest there, and push again from where the data is whole"
        )
    }
}
