// SPDX-License-Identifier: Apache-2.0

package import Files
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Keeps every prediction: a bounded buffer that never slows an answer, spool files that survive a crash, Parquet for whoever
/// analyses.
///
/// Layout of the folder: `spool/*.open` is being written, `spool/*.spool` is complete, `parquet/model=…/date=…/*.parquet`
/// is what complete segments become, `manifest/*.json` says which did. Several processes may use one folder.
package final class InferenceLog: Sendable {
    /// The most predictions that wait for the disk; beyond, they are dropped and counted.
    package static let bufferLimit = 65_536
    /// About the most bytes of predictions that wait for the disk.
    package static let bufferByteLimit = 64 << 20

    private struct Buffer {
        var waiting: [LoggedPrediction] = []
        // With those that are being written.
        var count = 0
        var bytes = 0
        var dropped = 0
    }

    let spool: FilePath
    let parquet: FilePath
    let manifest: FilePath
    let pool: BlockingPool
    private let buffer = Mutex(Buffer())
    private let writer: Mutex<SpoolWriter>

    /// A log in a folder, which is made if it is missing.
    ///
    /// - Throws: ``FilesError`` if the folder cannot be made.
    package init(directory: FilePath, pool: BlockingPool = .shared) throws(FilesError) {
        spool = directory.appending("spool")
        parquet = directory.appending("parquet")
        manifest = directory.appending("manifest")
        self.pool = pool
        writer = Mutex(SpoolWriter(folder: spool))
        for folder in [spool, parquet, manifest] { try FileSystem.createDirectory(folder) }
    }

    deinit { writer.withLock { $0.abandon() } }

    /// How many predictions were dropped since the start because the disk did not keep up.
    package var dropped: Int { buffer.withLock { $0.dropped } }

    /// How many predictions are not safe on disk yet.
    package var waiting: Int { buffer.withLock { $0.count } }

    /// Takes a prediction without ever waiting for the disk; a full buffer drops it and counts it.
    package func record(_ prediction: LoggedPrediction) {
        let size = prediction.sizeInBytes
        buffer.withLock { buffer in
            guard buffer.count < Self.bufferLimit, buffer.bytes + size <= Self.bufferByteLimit else {
                buffer.dropped += 1
                return
            }
            buffer.waiting.append(prediction)
            buffer.count += 1
            buffer.bytes += size
        }
    }

    /// Writes what waits every fifth of a second, until the task is cancelled; then once more.
    ///
    /// A process that is killed loses at most what came since the last write.
    ///
    /// - Parameter onFailure: Told when the disk refuses; what waits is kept and tried again.
    package func run(onFailure: @Sendable (any Error) -> Void = { _ in }) async {
        func attempt(_ body: () async throws -> Void) async {
            do { try await body() } catch { onFailure(error) }
        }
        await attempt { try await pool.run { try self.writer.withLock { try $0.adopt() } } }
        while !Task.isCancelled {
            await attempt {
                try await flush()
                try await pool.run { try self.writer.withLock { try $0.finishIfOld() } }
            }
            // A cancelled sleep ends the loop by its condition.
            try? await Task.sleep(for: .milliseconds(200))
        }
        await attempt { try await flush() }
    }

    /// Writes what waits and syncs it to disk.
    package func flush() async throws {
        guard waiting > 0 else { return }
        try await pool.run { try self.flushBlocking() }
    }

    /// Ends the segment that is being written, and those that dead processes left, so that they can become Parquet.
    package func seal() async throws {
        try await flush()
        try await pool.run {
            try self.writer.withLock { writer in
                try writer.finish()
                try writer.adopt()
            }
        }
    }

    /// Whether there is a complete segment to turn into Parquet.
    package var hasFullSegments: Bool {
        // A folder that cannot be listed now will be at the next look.
        ((try? FileSystem.list(spool)) ?? []).contains { $0.hasSuffix(SpoolSegment.fullSuffix) }
    }

    private func flushBlocking() throws {
        // One flush at a time, so that predictions stay in order; a second one waits here for what the first has taken.
        try writer.withLock { writer in
            let predictions = buffer.withLock { buffer in
                let taken = buffer.waiting
                buffer.waiting = []
                return taken
            }
            guard !predictions.isEmpty else { return }
            let (written, error) = writer.write(predictions)
            let bytes = predictions.prefix(written).reduce(0) { $0 + $1.sizeInBytes }
            buffer.withLock { buffer in
                buffer.count -= written
                buffer.bytes -= bytes
                // Tried again with the next flush, before what came meanwhile.
                if written < predictions.count { buffer.waiting = predictions.dropFirst(written) + buffer.waiting }
            }
            if let error { throw error }
        }
    }
}
