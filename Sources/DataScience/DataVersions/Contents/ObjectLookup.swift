// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Sees which of many objects a cache has, by their names alone; blocks.
///
/// Where much of a folder of objects is wanted, reading its names is several times cheaper than asking for each.
struct ObjectLookup {
    /// As many names as one question for one object costs.
    private static let namesPerStatus = 6
    /// A name of an object takes at least so many bytes of its folder on the file systems we know.
    private static let bytesPerName = 32

    let objects: OpenFolder

    /// The first of the rows that has no object; nil if none lacks one.
    ///
    /// - Parameters:
    ///   - rows: Files with their hashes.
    ///   - positions: Which of them are wanted, in ascending order; all for nil.
    /// - Returns: A position among the rows.
    func firstMissing(of rows: [FileTable.Row], at positions: [Int]? = nil) -> Int? {
        let wanted = positions ?? Array(rows.indices)
        guard wanted.count > 64 else { return wanted.first { !isThere(rows[$0].digest) } }
        var first: Int?
        for (prefix, group) in Self.grouped(wanted, rows) {
            let found = group.isEmpty ? nil : missing(group, prefix, rows)
            if let found { first = min(first ?? found, found) }
        }
        return first
    }

    /// The positions by the first byte of their hashes, each group in ascending order.
    private static func grouped(
        _ positions: [Int],
        _ rows: [FileTable.Row]
    ) -> some Sequence<(UInt64, ArraySlice<UInt32>)> {
        var ends: [Int] = Array(repeating: 0, count: 257)
        for position in positions { ends[Int(rows[position].digest.high >> 56) + 1] += 1 }
        for prefix in 1...256 { ends[prefix] += ends[prefix - 1] }
        var next = ends
        let order = [UInt32](unsafeUninitializedCapacity: positions.count) { buffer, count in
            for position in positions {
                let prefix = Int(rows[position].digest.high >> 56)
                buffer[next[prefix]] = UInt32(position)
                next[prefix] += 1
            }
            count = positions.count
        }
        return (0..<256).lazy.map { (UInt64($0), order[ends[$0]..<ends[$0 + 1]]) }
    }

    private func missing(_ group: ArraySlice<UInt32>, _ prefix: UInt64, _ rows: [FileTable.Row]) -> Int? {
        let place = MD5Digest(high: prefix << 56, low: 0)
        let descriptor = place.withObjectPath { path -> Int32 in
            var name = (path[0], path[1], CChar(0))
            return withUnsafePointer(to: &name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 3) {
                    openat(objects.descriptor, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                }
            }
        }
        func asked() -> Int? { group.first { !isThere(rows[Int($0)].digest) }.map(Int.init) }
        guard descriptor >= 0 else { return asked() }
        var status = stat()
        guard fstat(descriptor, &status) == 0,
            Int(status.st_size) / Self.bytesPerName <= group.count * Self.namesPerStatus,
            let names = Self.digests(in: descriptor, prefix)
        else {
            close(descriptor)
            return asked()
        }
        return group.first { !names.contains(rows[Int($0)].digest) }.map(Int.init)
    }

    /// The hashes that a folder's names stand for; nil if they cannot be read.
    ///
    /// Closes the descriptor if it can.
    private static func digests(in descriptor: Int32, _ prefix: UInt64) -> Set<MD5Digest>? {
        guard let stream = fdopendir(descriptor) else { return nil }
        defer { closedir(stream) }
        var found: Set<MD5Digest> = []
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
            MD5Digest(high: prefix << 56, low: 0).writeHex(to: digits.baseAddress.unsafelyUnwrapped)
            while true {
                // The end and an error both come as nil.
                errno = 0
                guard let entry = readdir(stream) else { return errno == 0 ? found : nil }
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    let name = UnsafeRawPointer(name)
                    guard strlen(name.assumingMemoryBound(to: CChar.self)) == 30 else { return }
                    memcpy(digits.baseAddress.unsafelyUnwrapped + 2, name, 30)
                    if let digest = MD5Digest(hex: UnsafeBufferPointer(digits)) { found.insert(digest) }
                }
            }
        }
    }

    private func isThere(_ digest: MD5Digest) -> Bool { digest.withObjectPath { objects.status($0) } != nil }
}
