// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// How the data of two versions differs, file by file.
package struct DataDiff: Sendable {
    /// How a file or folder differs; the words are DVC's, in the order in which it tells them.
    package enum Kind: String, Sendable, CaseIterable {
        case added, deleted, modified, renamed
        /// The cache lacks the older content.
        case notInCache = "not in cache"
    }

    /// A file or folder that differs.
    package struct Entry: Sendable, Hashable {
        /// The path relative to the project; of a folder with a slash at its end.
        package let path: String
        /// The path that it has now, if that is another one.
        package var newPath: String?
        /// The older hash; of what is added, the newer.
        package let hash: String?
        /// The newer hash of what is modified.
        package var newHash: String?
    }

    /// What differs, sorted by path.
    package internal(set) var entries: [Kind: [Entry]] = [:]

    /// Whether nothing differs.
    package var isEmpty: Bool { entries.isEmpty }

    /// A file or folder of one version.
    struct Item: Sendable {
        let hash: String
        let isDirectory: Bool
    }

    /// Compares two versions by the paths of their files and folders.
    init(from old: [String: Item], to new: [String: Item], unknown: [String], lacking: [Entry]) {
        func isKnown(_ path: String) -> Bool { !unknown.contains { path.hasPrefix($0 + "/") } }
        func shown(_ path: String, _ item: Item) -> String { item.isDirectory ? path + "/" : path }
        var added: [(path: String, item: Item)] = []
        var deleted: [String: [(path: String, item: Item)]] = [:]
        for (path, item) in new {
            if let before = old[path] {
                guard before.hash != item.hash else { continue }
                let entry = Entry(path: shown(path, before), hash: before.hash, newHash: item.hash)
                entries[.modified, default: []].append(entry)
            } else if isKnown(path) {
                added.append((path, item))
            }
        }
        for (path, item) in old where new[path] == nil && isKnown(path) {
            deleted[item.hash, default: []].append((path, item))
        }
        // The last of the names is taken first.
        for hash in deleted.keys { deleted[hash]?.sort { $0.path > $1.path } }
        for (path, item) in added.sorted(by: { $0.path < $1.path }) {
            if let before = deleted[item.hash]?.popLast() {
                let entry = Entry(path: shown(before.path, before.item), newPath: shown(path, item), hash: item.hash)
                entries[.renamed, default: []].append(entry)
            } else {
                entries[.added, default: []].append(Entry(path: shown(path, item), hash: item.hash))
            }
        }
        for (path, item) in deleted.values.joined() {
            entries[.deleted, default: []].append(Entry(path: shown(path, item), hash: item.hash))
        }
        if !lacking.isEmpty { entries[.notInCache] = lacking }
        for kind in entries.keys {
            entries[kind]?.sort { $0.path.unicodeScalars.lexicographicallyPrecedes($1.path.unicodeScalars) }
        }
    }
}

extension DataRepository {
    /// How data differs between two commits, or between one and the work tree.
    ///
    /// - Parameters:
    ///   - old: A commit by any name that git knows.
    ///   - new: Another one; nil for the work tree.
    ///   - targets: Only what lies at or below these paths, relative to the project; all if there are none.
    ///   - sources: Who names outputs besides `.dvc` files.
    /// - Returns: What differs.
    /// - Throws: ``DataVersionsError`` `.git` for a commit that is not there, `.unknownTarget`.
    package func diff(
        from old: String,
        to new: String?,
        targets: [String] = [],
        sources: [any OutputSource] = []
    ) async throws -> DataDiff {
        let git = Git(root: root)
        func commit(_ name: String) async throws -> String {
            guard let found = try await git.commit(named: name) else {
                throw DataVersionsError(.git, what: "cannot compare with `\(name)`", why: "there is no such commit")
            }
            return found.id
        }
        // A repository without a commit has nothing to compare with.
        guard try await git.commitIfAny() != nil else { return DataDiff(from: [:], to: [:], unknown: [], lacking: []) }
        var unknown: [String] = []
        let before = try await items(.commit(try await commit(old), in: root), targets, sources, &unknown)
        let after: [String: DataDiff.Item]
        if let new {
            after = try await items(.commit(try await commit(new), in: root), targets, sources, &unknown)
        } else {
            after = try await currentItems(targets, sources)
        }
        for target in targets where !(before.keys.contains(target) || after.keys.contains(target)) {
            throw DataVersionsError(
                .unknownTarget,
                what: "cannot compare `\(target)`",
                why: "neither version has data of that path"
            )
        }
        let lacking = new == nil ? lacking(before) : []
        return DataDiff(from: before, to: after, unknown: unknown, lacking: lacking)
    }

