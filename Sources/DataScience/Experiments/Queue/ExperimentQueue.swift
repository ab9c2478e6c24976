// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The queue of a project: a file for each entry, which is replaced whole, and a lock for each that the system lets go of
/// however its holder ends.
package struct ExperimentQueue: Sendable {
    private let folder: FilePath
    private let git: Git
    private var entriesFolder: FilePath { folder.appending("queue") }
    private var workersFolder: FilePath { folder.appending("workers") }
    /// Work trees of entries under way.
    var treesFolder: FilePath { folder.appending("trees") }

    /// The queue of a project.
    ///
    /// - Parameters:
    ///   - folder: A folder of Gyre's own.
    ///   - root: The project's versioned data.
    /// - Throws: ``FilesError`` if the folder cannot be made.
    package init(in folder: FilePath, root: FilePath) throws {
        self.folder = folder
        git = Git(root: root)
        for folder in [entriesFolder, workersFolder, treesFolder] { try FileSystem.createDirectory(folder) }
    }

    // MARK: Entries

    /// The entries in the order in which they were queued.
    package func entries() throws -> [QueueEntry] {
        try FileSystem.list(entriesFolder).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
            .compactMap { try read($0) }
    }

    private func read(_ name: String) throws -> QueueEntry? {
        do {
            return QueueEntry(json: try FileReader.bytes(of: entriesFolder.appending(name)))
        } catch  where error.code == .notFound {
            // Somebody removed it just now.
            return nil
        }
    }

    /// The entries of a name.
    package func entries(named name: String) throws -> [QueueEntry] {
        let all = try entries()
        let found = all.filter {
            $0.name == name || $0.id == name || (name.count >= 7 && $0.snapshot.hasPrefix(name))
        }
        guard found.isEmpty else { return found }
        throw ExperimentsError(
            .unknownExperiment,
            what: "cannot find `\(name)` in the queue",
            why: "there is no entry of that name",
            next: nearest(to: name, among: all.map(\.name)).map { "did you mean `\($0)`?" } ?? "see `gyre queue status`"
        )
    }

    /// An id that sorts by time.
    static func makeID(_ nowMs: Int64, _ number: Int) -> String {
        func digits(_ value: Int64, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(nowMs, 14))-\(digits(Int64(number), 5))-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }

    /// Adds an entry: when it returns, the entry is on the disk.
    func add(_ entry: QueueEntry) async throws {
        // Whoever looks for references without an entry leaves this one alone.
        let lock = try hold(entry.id)
        defer { lock.release() }
        // First what it needs: git keeps what a reference leads to.
        _ = try await git.setReference(Self.reference(entry.id), to: entry.snapshot)
        try save(entry)
    }

    /// Removes references whose entries were never written: the process died in between.
    func sweepReferences() async throws {
        for reference in try await git.references(below: Self.references) {
            let id = String(reference.name.dropFirst(Self.references.count))
            guard !id.contains("/"), try read("\(id).json") == nil, let lock = try? hold(id) else { continue }
            defer { lock.release() }
            // It may have been written before we had the lock.
            guard try read("\(id).json") == nil else { continue }
            _ = try await git.setReference(reference.name, to: nil, ifWas: reference.commit)
            try FileSystem.removeTree(entriesFolder.appending("\(id).lock"))
        }
    }

    func save(_ entry: QueueEntry) throws {
        try AtomicFile.write(entry.json, to: entriesFolder.appending("\(entry.id).json"))
    }

    private static let references = "refs/gyre/queue/"
    private static func reference(_ id: String) -> String { references + id }

    /// Whether a worker that lives has it.
    package func isHeld(_ entry: QueueEntry) -> Bool { (try? hold(entry.id))?.release() == nil }

    /// Whether its worker died.
    package func isInterrupted(_ entry: QueueEntry) -> Bool { entry.state == .running && !isHeld(entry) }

    private func hold(_ id: String) throws -> FileLock {
        try FileLock.acquire(
            entriesFolder.appending("\(id).lock"),
            mode: .exclusive,
            owner: "gyre queue"
        )
    }

    /// The first entry that waits, or whose worker died, with the lock that keeps others from it; nil if there is none.
    ///
    /// - Parameter ids: Only these; nil for all.
    /// - Returns: The entry, which says that it runs, and the lock.
    /// - Throws: ``FilesError``.
    func take(_ ids: Set<String>?) throws -> (entry: QueueEntry, lock: FileLock)? {
        for candidate in try entries() where [.queued, .running].contains(candidate.state) {
            guard ids?.contains(candidate.id) ?? true else { continue }
            let lock: FileLock
            do {
                lock = try hold(candidate.id)
            } catch let error as FilesError where error.code == .locked {
                continue
            }
            // Another may have ended it before we had the lock.
            guard var entry = try read("\(candidate.id).json"), [.queued, .running].contains(entry.state) else {
                lock.release()
                continue
            }
            try? FileSystem.remove(killFile(entry))
            entry.state = .running
            entry.attempts += 1
            try save(entry)
            return (entry, lock)
        }
        return nil
    }

    /// Removes entries that no worker has.
    ///
    /// - Throws: ``ExperimentsError`` `.busy`; then none is removed.
    package func remove(_ entries: [QueueEntry]) async throws {
        var locks: [FileLock] = []
        defer { for lock in locks { lock.release() } }
        for entry in entries {
            do {
                locks.append(try hold(entry.id))
            } catch let error as FilesError where error.code == .locked {
                throw ExperimentsError(
                    .busy,
                    what: "cannot remove `\(entry.name)` from the queue",
                    why: "it is running",
                    next: "run `gyre queue kill \(entry.name)` first",
                    cause: error
                )
            }
        }
        for entry in entries {
            try FileSystem.removeTree(entriesFolder.appending("\(entry.id).json"))
            for end in ["log", "kill", "lock"] {
                try FileSystem.removeTree(entriesFolder.appending("\(entry.id).\(end)"))
            }
            _ = try await git.setReference(Self.reference(entry.id), to: nil)
            try await removeTree(entry)
        }
    }

    // MARK: Around a run

    /// The file that its output goes to.
    package func log(_ entry: QueueEntry) -> FilePath { entriesFolder.appending("\(entry.id).log") }

    func tree(_ entry: QueueEntry) -> FilePath { treesFolder.appending(entry.id) }

    func removeTree(_ entry: QueueEntry) async throws {
        guard FileSystem.exists(tree(entry)) else { return }
        try await alone { try await git.removeTree(at: tree(entry)) }
    }

    /// Calls a body while no other process is in such a one, as for changes of git's list of work trees: git reads the whole list,
    /// and ends at one that another process is just making.
    func alone<Value>(_ body: () async throws -> Value) async throws -> Value {
        let lock = try await aloneLock()
        defer { lock.release() }
        return try await body()
    }

    private func aloneLock() async throws -> FileLock {
        let path = entriesFolder.appending("alone.lock")
        while true {
            let taken = Result { () throws(FilesError) in
                try FileLock.acquire(path, mode: .exclusive, owner: "gyre queue")
            }
            guard case .failure(let error) = taken, error.code == .locked else { return try taken.get() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func killFile(_ entry: QueueEntry) -> FilePath { entriesFolder.appending("\(entry.id).kill") }

    /// Asks its worker to end it.
    ///
    /// - Throws: ``ExperimentsError`` `.unknownExperiment` if no worker has it.
    package func kill(_ entry: QueueEntry) throws {
        guard isHeld(entry) else {
            throw ExperimentsError(
                .unknownExperiment,
                what: "cannot end `\(entry.name)`",
                why: "it is not running",
                next: "see `gyre queue status`; one that waits goes by `gyre queue remove`"
            )
        }
        try AtomicFile.write("", to: killFile(entry))
    }

    func isKilled(_ entry: QueueEntry) -> Bool { FileSystem.exists(killFile(entry)) }

    // MARK: Workers

    /// A process that works on the queue.
    final class Presence: Sendable {
        let file: FilePath
        private let lock: FileLock

        init(_ file: FilePath, _ lock: FileLock) { (self.file, self.lock) = (file, lock) }

        /// Whether it is to take nothing more.
        var isStopped: Bool { FileSystem.exists(FilePath(file.string + ".stop")) }

        func end() {
            // What stays is the next one's to remove.
            for end in ["", ".stop"] { try? FileSystem.removeTree(FilePath(file.string + end)) }
            lock.release()
        }
    }

    /// Says that this process works on the queue.
    func appear() throws -> Presence {
        let file = workersFolder.appending("\(getpid())-\(UInt32.random(in: .min ... .max))")
        return Presence(file, try FileLock.acquire(file, mode: .exclusive, owner: "gyre queue"))
    }

    /// The processes that work on the queue; what others left is removed.
    private func workers() throws -> [FilePath] {
        try FileSystem.list(workersFolder).filter { !$0.contains(".") }.map(workersFolder.appending).filter { file in
            guard let lock = try? FileLock.acquire(file, mode: .exclusive, owner: "gyre queue") else { return true }
            for end in ["", ".stop"] { try FileSystem.removeTree(FilePath(file.string + end)) }
            lock.release()
            return false
        }
    }

    /// How many processes work on the queue.
    package func workerCount() throws -> Int { try workers().count }

    /// Asks all processes to take nothing more.
    ///
    /// - Parameter kills: Whether what runs is ended, too.
    /// - Returns: How many were asked.
    /// - Throws: ``FilesError``.
    package func stop(kills: Bool) throws -> Int {
        let workers = try workers()
        for worker in workers { try AtomicFile.write("", to: FilePath(worker.string + ".stop")) }
        if kills { for entry in try entries() where entry.state == .running && isHeld(entry) { try kill(entry) } }
        return workers.count
    }
}
