// SPDX-License-Identifier: Apache-2.0

import Files
import GRDB
import SystemPackage

/// Writes the write-ahead log full of zeros before a server begins, to the length at which SQLite begins it anew.
///
/// A commit then overwrites what is there. One that makes the file longer has the file system write down the new length too,
/// which costs several times as much, and a server's first five hundred commits would pay it.
enum LogLayout {
    /// The length: a thousand pages with their headers, and some for the commit that goes beyond.
    static let length: Int64 = 4_608 << 10
    /// Where less room than this is left, the log grows as it must.
    private static let reserve: Int64 = 128 << 20

    /// Lays the log of a database out; what is in it stays.
    ///
    /// - Throws: What the system says; nothing of the database has changed then.
    static func layOut(_ path: FilePath, _ pool: DatabasePool) throws {
        guard try FileSystem.freeBytes(at: path.removingLastComponent()) > reserve else { return }
        try pool.writeWithoutTransaction { database in
            // Nobody appends to the log while we hold the right to write.
            try database.inTransaction(.immediate) {
                try fill(FilePath(path.string + "-wal"))
                return .rollback
            }
        }
    }

    private static func fill(_ log: FilePath) throws {
        let file = try FileDescriptor.open(log, .writeOnly)
        try file.closeAfter {
            var end = try file.seek(offset: 0, from: .end)
            let zeros: [UInt8] = Array(repeating: 0, count: 1 << 18)
            while end < length {
                let count = Int(min(Int64(zeros.count), length - end))
                try file.writeAll(toAbsoluteOffset: end, zeros.prefix(count))
                end += Int64(count)
            }
        }
        try FileSystem.syncFile(log)
    }
}
