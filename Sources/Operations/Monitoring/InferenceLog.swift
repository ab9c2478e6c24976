// SPDX-License-Identifier: Apache-2.0

package import Files
import Synchronization
package import SystemPackage
package import Tables

#if canImport(Glibc)
import Glibc
#endif

/// Keeps every prediction: a bounded buffer that never slows an answer, spool files that survive a crash, Parquet for whoever
/// analyses.
///
/// Layout of the folder: `spool/*.open` is being written, `spool/*.spool` is complete, `parquet/model=…/date=…/*.parquet`
/// is what complete segments become. A Parquet file carries its segment's name, so doing it again writes the same file.
package final class InferenceLog: Sendable {
    /// The most predictions that wait for the disk; beyond, they are dropped and counted.
    package static let bufferLimit = 65_536
    /// A segment of this size is complete.
    private static let segmentBytes: Int64 = 8 << 20

    private struct Buffer {
        var waiting: [LoggedPrediction] = []
        var dropped = 0
    }

    private struct Segment {
        var descriptor: Int32
        var path: FilePath
        var size: Int64
    }

    private let spool: FilePath
    private let parquet: FilePath
    private let pool: BlockingPool
    private let buffer = Mutex(Buffer())
    private let segment = Mutex<Segment?>(nil)
    private let numbers = Atomic<Int>(0)

    /// A log in a folder, which is made if it is missing.
    package init(directory: FilePath, pool: BlockingPool = .shared) throws(FilesError) {
        spool = directory.appending("spool")
        parquet = directory.appending("parquet")
        self.pool = pool
        try FileSystem.createDirectory(spool)
        try FileSystem.createDirectory(parquet)
    }

    deinit {
        if let open = segment.withLock({ $0 }) { close(open.descriptor) }
    }

    /// How many predictions were dropped since the start because the disk did not keep up.
    package var dropped: Int { buffer.withLock { $0.dropped } }

    /// Takes a prediction. Never blocks, never fails.
    package func record(_ prediction: LoggedPrediction) {
        buffer.withLock { buffer in
            if buffer.waiting.count < Self.bufferLimit {
                buffer.waiting.append(prediction)
            } else {
                buffer.dropped += 1
            }
        }
    }

    /// Writes what waits every fifth of a second, until the task is cancelled; then once more.
    ///
    /// - Parameter onFailure: Told when the disk refuses; what waits is kept and tried again.
    package func run(onFailure: @Sendable (any Error) -> Void = { _ in }) async {
        while !Task.isCancelled {
            do { try await flush() } catch { onFailure(error) }
            // A cancelled sleep ends the loop by its condition.
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Writes what waits and syncs it to disk.
    package func flush() async throws {
        guard buffer.withLock({ !$0.waiting.isEmpty }) else { return }
        try await pool.run { try self.flushBlocking() }
    }

    /// Whether there is a complete segment to turn into Parquet.
    package var hasFullSegments: Bool {
        // A folder that cannot be listed now will be at the next look.
        ((try? FileSystem.list(spool)) ?? []).contains { $0.hasSuffix(SpoolSegment.fullSuffix) }
    }

    /// Ends the segment that is being written, and those that a dead process left, so that they can become Parquet.
    package func seal() async throws {
        try await flush()
        try await pool.run {
            try self.segment.withLock { segment in
                if let open = segment { close(open.descriptor) }
                segment = nil
                for name in try FileSystem.list(self.spool) where name.hasSuffix(SpoolSegment.openSuffix) {
                    let full = String(name.dropLast(SpoolSegment.openSuffix.count)) + SpoolSegment.fullSuffix
                    try FileSystem.rename(self.spool.appending(name), to: self.spool.appending(full))
                }
            }
        }
    }

    /// Turns complete segments into Parquet.
    ///
    /// - Returns: How many predictions moved.
    package func compact(using engine: TableEngine) async throws -> Int {
        var moved = 0
        let names = try await pool.run { try FileSystem.list(self.spool) }
        for name in names where name.hasSuffix(SpoolSegment.fullSuffix) {
            let path = spool.appending(name)
            let predictions = try await pool.run { try Self.read(path) }
            let stem = String(name.dropLast(SpoolSegment.fullSuffix.count))
            for part in ParquetPart.parts(of: predictions) {
                let folder = parquet.appending("model=\(part.model)").appending("date=\(part.date)")
                try FileSystem.createDirectory(folder)
                try await engine.write(part.rows, columns: part.columns, to: folder.appending("\(stem)-\(part.number).parquet"))
            }
            try await pool.run { try FileSystem.remove(path) }
            moved += predictions.count
        }
        return moved
    }

    /// The predictions with these ids, as far as they are in the log.
    ///
    /// - Parameter engine: Asked for only if some are not in the spool.
    package func predictions(
        ids: [String],
        engine: @Sendable () async throws -> TableEngine
    ) async throws -> [LoggedPrediction] {
        try await flush()
        let wanted = Set(ids)
        var found = try await pool.run { try self.spooled { wanted.contains($0.id) } }
        let missing = wanted.subtracting(found.map(\.id)).sorted()
        if !missing.isEmpty, hasParquet {
            for start in stride(from: 0, to: missing.count, by: 500) {
                let part = Array(missing[start..<min(start + 500, missing.count)])
                found += try await ParquetPart.find(part, in: parquet, engine: try await engine())
            }
        }
        return found
    }

    /// The newest predictions of a model, newest first, at most `limit`.
    package func recent(
        model: String,
        sinceMs: Int64,
        limit: Int,
        engine: @Sendable () async throws -> TableEngine
    ) async throws -> [LoggedPrediction] {
        try await flush()
        var found = try await pool.run { try self.spooled { $0.model == model && $0.timeMs >= sinceMs } }
        if hasParquet {
            let known = Set(found.map(\.id))
            let older = try await ParquetPart.recent(model, sinceMs, limit, in: parquet, engine: try await engine())
            found += older.filter { !known.contains($0.id) }
        }
        return Array(found.sorted { $0.id > $1.id }.prefix(limit))
    }

    // MARK: On the pool's threads

    private var hasParquet: Bool {
        ((try? FileSystem.list(parquet)) ?? []).contains { $0.hasPrefix("model=") }
    }

    private func spooled(_ isWanted: (LoggedPrediction) -> Bool) throws -> [LoggedPrediction] {
        var found: [LoggedPrediction] = []
        for name in try FileSystem.list(spool)
        where name.hasSuffix(SpoolSegment.openSuffix) || name.hasSuffix(SpoolSegment.fullSuffix) {
            do {
                try SpoolSegment.read(spool.appending(name)) { if isWanted($0) { found.append($0) } }
            } catch let error as FilesError where error.code == .notFound {
                // It became Parquet, or was sealed, between the listing and now.
                continue
            }
        }
        return found
    }

    private static func read(_ path: FilePath) throws -> [LoggedPrediction] {
        var predictions: [LoggedPrediction] = []
        try SpoolSegment.read(path) { predictions.append($0) }
        return predictions
    }

    private func flushBlocking() throws {
        try segment.withLock { segment in
            let predictions = buffer.withLock { buffer in
                defer { buffer.waiting.removeAll(keepingCapacity: true) }
                return buffer.waiting
            }
            guard !predictions.isEmpty else { return }
            do {
                try write(predictions, to: &segment)
            } catch {
                // Tried again with the next flush, before what came meanwhile.
                buffer.withLock { $0.waiting = predictions + $0.waiting }
                throw error
            }
        }
    }

    private func write(_ predictions: [LoggedPrediction], to segment: inout Segment?) throws {
        var open = try segment ?? newSegment()
        let start = open.size
        var bytes: [UInt8] = []
        for prediction in predictions { bytes += SpoolSegment.frame(prediction) }
        do {
            try bytes.withUnsafeBytes { bytes in
                var rest = bytes
                while let base = rest.baseAddress, !rest.isEmpty {
                    let count = Glibc.write(open.descriptor, base, rest.count)
                    if count < 0, errno == EINTR { continue }
                    guard count >= 0 else { throw FilesError(Errno(rawValue: errno), "write", open.path) }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
            guard fdatasync(open.descriptor) == 0 else { throw FilesError(Errno(rawValue: errno), "write", open.path) }
        } catch {
            // What was half written must not stand before the next try.
            _ = ftruncate(open.descriptor, off_t(start))
            _ = lseek(open.descriptor, off_t(start), SEEK_SET)
            segment = open
            throw error
        }
        open.size += Int64(bytes.count)
        if open.size >= Self.segmentBytes {
            close(open.descriptor)
            let name = open.path.string.dropLast(SpoolSegment.openSuffix.count)
            try FileSystem.rename(open.path, to: FilePath(name + SpoolSegment.fullSuffix))
            segment = nil
        } else {
            segment = open
        }
    }

    private func newSegment() throws -> Segment {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let number = numbers.add(1, ordering: .relaxed).newValue
        let path = spool.appending("\(time.tv_sec)-\(getpid())-\(number)\(SpoolSegment.openSuffix)")
        let descriptor = open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "write", path) }
        try FileSystem.syncDirectory(spool)
        return Segment(descriptor: descriptor, path: path, size: 0)
    }
}
