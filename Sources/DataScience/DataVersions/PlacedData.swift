// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// The paths whose data was put into the work tree or taken from it, so that what a commit no longer names can be removed.
///
/// A line for each in `.dvc/tmp/gyre/placed`. Losing it means that such data stays.
struct PlacedData: Sendable {
    private let file: FilePath

    init(root: FilePath) { file = root.pushing(".dvc/tmp/gyre/placed") }

    /// The paths, sorted.
    func paths() -> [String] {
        // What cannot be read tells nothing.
        guard let text = try? FileReader.text(of: file) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }

    /// Adds and removes paths.
    func note(_ added: [String], without removed: Set<String> = []) {
        let old = paths()
        let new = Set(old).union(added).subtracting(removed)
        guard new != Set(old) else { return }
        let lines = new.sorted().map { $0 + "\n" }.joined()
        // Without the note nothing is removed, which loses nothing.
        try? FileSystem.createDirectory(file.removingLastComponent())
        try? AtomicFile.write(lines, to: file)
    }
}

extension DataRepository {
    /// Removes data that was put into the work tree before and that no output names any more, as after `git switch`.
    ///
    /// Only what is as it was and whole in the cache goes.
    ///
    /// - Parameter outputs: All outputs that the work tree names.
    /// - Returns: What went.
    /// - Throws: ``DataVersionsError`` `.locked`, ``FilesError``.
    package func removeUnnamed(besides outputs: [TrackedOutput]) async throws -> CheckoutReport {
        var report = CheckoutReport()
        let placed = PlacedData(root: root)
        let candidates = placed.paths().filter { path in !outputs.contains { ProjectPath.overlap($0.path, path) } }
        guard !candidates.isEmpty else { return report }
        let lock = try await waitForLock(writing: candidates)
        defer { lock.release() }
        // Git holds what it tracks now.
        let tracked = try await Git(root: root).trackedFiles(below: candidates)
        let own = candidates.filter { path in !tracked.contains { ProjectPath.overlap($0, path) } }
        let images = try await WorkTree(root: root, cache: cache).images(of: own)
        for case let image? in images {
            let (cache, root) = (cache, root)
            let isGone = try await BlockingPool.shared.run(cancellable: { flag in
                let buffer = ReadBuffer()
                guard try image.table.rows.allSatisfy({ try cache.isWhole($0.digest, isLegacy: false, buffer, flag) })
                else { return false }
                let place = root.appending(image.path)
                guard !image.isDirectory else {
                    // What `.dvcignore` leaves out stays, and the folder with it.
                    for row in 0..<image.table.count {
                        try FileSystem.remove(place.pushing(FilePath(image.table.path(row))))
                    }
                    try Self.removeEmptyFolders(place)
                    return true
                }
                try FileSystem.remove(place)
                return true
            })
            guard isGone else { continue }
            report.changes.append((image.path, .deleted, image.isDirectory))
            report.count(.deleted, image.table.count)
        }
        placed.note([], without: Set(candidates))
        return report
    }

    private static func removeEmptyFolders(_ path: FilePath) throws {
        for entry in try FileSystem.entries(of: path) where entry.kind == .folder {
            try removeEmptyFolders(path.appending(entry.component))
        }
        // A folder that holds something refuses, and stays.
        try? FileSystem.remove(path)
    }
}
