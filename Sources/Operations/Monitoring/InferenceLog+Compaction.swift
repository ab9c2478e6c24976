// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
package import Tables

/// What turning spool segments into Parquet did.
package struct CompactionResult: Sendable, Hashable, CustomStringConvertible {
    /// Segments that are gone from the spool.
    package var segments = 0
    /// Predictions that moved.
    package var rows = 0
    /// Parquet files written.
    package var files = 0
    /// Records whose bytes were not what had been written; their segments are kept in `damaged/`.
    package var damaged = 0

    package var description: String { "\(rows) predictions of \(segments) segments in \(files) files" }
}

extension InferenceLog {
    /// Turns complete segments into Parquet, each prediction exactly once.
    ///
    /// A segment's files are written first, under names that follow from its own; then a manifest names them; then the segment
    /// goes. A crash between any two steps is made good by the next call. One call at a time per folder. Holds one segment in
    /// memory, about 8 MB of records.
    ///
    /// - Throws: ``FilesError`` `.locked` if another process compacts; otherwise the first failure, after the other segments
    ///   had their turn.
    package func compact(using engine: TableEngine) async throws -> CompactionResult {
        let lock = try await pool.run { [manifest] in
            try FileLock.acquire(
                manifest.appending(".lock"),
                mode: .exclusive,
                owner: "gyre, compacting the inference log"
            )
        }
        defer { lock.release() }
        var result = CompactionResult()
        var failure: (any Error)?
        let names = try await pool.run { [spool] in try FileSystem.list(spool) }
        for name in names where name.hasSuffix(SpoolSegment.fullSuffix) {
            try Task.checkCancellation()
            do { try await compact(name, using: engine, &result) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return result
    }

    private func compact(_ name: String, using engine: TableEngine, _ result: inout CompactionResult) async throws {
        let segment = spool.appending(name)
        let stem = String(name.dropLast(SpoolSegment.fullSuffix.count))
        let entry = manifest.appending("\(stem).json")
        if try await pool.run({ FileSystem.exists(entry) }) {
            // The files are there; only the last step is missing.
            try await pool.run { try FileSystem.remove(segment) }
            result.segments += 1
            return
        }
        let (predictions, condition) = try await pool.run {
            var predictions: [LoggedPrediction] = []
            let condition = try SpoolSegment.read(segment) { predictions.append($0) }
            return (predictions, condition)
        }
        var files: [String] = []
        for part in ParquetPart.parts(of: predictions) {
            let file = "\(part.folder)/\(stem)-\(files.count).parquet"
            let path = parquet.pushing(FilePath(file))
            try await pool.run { try FileSystem.createDirectory(path.removingLastComponent()) }
            try await engine.write(part.rows, columns: part.columns, to: path)
            files.append(file)
        }
        let json = Self.manifest(segment: name, files: files, condition)
        let damaged = spool.removingLastComponent().appending("damaged")
        try await pool.run {
            try AtomicFile.write(json, to: entry)
            if condition.damaged > 0 {
                // Somebody may want to look at what is left of it.
                try FileSystem.createDirectory(damaged)
                try FileSystem.rename(segment, to: damaged.appending(name))
            } else {
                try FileSystem.remove(segment)
            }
        }
        result.segments += 1
        result.rows += predictions.count
        result.files += files.count
        result.damaged += condition.damaged
    }

    private static func manifest(segment: String, files: [String], _ condition: SpoolSegment.Condition) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("segment", segment)
            writer.field("rows", condition.records)
            writer.field("damaged_records", condition.damaged)
            writer.field("torn_bytes", condition.tornBytes)
            writer.key("files")
            writer.array { writer in
                for file in files { writer.string(file) }
            }
        }
        return writer.text + "\n"
    }
}
