// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// What is known of the files of the work tree, so that those that did not change are not read again.
///
/// One file for each folder of data and one for all single files, below `.dvc/tmp/gyre`. Losing them costs time alone: a file that
/// is missing, of another version or damaged counts as empty.
struct StatIndex: Sendable {
    /// The files of one index with their hashes.
    struct Known: Sendable {
        var table = FileTable()
        /// The hash of the folder's listing when all files were as the table has them; `none` if that is not known.
        var listing = MD5Digest.none
    }

    /// The moment that a look at files begins, before the first of them is read.
    struct Moment: Sendable {
        fileprivate let nanoseconds: Int64

        static var now: Moment {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        }

        /// Whether a file may change after the look without another time: it changed just before.
        ///
        /// Kernels stamp by their tick, which is 10 ms at most; file systems that keep whole seconds only, by two.
        fileprivate func isRacy(_ row: FileTable.Row) -> Bool {
            let slack: Int64 = row.mtimeNs % 1_000_000_000 == 0 ? 2_000_000_000 : 20_000_000
            return max(row.mtimeNs, row.links > 1 ? 0 : row.ctimeNs) >= nanoseconds - slack
        }
    }

    private static let magic: UInt64 = 0x6779_7265_0000_0002
    private let folder: FilePath
    /// Whether the hashes are those of DVC 2, which are kept apart.
    var isLegacy = false

    init(root: FilePath) { folder = root.appending(".dvc").appending("tmp").appending("gyre") }

    /// Whether a file is as it was when its hash was noted.
    ///
    /// The time of change counts too, because programs can set the other one; of a file with several names it does not, because
    /// it moves whenever somebody gives it one more.
    static func isSame(_ row: FileTable.Row, _ known: FileTable.Row) -> Bool {
        row.inode == known.inode && row.size == known.size && row.mtimeNs == known.mtimeNs
            && (row.links > 1 || row.ctimeNs == known.ctimeNs) && known.digest != .none
    }

    /// Takes over the hashes of the files that did not change; how many that are.
    static func fill(_ table: inout FileTable, from known: FileTable) -> Int {
        var (index, other, count) = (0, 0, 0)
        while index < table.count, other < known.count {
            let order = table.compare(index, known, other)
            if order == 0 {
                if isSame(table.rows[index], known.rows[other]) {
                    table.rows[index].digest = known.rows[other].digest
                    count += 1
                }
                index += 1
                other += 1
            } else if order < 0 {
                index += 1
            } else {
                other += 1
            }
        }
        return count
    }

    // MARK: Files

    /// What is known of a folder of data.
    func load(folder path: String) -> Known { load(file(path)) }

    /// What is known of the files that are data of their own, by their paths in the project.
    func loadFiles() -> Known { load(filesIndex) }

    /// Notes what is known of a folder of data now.
    func save(_ known: Known, folder path: String, since start: Moment) { save(known, file(path), start) }

    /// Notes what is known of files that are data of their own, besides what was known of others.
    func add(files: FileTable, to known: Known? = nil, since start: Moment) {
        save(Known(table: Self.merged((known ?? loadFiles()).table, files)), filesIndex, start)
    }

