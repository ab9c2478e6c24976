// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files

/// Sends contents as chunks: of each those that the remote lacks, then its manifest.
///
/// Contents are cut one behind another, and their chunks are sent side by side, some ten MiB at a time; the next are cut meanwhile.
struct ChunkPusher: Sendable {
    /// So many chunks are asked for at once: about 64 MiB.
    private static let width = 1_024
    /// Where nothing gets through, the thousandth failure says no more than the tenth.
    private static let failureLimit = 10

    let chunks: RemoteChunks
    let concurrency: Int
    let watch: TransferWatch
    /// Kept young while this lasts.
    let marks: RemoteMarks

    /// Some chunks in a row, and the contents that end among them.
    private struct Window: Sendable {
        var chunks: [(content: Int, chunk: LocalChunk)] = []
        var ended: [(content: Int, isWhole: Bool)] = []
        var failed: [(content: Int, error: any Error)] = []
    }

    /// What is cut next.
    private struct Reading: Sendable {
        var sources: ArraySlice<(content: Int, source: ChunkSource)>

        /// Reads until there are enough chunks; a content that cannot be read is left out.
        mutating func next(_ flag: CancellationFlag) throws -> Window? {
            guard !sources.isEmpty else { return nil }
            var window = Window()
            while window.chunks.count < ChunkPusher.width, let (content, first) = sources.popFirst() {
                var source = first
                do {
                    window.chunks += try source.next(ChunkPusher.width, flag).map { (content, $0) }
                } catch let error as CancellationError {
                    throw error
                } catch {
                    window.failed.append((content, error))
                    continue
                }
                if source.isFinished {
                    window.ended.append((content, source.isWhole))
                } else {
                    sources = [(content, source)] + sources
                }
            }
            return window
        }
    }

    /// Sends contents.
    ///
    /// - Parameters:
    ///   - sources: The contents.
    ///   - names: How people know them.
    /// - Returns: What was sent, and which contents are on the remote now.
    /// - Throws: What keeps all of them from being sent; what concerns one content is in the report.
    func push(
        _ sources: [(object: DataObject, source: ChunkSource)],
        _ names: NamedObjects
    ) async throws -> (report: TransferReport, done: Set<DataObject>) {
        var run = Run(pusher: self, objects: sources.map(\.object))
        var next = try await Self.read(Reading(sources: sources.enumerated().map { ($0, $1.source) }[...]))
        while let (window, reading) = next {
            guard run.errors.count < Self.failureLimit else { break }
            async let following = Self.read(reading)
            try await marks.renew()
            try await run.send(window)
            next = try await following
        }
        return run.result(names)
    }

    private static func read(_ reading: Reading) async throws -> (Window, Reading)? {
        try await BlockingPool.shared.run(cancellable: { flag in
            var reading = reading
            return try reading.next(flag).map { ($0, reading) }
        })
    }

    /// What is known between two windows.
    private struct Run {
        let pusher: ChunkPusher
        let objects: [DataObject]
        var errors: [(content: Int, error: any Error)] = []
        private var lists: [Int: ChunkList] = [:]
        private var sentBytes: Int64 = 0
        private var savedBytes: Int64 = 0
        private var done: Set<DataObject> = []
        /// Chunks that are there for certain; some, so that it stays small.
        private var known: Set<ChunkID> = []

        init(pusher: ChunkPusher, objects: [DataObject]) {
            self.pusher = pusher
            self.objects = objects
        }

        mutating func send(_ window: Window) async throws {
            for (content, error) in window.failed { fail(content, error) }
            try await sendChunks(window.chunks)
            for (content, chunk) in window.chunks { lists[content, default: ChunkList()].add(chunk.entry) }
            var whole: [Int] = []
            for (content, isWhole) in window.ended {
                if isWhole {
                    whole.append(content)
                } else {
                    fail(content, ChunkPusher.damaged(objects[content]))
                }
            }
            let failed = Set(errors.map(\.content))
            try await sendManifests(whole.filter { !failed.contains($0) })
            for (content, _) in window.ended { lists[content] = nil }
        }

        private mutating func fail(_ content: Int, _ error: any Error) {
            if !errors.contains(where: { $0.content == content }) { errors.append((content, error)) }
        }

        private mutating func sendChunks(_ chunks: [(content: Int, chunk: LocalChunk)]) async throws {
            var wanted: [ChunkID: LocalChunk] = [:]
            for (_, chunk) in chunks where !known.contains(chunk.entry.id) { wanted[chunk.entry.id] = chunk }
            let storage = pusher.chunks.storage
            let there = try await storage.existing(wanted.keys.map(RemoteChunks.key))
            let lacking = wanted.values.filter { !there.contains(RemoteChunks.key($0.entry.id)) }
            let results = try await Concurrently.map(lacking, limit: pusher.concurrency) { chunk -> (any Error)? in
                do {
                    guard let bytes = try await BlockingPool.shared.run({ try chunk.read() }) else {
                        throw ChunkPusher.changed(chunk.entry.id)
                    }
                    try await storage.send(RemoteChunks.key(chunk.entry.id), bytes: bytes)
                    return nil
                } catch let error as CancellationError {
                    throw error
                } catch {
                    return error
                }
            }
            // A manifest says that its chunks are there: they are so first.
            try await storage.finish()
            var failures: [ChunkID: any Error] = [:]
            for (chunk, error) in zip(lacking, results) {
                if let error { failures[chunk.entry.id] = error } else { sentBytes += Int64(chunk.entry.length) }
            }
            let total = chunks.reduce(0) { $0 + Int64($1.chunk.entry.length) }
            savedBytes += total - lacking.reduce(0) { $0 + Int64($1.entry.length) }
            if known.count > 1 << 20 { known = [] }
            for (content, chunk) in chunks {
                if let error = failures[chunk.entry.id] { fail(content, error) } else { known.insert(chunk.entry.id) }
            }
        }

        private mutating func sendManifests(_ contents: [Int]) async throws {
            let storage = pusher.chunks.storage
            let some = contents.map { ($0, objects[$0], lists[$0] ?? ChunkList()) }
            let results = try await Concurrently.map(some, limit: pusher.concurrency) { _, object, list in
                do {
                    let file = list.file
                    try await storage.send(RemoteChunks.manifestKey(object), bytes: file)
                    return Result<Int, any Error>.success(file.count)
                } catch let error as CancellationError {
                    throw error
                } catch {
                    return .failure(error)
                }
            }
            try await storage.finish()
            for ((content, object, list), result) in zip(some, results) {
                switch result {
                case .success(let size):
                    sentBytes += Int64(size)
                    done.insert(object)
                    pusher.watch.advance(list.size)
                case .failure(let error): fail(content, error)
                }
            }
        }

        func result(_ names: NamedObjects) -> (report: TransferReport, done: Set<DataObject>) {
            var report = TransferReport()
            report.moved = done.count
            report.bytes = sentBytes
            report.saved = savedBytes
            report.failed = errors.map { (names.name(objects[$0.content]), $0.error) }
            return (report, done)
        }
    }

    private static func damaged(_ object: DataObject) -> DataRemotesError {
        DataRemotesError(
            .corruptContent,
            what: "cannot push the content \(object.md5)",
            why: "the cache's object is damaged: its bytes have another hash than its name",
            next: "remove it, and run `gyre fetch`, or `gyre add` where the data is still whole"
        )
    }

    private static func changed(_ id: ChunkID) -> DataRemotesError {
        DataRemotesError(
            .corruptContent,
            what: "cannot push the chunk \(id.hex)",
            why: "the cache's object changed while it was read",
            next: "run it again"
        )
    }
}
