// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import ObjectStorage
import SystemPackage
import Tracking

/// What Sacred's MongoDB observer wrote, as a dump: runs, their metrics, and files in GridFS.
///
/// Places of documents are in memory, the documents are not.
struct SacredDump: ImportSource {
    private struct Chunk {
        let number: Int64
        let place: Range<Int64>
    }

    private struct Index {
        /// Places of runs by their experiment.
        var runs: [String: [Range<Int64>]] = [:]
        /// Places of metrics by the run.
        var metrics: [String: [Range<Int64>]] = [:]
        /// Sizes and digests of files.
        var files: [String: (size: Int64, digest: String?)] = [:]
        var chunks: [String: [Chunk]] = [:]
    }

    let root: FilePath
    private let runs: DumpFile
    private let metrics: DumpFile?
    private let chunks: DumpFile?
    private let index: Index
    var name: String { "`\(root)`" }

    /// The dump in a folder, or in the one database below it; nil if there is none.
    ///
    /// - Throws: ``TransferError`` `.damaged` if a file is, before anything is taken of it.
    static func find(_ root: FilePath) async throws -> SacredDump? {
        var folder = root
        if try collection("runs", in: folder) == nil {
            let below = try FileSystem.list(folder).map { root.appending($0) }.filter { FileSystem.isDirectory($0) }
            let found = try below.filter { try collection("runs", in: $0) != nil }
            guard found.count == 1, let only = found.first else { return nil }
            folder = only
        }
        guard let runs = try collection("runs", in: folder) else { return nil }
        let (metrics, files, chunks) = (
            try collection("metrics", in: folder), try collection("fs.files", in: folder),
            try collection("fs.chunks", in: folder)
        )
        var index = Index()
        try await runs.forEach { place, value in
            index.runs[run(value).experiment, default: []].append(place)
        }
        try await metrics?.forEach { place, value in
            if let run = value["run_id"]?.text { index.metrics[run, default: []].append(place) }
        }
        try await files?.forEach { _, value in
            if let id = value["_id"]?.text {
                index.files[id] = (value["length"]?.integer ?? 0, value["md5"]?.text)
            }
        }
        try await chunks?.forEach { place, value in
            guard let id = value["files_id"]?.text, let number = value["n"]?.integer else { return }
            index.chunks[id, default: []].append(Chunk(number: number, place: place))
        }
        return SacredDump(root: root, runs: runs, metrics: metrics, chunks: chunks, index: index)
    }

    /// The file of a collection, whose name may have a prefix; nil if there is none.
    private static func collection(_ name: String, in folder: FilePath) throws -> DumpFile? {
        let files = try FileSystem.list(folder)
        for suffix in [".bson", ".json"] {
            let found = files.first { $0 == name + suffix } ?? files.first { $0.hasSuffix("_" + name + suffix) }
            if let found { return DumpFile(store: try FolderStore(root: folder), key: try ObjectKey(found)) }
        }
        return nil
    }

    private static func run(_ value: DumpValue) -> SacredRun {
        SacredRun(id: value["_id"]?.text ?? "", entry: value, config: value["config"] ?? .null)
    }

    func experiments() async throws -> [SourceExperiment] {
        index.runs.keys.sorted().map {
            SourceExperiment(id: $0, record: ExperimentRecord(name: $0, createdMs: 0))
        }
    }

    func runCount(in experiments: [SourceExperiment]) async throws -> Int? {
        experiments.map { index.runs[$0.id]?.count ?? 0 }.reduce(0, +)
    }

    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        for place in index.runs[experiment.id] ?? [] {
            let sacred = Self.run(try await runs.document(at: place))
            let run: SourceRun
            do {
                run = try self.run(sacred)
            } catch {
                try await skip(SkippedItem("run \(sacred.id)", explained(error)))
                continue
            }
            try await body(run)
        }
    }

    private func run(_ sacred: SacredRun) throws -> SourceRun {
        var record = try sacred.record()
        var files: [(path: String, id: String)] = []
        for artifact in sacred.entry["artifacts"]?.list ?? [] {
            guard let name = artifact["name"]?.text, let id = artifact["file_id"]?.text else { continue }
            files.append((name, id))
        }
        for (folder, list) in [
            ("sources", sacred.entry["experiment"]?["sources"]?.list), ("resources", sacred.entry["resources"]?.list),
        ] {
            for item in list ?? [] {
                guard let name = item.list.first?.text, let id = item.list.dropFirst().first?.text else { continue }
                files.append(("\(folder)/\(FileName.allowed(name))", id))
                guard folder == "resources" else { continue }
                record.inputs.append(
                    DatasetInput(
                        name: String(name.split(separator: "/").last ?? Substring(name)),
                        digest: index.files[id]?.digest ?? id,
                        sourceType: "local",
                        source: name
                    )
                )
            }
        }
        var small = [SourceFile(path: "config.json", bytes: Array(sacred.config.json.utf8))]
        if let output = sacred.entry["captured_out"]?.text, !output.isEmpty {
            small.append(SourceFile(path: "cout.txt", bytes: Array(output.utf8)))
        }
        // The metrics stand in a collection of their own.
        let info = sacred.entry["info"]?.members.filter { $0.key != "metrics" } ?? []
        if !info.isEmpty { small.append(SourceFile(path: "info.json", bytes: Array(DumpValue.object(info).json.utf8))) }
        let (given, stored) = (small, files)
        var run = SourceRun(id: sacred.id, record: record, artifacts: .none)
        run.artifacts.forEach = { body in
            for file in given { try await body(file) }
            for (path, id) in stored { try await body(file(path, id)) }
        }
        run.result = sacred.result(record)
        return run
    }

    private func file(_ path: String, _ id: String) -> SourceFile {
        let size = index.files[id]?.size
        let places = (index.chunks[id] ?? []).sorted { $0.number < $1.number }
        return SourceFile(path: path, size: size) { [chunks] store, key in
            let isWhole = places.map(\.number) == Array(0..<Int64(places.count))
            guard let chunks, isWhole, let size else {
                throw ObjectStorageError(
                    .failed,
                    what: "cannot read `\(path)`",
                    why: "the dump lacks parts of its content"
                )
            }
            return try await store.put(
                key,
                limit: nil,
                ChunkedFile(chunks: chunks, places: places.map(\.place), size: size)
            )
        }
    }

    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws {
        for place in index.metrics[run.id] ?? [] {
            guard let series = try await metrics?.document(at: place), let name = series["name"]?.text else { continue }
            let key = KeyName.allowed(name)
            try await body(key, try SacredRun.points(series, of: key))
        }
        if let result = run.result { try await body(result.key, [result]) }
    }
}

/// A file of GridFS as it comes, chunk by chunk.
private struct ChunkedFile: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let chunks: DumpFile
    let places: [Range<Int64>]
    let size: Int64

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: ChunkedFile
        var next = 0
        var count: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            guard next < file.places.count else {
                guard count == file.size else {
                    throw ObjectStorageError(
                        .failed,
                        what: "cannot read a file of the dump",
                        why: "it has \(count) of \(file.size) bytes"
                    )
                }
                return nil
            }
            guard case .bytes(let bytes) = try await file.chunks.document(at: file.places[next])["data"] else {
                throw ObjectStorageError(.failed, what: "cannot read a file of the dump", why: "a chunk has no data")
            }
            next += 1
            count += Int64(bytes.count)
            return ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: self) }
}
