// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// How data is put into the work tree.
package struct CheckoutOptions: Sendable {
    /// Overwrite content that is in no version.
    package var force = false
    /// Place files anew that are right already, so that they become links as the settings say now.
    package var relink = false
    /// Leave out what the cache lacks, and tell of it, in place of an error before anything changes.
    package var allowsMissing = false
    /// Told how many files are placed.
    package var onProgress: DataProgress?

    /// Options that lose nothing.
    package init(force: Bool = false, relink: Bool = false, allowsMissing: Bool = false) {
        self.force = force
        self.relink = relink
        self.allowsMissing = allowsMissing
    }
}

/// What changed in the work tree.
package struct CheckoutReport: Sendable {
    /// How a path changed.
    package enum Kind: String, Sendable, CaseIterable {
        case modified, added, deleted
    }

    /// The paths that changed, in the order of the pointers.
    package internal(set) var changes: [(path: String, kind: Kind, isDirectory: Bool)] = []
    /// How many files each kind of change took.
    package internal(set) var files: [Kind: Int] = [:]
    /// The paths whose content the cache lacks.
    package internal(set) var missing: [String] = []

    mutating func count(_ kind: Kind, _ number: Int) {
        if number > 0 { files[kind, default: 0] += number }
    }
}

extension DataRepository {
    /// Puts contents into the work tree, and tells the paths that changed.
    ///
    /// - Throws: As ``checkout(_:_:)``.
    package func checkout(_ pointers: [DataPointer], force: Bool = false) async throws -> [String] {
        try await checkout(pointers, CheckoutOptions(force: force)).changes.map(\.path)
    }

    /// Puts contents into the work tree.
    ///
    /// All pointers are looked at before anything changes. Files that are right already are not touched, those that change
    /// are replaced one by one, whole: after a crash in the middle a second checkout goes on.
    ///
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite` unless `force` is set, `.missingContent`, `.corruptContent`,
    ///   `.invalidPath`, `.locked`.
    package func checkout(_ pointers: [DataPointer], _ options: CheckoutOptions) async throws -> CheckoutReport {
        let lock = try lock(reading: [], writing: pointers.map(\.path))
        defer { lock.release() }
        var report = CheckoutReport()
        for isLegacy in [false, true] {
            let part = pointers.filter { $0.isLegacy == isLegacy }
            guard !part.isEmpty else { continue }
            let changes = try await CheckoutPlan(repository: self, options: options, isLegacy: isLegacy)
                .changes(to: part, &report)
            for change in changes { try await apply(change, options, &report) }
        }
        return report
    }

    private func apply(_ change: CheckoutPlan.Change, _ options: CheckoutOptions, _ report: inout CheckoutReport) async throws {
        let target = root.appending(change.pointer.path)
        let (name, isDirectory) = (change.pointer.path, change.pointer.isDirectory)
        let force = options.force
        try await BlockingPool.shared.run(cancellable: { flag in
            for path in change.links + change.removed {
                try flag.check()
                try FileSystem.removeTree(path.isEmpty ? target : target.appending(path))
                removeEmptyFolders(above: path, in: target)
            }
            try makeRoom(at: target, isDirectory: isDirectory, name: name, force: force)
        })
        let table = change.wanted
        let rows = SharedRows(table.rows)
        let folder = try OpenFolder(isDirectory ? target : root)
        let placer = try FilePlacer(cache, isLegacy: change.pointer.isLegacy, target: folder, root: root)
        let placed = change.placed
        let counter = Counter(total: placed.count, options.onProgress)
        let isExecutable = change.pointer.isExecutable && !isDirectory
        try await Workers.run(placed.count, make: { ReadBuffer() }) { number, buffer, flag in
            let position = placed[number]
            try table.withCPath(position) { path in
                try placer.place(path, isExecutable: isExecutable, &rows[position], name: name, buffer, flag)
            }
            counter.advance()
        }
        if isDirectory, !change.pointer.isLegacy {
            // The next look knows what was placed.
            var now = table
            now.rows = rows.all
            let (index, listing) = (StatIndex(root: root), MD5Digest(hex: String(change.pointer.md5.prefix(32))) ?? .none)
            let known = StatIndex.Known(table: now, listing: listing)
            try await BlockingPool.shared.run { index.save(known, folder: name, since: .now) }
        }
        report.changes.append((name, change.kind, isDirectory))
        report.count(.added, change.added)
        report.count(.modified, change.placed.count - change.added)
        report.count(.deleted, change.removed.count)
    }
}

/// Removes the folders that a removed file leaves empty.
private func removeEmptyFolders(above path: String, in target: FilePath) {
    var parts = ProjectPath.parts(path)
    while parts.popLast() != nil, !parts.isEmpty {
        // A folder that is not empty refuses, and stays.
        guard (try? FileSystem.remove(target.appending(parts.joined(separator: "/")))) != nil else { return }
    }
}

/// Leaves at `target` nothing that is not of the wanted kind: a folder, or a file to be replaced.
private func makeRoom(at target: FilePath, isDirectory: Bool, name: String, force: Bool) throws {
    // What has no status is not there.
    let status = try? FileSystem.status(of: target, followingLinks: false)
    if isDirectory {
        if let status, !status.isDirectory { try FileSystem.remove(target) }
        return try FileSystem.createDirectory(target)
    }
    try FileSystem.createDirectory(target.removingLastComponent())
    guard status?.isDirectory == true else { return }
    do {
        if force { try FileSystem.removeTree(target) } else { try removeFolders(target) }
    } catch {
        throw DataVersionsError(
            .wouldOverwrite,
            what: "cannot restore `\(name)`",
            why: "a folder with files that `.dvcignore` leaves out is in its place",
            next: "move it away, or pass `--force`",
            cause: error
        )
    }
}

/// Removes a folder that holds nothing but folders.
private func removeFolders(_ path: FilePath) throws {
    for name in try FileSystem.list(path) where FileSystem.isDirectory(path.appending(name)) {
        try removeFolders(path.appending(name))
    }
    try FileSystem.remove(path)
}
