// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Who works on the chunks of a remote at this time.
///
/// A push relies on chunks that it finds there, and a collection removes chunks that no manifest names yet. Neither may overlook
/// the other, so each first makes a mark below `files/busy`, then looks for marks of the other kind, and only then begins: of two
/// that begin at once at least one sees the other. A push that sees a collection ends with an error and can be run again; a
/// collection that sees a push leaves manifests and chunks alone.
///
/// A mark names its process. That of a process of this machine counts as long as the process lives; that of another machine,
/// whose processes nobody here sees, for a day from the time in its name, and who works longer makes a new one each hour. Clocks
/// may differ by hours and not by days.
actor RemoteMarks {
    enum Kind: String { case push, gc }

    private static let folder = "files/busy/"
    private static let validSeconds: Int64 = 86_400

    /// The digits that tell apart where process ids are counted: the start of the machine, and its name space of processes.
    private static let machine: String = {
        let boot = (try? FileReader.text(of: "/proc/sys/kernel/random/boot_id", limit: 1_024)) ?? ""
        let space = (try? FileSystem.status(of: "/proc/self/ns/pid"))?.inode ?? 0
        return String(FileHashing.digest(of: Array("\(boot)\(space)".utf8), .md5).hex.prefix(16))
    }()

    private let storage: any RemoteStorage
    private let kind: Kind
    private let process: Int32
    private let now: @Sendable () -> Int64
    private var own: (key: String, time: Int64)?

    /// A mark that is not made yet.
    init(
        _ storage: any RemoteStorage,
        _ kind: Kind,
        process: Int32 = getpid(),
        now: @escaping @Sendable () -> Int64
    ) {
        self.storage = storage
        self.kind = kind
        self.process = process
        self.now = now
    }

    /// Makes the mark, or a new one if it has become old.
    func renew() async throws {
        let time = now()
        if let own, time - own.time < 3_600 { return }
        let number = String(UInt64.random(in: .min ... .max), radix: 36)
        let key = "\(Self.folder)\(kind.rawValue)-\(time)-\(Self.machine)-\(process)-\(number)"
        try await storage.send(key, bytes: Array("\(kind.rawValue) \(time)\n".utf8))
        try await storage.finish()
        let old = own
        own = (key, time)
        if let old { try await storage.remove([old.key]) }
    }

    /// Whether somebody has a mark of another kind.
    func others(_ kind: Kind) async throws -> Bool {
        let found = Gathered<String>()
        try await storage.scan(Self.folder) { keys in await found.add(keys.map(\.key)) }
        let oldest = now() - Self.validSeconds
        return await found.all.contains { key in
            let words = key.dropFirst(Self.folder.count).split(separator: "-")
            guard words.count == 5, words[0] == kind.rawValue, let time = Int64(words[1]), time > oldest else {
                return false
            }
            guard words[2] == Self.machine, let process = Int32(words[3]) else { return true }
            return kill(process, 0) == 0 || errno != ESRCH
        }
    }

    /// Removes the mark; one that stays counts no longer than the process lives.
    func end() async {
        guard let own else { return }
        let storage = storage
        // In a task of its own, because this one may be cancelled. A mark that stays becomes old by itself.
        await Task { try? await storage.remove([own.key]) }.value
        self.own = nil
    }
}
