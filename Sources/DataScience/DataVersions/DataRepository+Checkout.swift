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

    /// A report of nothing yet.
    package init() {}

    /// Both reports in one.
    package func adding(_ other: CheckoutReport) -> CheckoutReport {
        var result = self
        result.changes = other.changes + changes
        result.files.merge(other.files) { $0 + $1 }
        result.missing += other.missing
        return result
    }

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
        let lock = try await waitForLock(reading: [], writing: pointers.map(\.path))
        defer { lock.release() }
        try await unpack(pointers)
        var report = CheckoutReport()
        for isLegacy in [false, true] {
            let part = pointers.filter { $0.isLegacy == isLegacy }
            guard !part.isEmpty else { continue }
            let changes = try await CheckoutPlan(repository: self, options: options, isLegacy: isLegacy)
                .changes(to: part, &report)
            for change in changes where change.pointer.isDirectory { try await apply(change, options, &report) }
            try await apply(files: changes.filter { !$0.pointer.isDirectory }, isLegacy, options, &report)
        }
        let order = Dictionary(pointers.enumerated().map { ($1.path, $0) }) { first, _ in first }
        PlacedData(root: root).note(pointers.map(\.path).filter { !report.missing.contains($0) })
        report.changes.sort { order[$0.path] ?? 0 < order[$1.path] ?? 0 }
        return report
    }

    /// Puts outputs, or parts of them, into the work tree.
    ///
    /// - Throws: As ``checkout(_:_:)``; `.unknownTarget` for a part that the output does not have.
    package func checkout(
        _ choices: [OutputTargets.Choice],
        _ options: CheckoutOptions
    ) async throws -> CheckoutReport {
        var pointers: [DataPointer] = []
        var missing: [String] = []
        for choice in choices {
            guard let pointer = choice.output.pointer, choice.output.isCached else { continue }
            guard let part = choice.part else {
                pointers.append(pointer)
                continue
            }
            let cache = cache
            let table: FileTable
            do {
                table = try await BlockingPool.shared.run {
                    try cache.listing(pointer.md5, name: pointer.path, isLegacy: pointer.isLegacy)
                }
            } catch let error as DataVersionsError where error.code == .missingContent && options.allowsMissing {
                missing.append("\(pointer.path)/\(part)")
                continue
            }
            let rows = (0..<table.count).filter { row in
                let path = table.path(row)
                return path == part || path.hasPrefix(part + "/")
            }
            guard !rows.isEmpty else {
                throw DataVersionsError(
                    .unknownTarget,
                    what: "cannot restore `\(pointer.path)/\(part)`",
                    why: "`\(choice.output.address)` names `\(pointer.path)`, which has no such part"
                )
            }
            for row in rows {
                let path = "\(pointer.path)/\(table.path(row))"
                let md5 = table.rows[row].digest.hex
                pointers.append(DataPointer(path: path, md5: md5, size: 0, isLegacy: pointer.isLegacy))
            }
        }
        var report = try await checkout(pointers, options)
        report.missing += missing
        return report
    }

    /// What to say where the cache lacked content of these paths.
    package func missingContent(_ paths: [String]) -> DataVersionsError {
        let names = paths.prefix(5).map { "`\($0)`" }.joined(separator: ", ") + (paths.count > 5 ? ", …" : "")
        return DataVersionsError(
            .missingContent,
            what: "cannot restore \(names)",
            why: "the cache lacks content of it",
            next: "fetch it by `gyre pull`, or pass `--allow-missing`"
        )
    }

    /// Places single files, all by one placer.
    private func apply(
        files changes: [CheckoutPlan.Change],
        _ isLegacy: Bool,
        _ options: CheckoutOptions,
        _ report: inout CheckoutReport
    ) async throws {
        guard !changes.isEmpty else { return }
        let (root, force) = (root, options.force)
        try await BlockingPool.shared.run(cancellable: { flag in
            for change in changes {
                try flag.check()
                let target = root.appending(change.pointer.path)
                if try FileSystem.isDirectory(target) && !FileSystem.status(of: target, followingLinks: false).isSymlink
                {
                    for path in change.removed where !path.isEmpty { try FileSystem.removeTree(target.appending(path)) }
                }
                try makeRoom(at: target, isDirectory: false, name: change.pointer.path, force: force)
            }
        })
        var table = FileTable()
        for change in changes {
            table.append(change.pointer.path, digest: MD5Digest(hex: change.pointer.md5) ?? .none)
        }
        let rows = SharedRows(table.rows)
        let placer = try FilePlacer(cache, isLegacy: isLegacy, target: try OpenFolder(root), root: root)
        let counter = Counter(total: changes.count, options.onProgress)
        let places = table
        try await Workers.run(changes.count, make: { ReadBuffer() }) { number, buffer, flag in
            let pointer = changes[number].pointer
            try places.withCPath(number) { path in
                try placer.place(
                    path,
                    isExecutable: pointer.isExecutable,
                    &rows[number],
                    name: pointer.path,
                    buffer,
                    flag
                )
            }
            counter.advance()
        }
        table.rows = rows.all
        var index = StatIndex(root: root)
        index.isLegacy = isLegacy
        let (known, placed) = (index, table.sorted())
        try await BlockingPool.shared.run { known.add(files: placed, since: .now) }
        for change in changes {
            report.changes.append((change.pointer.path, change.kind, false))
            report.count(change.kind, 1)
        }
    }

    private func apply(
        _ change: CheckoutPlan.Change,
        _ options: CheckoutOptions,
        _ report: inout CheckoutReport
    ) async throws {
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
            let (index, listing) = (
                StatIndex(root: root), MD5Digest(hex: String(change.pointer.md5.prefix(32))) ?? .none
            )
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
