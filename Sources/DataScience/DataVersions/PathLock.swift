// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// DVC's lock on paths: who reads and who writes what, in `.dvc/tmp/rwlock`, for as long as a command runs.
///
/// Entries of processes that are gone do not count. What this process holds never keeps it out itself.
package final class PathLock: Sendable {
    struct Holder: Hashable {
        let pid: Int
        let command: String

        /// This process.
        static let own = Holder(pid: Int(getpid()), command: CommandLine.arguments.joined(separator: " "))
    }

    /// Somebody changes the file of paths this moment; it is free again soon.
    struct Busy: Error {}

    private let folder: FilePath
    private let reading: [String]
    private let writing: [String]
    private let isHeld = Mutex(true)

    /// Takes it, at once or not at all.
    ///
    /// - Parameters:
    ///   - folder: The folder of DVC's locks, which is there.
    ///   - root: The project.
    ///   - reading: Absolute paths that others may read too.
    ///   - writing: Absolute paths that nobody else may use.
    /// - Throws: ``Busy``, ``DataVersionsError`` `.locked`.
    init(folder: FilePath, root: FilePath, reading: [String], writing: [String]) throws {
        self.folder = folder
        self.reading = reading
        var taken: [String] = []
        try Self.edit(folder) { table in
            table.dropDead()
            if let (path, holder) = table.blocker(of: writing + reading, amongReaders: false)
                ?? table.blocker(of: writing, amongReaders: true)
            {
                throw RepositoryLock.busy(root, "process \(holder.pid) (`\(holder.command)`) uses `\(path)`", nil)
            }
            for path in reading { table.read[path, default: []].append(.own) }
            // What is ours already is let go by who took it.
            taken = writing.filter { table.write[$0] == nil }
            for path in taken { table.write[path] = .own }
        }
        self.writing = taken
    }

    deinit { release() }

    /// Lets the next one have it.
    package func release() {
        let wasHeld = isHeld.withLock { held in
            defer { held = false }
            return held
        }
        guard wasHeld, !reading.isEmpty || !writing.isEmpty else { return }
        let (folder, reading, writing) = (folder, reading, writing)
        let drop = { @Sendable in
            try Self.edit(folder) { table in
                for path in reading {
                    if let index = table.read[path]?.firstIndex(of: .own) { table.read[path]?.remove(at: index) }
                    if table.read[path]?.isEmpty == true { table.read[path] = nil }
                }
                for path in writing where table.write[path] == .own { table.write[path] = nil }
            }
        }
        do {
            try drop()
        } catch {
            // Who comes here may be a task, which must not wait, and no thread does. Entries that stay are those of a process that is
            // gone soon, and whoever comes next drops them.
            guard error is Busy else { return }
            Task.detached {
                for _ in 0..<300 {
                    do { return try await BlockingPool.shared.run(drop) } catch { guard error is Busy else { return } }
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    // MARK: The file of paths

    private struct Table {
        var read: [String: [Holder]] = [:]
        var write: [String: Holder] = [:]

        mutating func dropDead() {
            func isAlive(_ holder: Holder) -> Bool {
                kill(pid_t(truncatingIfNeeded: holder.pid), 0) == 0 || errno == EPERM
            }
            write = write.filter { isAlive($1) }
            read = read.mapValues { $0.filter(isAlive) }.filter { !$1.isEmpty }
        }

        func blocker(of paths: [String], amongReaders: Bool) -> (String, Holder)? {
            let readers = read.flatMap { path, holders in holders.map { (path, $0) } }
            let held = amongReaders ? readers : write.map { ($0, $1) }
            return held.first { path, holder in
                holder != .own && paths.contains { ProjectPath.overlap($0, path) }
            }
        }
    }

    /// Changes the file; DVC does so under a lock of its own, which it holds for a moment.
    private static func edit(_ folder: FilePath, _ body: (inout Table) throws -> Void) throws {
        let guardian: FileLock
        do {
            guardian = try FileLock.acquire(folder.appending("rwlock.lock"), mode: .exclusive, owner: "gyre")
        } catch {
            throw error.code == .locked ? Busy() : error
        }
        defer { guardian.release() }
        let path = folder.appending("rwlock")
        var table = Table()
        if FileSystem.exists(path) {
            let root: JSONElement
            do { root = try JSONDocument(try FileReader.bytes(of: path)).root } catch {
                throw DataVersionsError(
                    .invalidFile,
                    what: "cannot read `\(path)`",
                    why: "it is no JSON",
                    next: "remove it if no `gyre` or `dvc` runs here",
                    cause: error
                )
            }
            if let read = root["read"] {
                for (path, holders) in read.members { table.read[path] = holders.elements.compactMap(holder) }
            }
            if let write = root["write"] {
                for (path, holder) in write.members { table.write[path] = Self.holder(holder) }
            }
        }
        try body(&table)
        try AtomicFile.write(text(of: table), to: path)
    }

    private static func holder(_ element: JSONElement) -> Holder? {
        guard let pid = element["pid"]?.int64, let command = element["cmd"]?.string else { return nil }
        return Holder(pid: Int(pid), command: command)
    }

    private static func text(of table: Table) -> String {
        var writer = JSONWriter()
        func write(_ holder: Holder, _ writer: inout JSONWriter) {
            writer.object { writer in
                writer.field("pid", holder.pid)
                writer.field("cmd", holder.command)
            }
        }
        writer.object { writer in
            if !table.write.isEmpty {
                writer.key("write")
                writer.object { writer in
                    for (path, holder) in table.write.sorted(by: { $0.key < $1.key }) {
                        writer.key(path)
                        write(holder, &writer)
                    }
                }
            }
            if !table.read.isEmpty {
                writer.key("read")
                writer.object { writer in
                    for (path, holders) in table.read.sorted(by: { $0.key < $1.key }) {
                        writer.key(path)
                        writer.array { writer in for holder in holders { write(holder, &writer) } }
                    }
                }
            }
        }
        return writer.text
    }
}
