// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The two locks of DVC: one on the repository, one that names the paths which are read and written.
///
/// Both are free again when the process ends: the first is the system's, and of the second, entries of processes that are gone do
/// not count.
package final class RepositoryLock: Sendable {
    private struct Holder: Hashable {
        let pid: Int
        let command: String
    }

    private let folder: FilePath
    private let reading: [String]
    private let writing: [String]
    private let lock: FileLock
    private let isHeld = Mutex(true)

    /// Takes both locks.
    ///
    /// - Parameters:
    ///   - root: The project.
    ///   - reading: Absolute paths that others may read too.
    ///   - writing: Absolute paths that nobody else may use.
    /// - Throws: ``DataVersionsError`` `.locked`.
    init(root: FilePath, reading: [String], writing: [String]) throws {
        folder = root.appending(".dvc").appending("tmp")
        self.reading = reading
        self.writing = writing
        try FileSystem.createDirectory(folder)
        do {
            lock = try FileLock.acquire(folder.appending("lock"), mode: .exclusive, owner: "gyre")
        } catch {
            guard error.code == .locked else { throw error }
            throw Self.busy(root, "another `gyre` or `dvc` does", error)
        }
        guard !reading.isEmpty || !writing.isEmpty else { return }
        let (own, reads, writes) = (Self.own, reading, writing)
        try edit { lock in
            lock.dropDead()
            if let (path, holder) = lock.blocker(of: writes + reads, amongReaders: false, own)
                ?? lock.blocker(of: writes, amongReaders: true, own)
            {
                throw Self.busy(root, "process \(holder.pid) (`\(holder.command)`) uses `\(path)`", nil)
            }
            for path in reads { lock.read[path, default: []].append(own) }
            for path in writes { lock.write[path] = own }
        }
    }

    deinit { release() }

    /// Lets the next one have it.
    package func release() {
        let wasHeld = isHeld.withLock { held in
            defer { held = false }
            return held
        }
        guard wasHeld else { return }
        if !reading.isEmpty || !writing.isEmpty {
            let (own, reads, writes) = (Self.own, reading, writing)
            // Entries that stay are those of a process that is gone soon, and do not count then.
            try? edit { lock in
                for path in reads {
                    lock.read[path]?.removeAll { $0 == own }
                    if lock.read[path]?.isEmpty == true { lock.read[path] = nil }
                }
                for path in writes where lock.write[path] == own { lock.write[path] = nil }
            }
        }
        lock.release()
    }

    private static var own: Holder { Holder(pid: Int(getpid()), command: "gyre") }

    private static func busy(_ root: FilePath, _ why: String, _ cause: (any Error)?) -> DataVersionsError {
        DataVersionsError(
            .locked,
            what: "cannot change the data of `\(root)`",
            why: why,
            next: "run it again when that one is done",
            cause: cause
        )
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

        func blocker(of paths: [String], amongReaders: Bool, _ own: Holder) -> (String, Holder)? {
            let readers = read.flatMap { path, holders in holders.map { (path, $0) } }
            let held = amongReaders ? readers : write.map { ($0, $1) }
            return held.first { path, holder in
                holder != own && paths.contains { ProjectPath.overlap($0, path) }
            }
        }
    }

    /// Changes the file; DVC does so under a lock of its own.
    private func edit(_ body: (inout Table) throws -> Void) throws {
        let guardian = try waitForGuard()
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
                for (path, holders) in read.members { table.read[path] = holders.elements.compactMap(Self.holder) }
            }
            if let write = root["write"] {
                for (path, holder) in write.members { table.write[path] = Self.holder(holder) }
            }
        }
        try body(&table)
        try AtomicFile.write(Self.text(of: table), to: path)
    }

    /// It is held for a moment only.
    private func waitForGuard() throws -> FileLock {
        var attempt = 0
        while true {
            do {
                return try FileLock.acquire(folder.appending("rwlock.lock"), mode: .exclusive, owner: "gyre")
            } catch {
                attempt += 1
                guard error.code == .locked, attempt < 300 else { throw error }
                // `release` comes here from `deinit`, which cannot wait in another way.
                usleep(10_000)
            }
        }
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

extension DataRepository {
    /// Takes the locks that DVC takes, at once or not at all; they are free again when the process ends.
    ///
    /// - Parameters:
    ///   - reading: Paths in the project that others may read too.
    ///   - writing: Paths in the project that nobody else may use.
    /// - Returns: The locks, until they are released.
    /// - Throws: ``DataVersionsError`` `.locked`.
    package func lock(reading: [String] = [], writing: [String] = []) throws -> RepositoryLock {
        try RepositoryLock(
            root: root,
            reading: reading.map { root.appending($0).string },
            writing: writing.map { root.appending($0).string }
        )
    }

    /// Takes the locks that DVC takes, and waits as long as DVC does for who has them.
    ///
    /// - Parameters:
    ///   - reading: Paths in the project that others may read too.
    ///   - writing: Paths in the project that nobody else may use.
    ///   - patience: How long to wait.
    /// - Returns: The locks, until they are released.
    /// - Throws: ``DataVersionsError`` `.locked`, `CancellationError`.
    package func waitForLock(
        reading: [String] = [],
        writing: [String] = [],
        patience: Duration = .seconds(3)
    ) async throws -> RepositoryLock {
        let end = ContinuousClock.now + patience
        while true {
            do {
                return try lock(reading: reading, writing: writing)
            } catch let error as DataVersionsError where error.code == .locked {
                guard .now < end else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }
}
