// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
package import Glibc
#endif

/// Files by their paths from one folder, without an object for each: a million of them take about 130 MB.
///
/// Rows are in the order of the bytes of their paths, which is that of code points, as long as who adds them keeps it.
package struct FileTable: Sendable {
    /// A file.
    package struct Row: Sendable, BitwiseCopyable {
        fileprivate var start: Int
        fileprivate var length: UInt32
        /// How many names the file has.
        package var links: UInt32
        /// Kind and permission bits; zero if nobody asked the system.
        package var mode: UInt32
        private var unused: UInt32 = 0
        /// Size in bytes.
        package var size: Int64
        /// When the content last changed, nanoseconds UTC.
        package var mtimeNs: Int64
        /// When the content or what the system says of the file last changed, nanoseconds UTC.
        package var ctimeNs: Int64
        /// The number of the file on its device.
        package var inode: UInt64
        /// The hash of its content; `none` if nobody knows it.
        package var digest: MD5Digest

        fileprivate init(start: Int, length: Int, digest: MD5Digest) {
            self.start = start
            self.length = UInt32(length)
            (links, mode, size, mtimeNs, ctimeNs, inode) = (0, 0, 0, 0, 0, 0)
            self.digest = digest
        }

        /// Whether its owner may run it.
        package var isExecutable: Bool { mode & 0o100 != 0 }

        /// Takes over what the system says of a file.
        package mutating func set(_ status: stat) {
            links = UInt32(truncatingIfNeeded: status.st_nlink)
            mode = status.st_mode
            size = Int64(status.st_size)
            mtimeNs = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
            ctimeNs = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
            inode = UInt64(status.st_ino)
        }

        /// Takes over what is known of a file, but not its path.
        package mutating func setContent(of other: Row) {
            links = other.links
            mode = other.mode
            size = other.size
            mtimeNs = other.mtimeNs
            ctimeNs = other.ctimeNs
            inode = other.inode
            digest = other.digest
        }
    }

    /// The files.
    package var rows: [Row] = []
    /// The paths, each with a zero behind it.
    package private(set) var names: [UInt8] = []

    /// A table without files.
    package init() {}

    /// A table as another process wrote it.
    package init(rows: [Row], names: [UInt8]) {
        self.rows = rows
        self.names = names
    }

    /// The number of files.
    package var count: Int { rows.count }

    /// Adds a file behind the others.
    package mutating func append(_ path: UnsafeBufferPointer<UInt8>, digest: MD5Digest = .none) {
        rows.append(Row(start: names.count, length: path.count, digest: digest))
        names.append(contentsOf: path)
        names.append(0)
    }

    /// Adds a file behind the others.
    package mutating func append(_ path: String, digest: MD5Digest = .none) {
        var path = path
        path.withUTF8 { append($0, digest: digest) }
    }

    /// Adds a file of another table behind the others.
    package mutating func append(_ index: Int, of other: FileTable) {
        other.withPath(index) { append($0) }
        rows[rows.count - 1].setContent(of: other.rows[index])
    }

    /// Adds the files of another table behind the others.
    package mutating func append(contentsOf other: FileTable) {
        guard count > 0 else { return self = other }
        let start = names.count
        names.append(contentsOf: other.names)
        rows.append(contentsOf: other.rows)
        for index in (rows.count - other.rows.count)..<rows.count { rows[index].start += start }
    }

    /// The path of a file.
    package func path(_ index: Int) -> String { withPath(index) { String(decoding: $0, as: UTF8.self) } }

    /// Hands over the bytes of a file's path; a zero follows them.
    @inline(__always)
    package func withPath<T, Failure: Error>(
        _ index: Int,
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> T
    ) throws(Failure) -> T {
        let row = rows[index]
        return try names.withUnsafeBufferPointer { (names) throws(Failure) -> T in
            try body(UnsafeBufferPointer(rebasing: names[row.start..<(row.start + Int(row.length))]))
        }
    }

    /// Hands over a file's path as the system's calls take it.
    @inline(__always)
    package func withCPath<T, Failure: Error>(
        _ index: Int,
        _ body: (UnsafePointer<CChar>) throws(Failure) -> T
    ) throws(Failure) -> T {
        let start = rows[index].start
        return try names.withUnsafeBufferPointer { (names) throws(Failure) -> T in
            let base = UnsafeRawPointer(names.baseAddress.unsafelyUnwrapped + start)
            return try body(base.assumingMemoryBound(to: CChar.self))
        }
    }

    /// Whether the path of a file is less than, equal to, or greater than that of one of another table.
    @inline(__always)
    package func compare(_ index: Int, _ other: FileTable, _ otherIndex: Int) -> Int {
        withPath(index) { left in
            other.withPath(otherIndex) { right in
                let order = memcmp(
                    left.baseAddress.unsafelyUnwrapped,
                    right.baseAddress.unsafelyUnwrapped,
                    min(left.count, right.count)
                )
                return order != 0 ? Int(order) : left.count - right.count
            }
        }
    }

    /// The place of a path, nil if it is not there; the rows must be in order.
    package func index(of path: String) -> Int? {
        var one = FileTable()
        one.append(path)
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            let order = compare(middle, one, 0)
            if order == 0 { return middle }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The same files in the order of their paths.
    package func sorted() -> FileTable {
        var order = Array(0..<count)
        order.sort { compare($0, self, $1) < 0 }
        return FileTable(rows: order.map { rows[$0] }, names: names)
    }

    /// Whether the paths are in order, and none is there twice.
    package var isSorted: Bool { (1..<max(count, 1)).allSatisfy { compare($0 - 1, self, $0) < 0 } }
}
