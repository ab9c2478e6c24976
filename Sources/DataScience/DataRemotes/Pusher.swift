// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import SystemPackage

/// Sends what the cache has and a remote lacks.
///
/// A folder's listing goes behind all of its files: where it is, they are too. Stopped at any instant, a push can be run again,
/// and sends what is missing still.
package struct Pusher: Sendable {
    let cache: LocalObjects
    let remote: DataRemote
    let watch: TransferWatch
    private let chunking: Chunking?

    /// A way from a cache to a remote; large contents go as chunks if that is wished.
    package init(from cache: LocalObjects, to remote: DataRemote, watch: TransferWatch, chunking: Chunking? = nil) {
        self.cache = cache
        self.remote = remote
        self.watch = watch
        self.chunking = chunking
    }

    /// A folder, and what it needs on the remote before its listing may go there.
    private struct Folder: Sendable {
        let listing: DataObject
        let name: String
        let files: [DataObject]
    }

    /// Sends the contents of those outputs that remotes should have.
    package func push(_ outputs: [SelectedOutput]) async throws -> TransferReport {
        guard let chunking else { return try await push(outputs, nil) }
        return try await marked { marks in try await push(outputs, (chunking, marks)) }
    }

    private func push(
        _ outputs: [SelectedOutput],
        _ chunking: (settings: Chunking, marks: RemoteMarks)?
    ) async throws -> TransferReport {
        let outputs = outputs.filter(\.output.isShared)
        var report = TransferReport()
        var wanted = NamedObjects()
        let tops = Set(outputs.map(\.output.object))
        let listed = try await existing(tops.filter(\.isListing))
        var folders: [Folder] = []
        for selected in outputs {
            let output = selected.output
            guard output.object.isListing else {
                wanted.add(output.object, output.path)
                continue
            }
            if listed.contains(output.object) {
                report.kept += 1
                continue
            }
            guard let files = try await BlockingPool.shared.run({ try cache.files(of: output.object) }) else {
                report.missing.append(MissingObject(name: output.path, md5: output.object.md5))
                continue
            }
            let chosen = files.filter { PartPath.holds(selected.part, $0.path) }
            for file in chosen { wanted.add(file.object, "\(output.path)/\(file.path)") }
            // A part of a folder does not make its listing true.
            if selected.part == nil {
                folders.append(Folder(listing: output.object, name: output.path, files: chosen.map(\.object)))
            }
        }
        let there = try await existing(Set(wanted.objects))
        report.kept += there.count
        let needed = wanted.objects.filter { !there.contains($0) }
        let here = try await cache.present(needed)
        let sources = try await chunking?.settings.sources(of: needed, here: here, in: cache) ?? []
        let chunked = Set(sources.map(\.object))
        let absent = needed.filter { !here.contains($0) && !chunked.contains($0) }
        let packs = cache.packs
        let packed = try await BlockingPool.shared.run { packs.packed(absent.filter { !$0.isLegacy }.map(\.md5)) }
        func isPacked(_ object: DataObject) -> Bool { !object.isLegacy && packed.contains(object.md5) }
        for object in absent where !isPacked(object) {
            report.missing.append(MissingObject(name: wanted.name(object), md5: object.md5))
        }
        let sendable = needed.filter { !chunked.contains($0) && (here.contains($0) || isPacked($0)) }
        watch.begin(sendable.count + sources.count + folders.count)
        let sent = try await send(sendable, wanted, packed: Set(absent.filter(isPacked)))
        report.add(sent.report)
        var whole = there.union(sent.done)
        if let chunking, !sources.isEmpty {
            let cut = try await send(sources, wanted, chunking.marks)
            report.add(cut.report)
            whole.formUnion(cut.done)
        }
        report.add(try await send(folders, whole: whole))
        return report
    }

    private func send(
        _ objects: [DataObject],
        _ names: NamedObjects,
        packed: Set<DataObject> = []
    ) async throws -> (report: TransferReport, done: Set<DataObject>) {
        guard !objects.isEmpty else { return (TransferReport(), []) }
        let (cache, storage) = (cache, remote.storage)
        let result = try await Mover(concurrency: remote.concurrency, watch: watch).move(objects, named: names) {
            object in
            guard packed.contains(object) else {
                return try await storage.send(object.key, from: cache.path(object), md5: object.contentHash)
            }
            // The cache keeps it packed.
            let scratch = try FileSystem.temporaryDirectory(prefix: "gyre-push")
            defer {
                // It lies in the system's folder for such things.
                try? FileSystem.removeTree(scratch)
            }
            let file = scratch.appending("content")
            try await BlockingPool.shared.run(cancellable: { try cache.packs.write(object.md5, to: file, $0) })
            return try await storage.send(object.key, from: file, md5: object.contentHash)
        }
        try await storage.finish()
        return result
    }

    private func send(_ folders: [Folder], whole: Set<DataObject>) async throws -> TransferReport {
        var names = NamedObjects()
        for folder in folders where folder.files.allSatisfy(whole.contains) { names.add(folder.listing, folder.name) }
        return try await send(names.objects, names).report
    }

    private func existing(_ objects: Set<DataObject>) async throws -> Set<DataObject> {
        try await RemoteChunks(of: remote).holding(objects)
    }
}

/// Parts of a folder.
enum PartPath {
    /// Whether a file of a folder belongs to a part of it; all do if that is nil.
    static func holds(_ part: String?, _ path: String) -> Bool {
        guard let part else { return true }
        return ProjectPath.parts(path).starts(with: ProjectPath.parts(part))
    }
}