    /// What was known, with the newer rows in place of theirs.
    private static func merged(_ old: FileTable, _ new: FileTable) -> FileTable {
        var result = FileTable()
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            let order = left == old.count ? 1 : right == new.count ? -1 : old.compare(left, new, right)
            if order < 0 {
                result.append(left, of: old)
            } else {
                result.append(right, of: new)
                right += 1
            }
            if order <= 0 { left += 1 }
        }
        return result
    }

    /// Forgets a folder.
    func forget(folder path: String) {
        // An index that stays is compared with the files as any other.
        try? FileSystem.remove(file(path))
    }

    private var filesIndex: FilePath { folder.appending(isLegacy ? "legacy-files" : "files") }

    private func file(_ path: String) -> FilePath {
        folder.appending(isLegacy ? "legacy-trees" : "trees").appending(
            FileHashing.digest(of: Array(path.utf8), .md5).hex
        )
    }

    private func load(_ file: FilePath) -> Known {
        let descriptor = open(file.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return Known() }
        defer { close(descriptor) }
        var header: [UInt64] = Array(repeating: 0, count: 6)
        let stride = MemoryLayout<FileTable.Row>.stride
        guard header.withUnsafeMutableBytes({ Self.read(descriptor, $0) }), header[0] == Self.magic,
            header[1] == UInt64(stride), header[2] < 1 << 32, header[3] < 1 << 40
        else { return Known() }
        let (count, length) = (Int(header[2]), Int(header[3]))
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == 48 + 8 + count * stride + length else {
            return Known()
        }
        var isWhole = true
        let rows = [FileTable.Row](unsafeUninitializedCapacity: count) { buffer, written in
            isWhole = Self.read(descriptor, UnsafeMutableRawBufferPointer(buffer))
            written = isWhole ? count : 0
        }
        let names = [UInt8](unsafeUninitializedCapacity: length) { buffer, written in
            isWhole = isWhole && Self.read(descriptor, UnsafeMutableRawBufferPointer(buffer))
            written = isWhole ? length : 0
        }
        var sum: [UInt64] = [0]
        guard isWhole, sum.withUnsafeMutableBytes({ Self.read(descriptor, $0) }),
            sum[0] == Self.checksum(rows, names, header)
        else { return Known() }
        return Known(
            table: FileTable(rows: rows, names: names),
            listing: MD5Digest(high: header[4], low: header[5])
        )
    }

    private func save(_ known: Known, _ file: FilePath, _ start: Moment) {
        var rows = known.table.rows
        var listing = known.listing
        for index in rows.indices where rows[index].digest == .none || start.isRacy(rows[index]) {
            // Next time it is read again, and noted if it is quiet by then.
            rows[index].digest = .none
            listing = .none
        }
        let header: [UInt64] = [
            Self.magic, UInt64(MemoryLayout<FileTable.Row>.stride), UInt64(rows.count),
            UInt64(known.table.names.count), listing.high, listing.low,
        ]
        let sum = [Self.checksum(rows, known.table.names, header)]
        // An index that cannot be written, as in a folder that takes no changes, is one that is not there.
        try? FileSystem.createDirectory(file.removingLastComponent())
        let temporary = file.removingLastComponent().appending(TemporaryName.make())
        let descriptor = open(temporary.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        var isWhole = header.withUnsafeBytes { Self.write(descriptor, $0) }
        isWhole = isWhole && rows.withUnsafeBytes { Self.write(descriptor, $0) }
        isWhole = isWhole && known.table.names.withUnsafeBytes { Self.write(descriptor, $0) }
        isWhole = isWhole && sum.withUnsafeBytes { Self.write(descriptor, $0) }
        close(descriptor)
        if !isWhole || rename(temporary.string, file.string) != 0 { unlink(temporary.string) }
    }

    /// Tells a file that a crash of the machine left half.
    private static func checksum(_ rows: [FileTable.Row], _ names: [UInt8], _ header: [UInt64]) -> UInt64 {
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: UnsafeRawBufferPointer) {
            var offset = 0
            while offset + 8 <= bytes.count {
                sum = (sum ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x0000_0100_0000_01b3
                offset += 8
            }
            for byte in bytes[offset...] { sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        header.withUnsafeBytes(add)
        rows.withUnsafeBytes(add)
        names.withUnsafeBytes(add)
        return sum
    }

    private static func read(_ descriptor: Int32, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        var done = 0
        while done < target.count {
            let count = Glibc.read(descriptor, target.baseAddress.map { $0 + done }, target.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    private static func write(_ descriptor: Int32, _ source: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < source.count {
            let count = Glibc.write(descriptor, source.baseAddress.map { $0 + done }, source.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