    /// What the files of a tree name, with what lies in folders if that is `granular`; folders whose list is not there are
    /// `unknown` then.
    func items(
        _ tree: FileTree,
        _ targets: [String],
        _ sources: [any OutputSource],
        _ unknown: inout [String],
        granular: Bool = true
    ) async throws -> [String: DataDiff.Item] {
        var outputs = try await PointerFiles().outputs(in: tree)
        for source in sources { outputs += try await source.outputs(in: tree) }
        var items: [String: DataDiff.Item] = [:]
        for output in outputs where Self.isWanted(output.path, targets) {
            guard let pointer = output.pointer, output.isCached else { continue }
            items[output.path] = DataDiff.Item(hash: pointer.md5, isDirectory: pointer.isDirectory)
            guard granular, pointer.isDirectory else { continue }
            guard cache.holds(pointer.md5, isLegacy: pointer.isLegacy) else {
                unknown.append(output.path)
                continue
            }
            let cache = cache
            let table = try await BlockingPool.shared.run {
                try cache.listing(pointer.md5, name: pointer.path, isLegacy: pointer.isLegacy)
            }
            Self.add(table, of: output.path, to: &items)
        }
        return items.filter { Self.isAsked($0.key, targets) }
    }

    /// What lies in the work tree at the paths that its files name.
    func currentItems(
        _ targets: [String],
        _ sources: [any OutputSource],
        granular: Bool = true
    ) async throws -> [String: DataDiff.Item] {
        let outputs = try await outputs(sources).filter { $0.isCached && Self.isWanted($0.path, targets) }
        var items: [String: DataDiff.Item] = [:]
        for isLegacy in [false, true] {
            let part = outputs.filter { ($0.hashKind == .md5Dos2unix) == isLegacy }
            guard !part.isEmpty else { continue }
            var tree = WorkTree(root: root, cache: cache)
            tree.isLegacy = isLegacy
            for case let image? in try await tree.images(of: part.map(\.path)) {
                items[image.path] = DataDiff.Item(hash: image.pointer.md5, isDirectory: image.isDirectory)
                if granular, image.isDirectory { Self.add(image.table, of: image.path, to: &items) }
            }
        }
        return items.filter { Self.isAsked($0.key, targets) }
    }

    private static func add(_ table: FileTable, of path: String, to items: inout [String: DataDiff.Item]) {
        for row in 0..<table.count {
            items["\(path)/\(table.path(row))"] = DataDiff.Item(hash: table.rows[row].digest.hex, isDirectory: false)
        }
    }

    /// The older content that the cache lacks.
    private func lacking(_ items: [String: DataDiff.Item]) -> [DataDiff.Entry] {
        items.compactMap { path, item in
            if cache.holds(item.hash) || cache.holds(item.hash, isLegacy: true) { return nil }
            return DataDiff.Entry(path: item.isDirectory ? path + "/" : path, hash: item.hash)
        }
    }

    /// Whether an output has to do with the targets.
    private static func isWanted(_ path: String, _ targets: [String]) -> Bool {
        targets.isEmpty || targets.contains { ProjectPath.overlap($0, path) }
    }

    private static func isAsked(_ path: String, _ targets: [String]) -> Bool {
        targets.isEmpty || targets.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}
