// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
package import Tables

/// What of the log to read.
package struct PredictionQuery: Sendable, Hashable {
    /// The registered model; nil for all.
    package var model: String?
    /// The version; nil for all.
    package var version: String?
    /// From this moment on, milliseconds UTC.
    package var sinceMs: Int64
    /// Up to, not with, this moment, milliseconds UTC.
    package var untilMs: Int64
    /// At most this many, the newest.
    package var limit: Int

    /// A query; by default the newest thousand.
    package init(
        model: String? = nil,
        version: String? = nil,
        sinceMs: Int64 = 0,
        untilMs: Int64 = .max,
        limit: Int = 1_000
    ) {
        self.model = model
        self.version = version
        self.sinceMs = sinceMs
        self.untilMs = untilMs
        self.limit = max(0, limit)
    }

    func includes(_ prediction: LoggedPrediction) -> Bool {
        (model == nil || prediction.model == model) && (version == nil || prediction.version == version)
            && prediction.timeMs >= sinceMs && prediction.timeMs < untilMs
    }
}

extension InferenceLog {
    /// The prediction with this id, in the spool or in Parquet; nil if it is not in the log.
    ///
    /// `engine` is asked for only if it is not in the spool.
    package func find(
        id: String,
        engine: @Sendable () async throws -> TableEngine
    ) async throws -> LoggedPrediction? {
        try await predictions(ids: [id], engine: engine).first
    }

    /// The predictions with these ids, as far as they are in the log, in no order, each once.
    ///
    /// `engine` is asked for only if some are not in the spool.
    package func predictions(
        ids: [String],
        engine: @Sendable () async throws -> TableEngine
    ) async throws -> [LoggedPrediction] {
        try await flush()
        let wanted = Set(ids)
        guard !wanted.isEmpty else { return [] }
        var found = try await pool.run { try self.spooled(ids: wanted) { _ in true } }
        // The spool first: what moves meanwhile is found in Parquet then.
        let missing = wanted.subtracting(found.map(\.id)).sorted()
        guard !missing.isEmpty, let source = try await parquetSource(model: nil) else { return found }
        let engine = try await engine()
        for start in stride(from: 0, to: missing.count, by: 500) {
            let part = missing[start..<min(start + 500, missing.count)].map { TableValue.text($0) }
            let marks = part.map { _ in "?" }.joined(separator: ", ")
            found += try await rows("SELECT id, filename FROM \(source) WHERE id IN (\(marks))", part, engine)
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
        try await scan(PredictionQuery(model: model, sinceMs: sinceMs, limit: limit), engine: engine)
    }

    /// What a query asks for, newest first.
    ///
    /// `engine` is asked for only if there is Parquet.
    package func scan(
        _ query: PredictionQuery,
        engine: @Sendable () async throws -> TableEngine
    ) async throws -> [LoggedPrediction] {
        try await flush()
        var found = try await pool.run { try self.spooled { query.includes($0) } }
        if query.limit > 0, let source = try await parquetSource(model: query.model) {
            var sql = "SELECT id, filename FROM \(source) WHERE time_ms >= ? AND time_ms < ?"
            var bindings: [TableValue] = [.integer(query.sinceMs), .integer(query.untilMs)]
            if let version = query.version {
                sql += " AND version = ?"
                bindings.append(.text(version))
            }
            sql += " ORDER BY time_ms DESC, id DESC LIMIT \(query.limit)"
            // A segment may become Parquet between the two looks.
            let known = Set(found.map(\.id))
            found += try await rows(sql, bindings, try await engine()).filter { !known.contains($0.id) }
        }
        return Array(found.sorted { ($0.timeMs, $0.id) > ($1.timeMs, $1.id) }.prefix(query.limit))
    }

    // MARK: Parquet

    /// The table of all files, for their fixed columns; nil if there are none.
    private func parquetSource(model: String?) async throws -> String? {
        let folders = try await pool.run { [parquet] in
            try FileSystem.list(parquet).filter { $0.hasPrefix("model=") }
        }
        let name = model.map { "model=\(ParquetPart.pathSafe($0))" }
        guard name.map(folders.contains) ?? !folders.isEmpty else { return nil }
        let files = TableEngine.pattern(in: parquet, "\(name ?? "model=*")/date=*/*.parquet")
        return "read_parquet(\(files), union_by_name = true, hive_partitioning = false, filename = true)"
    }

    /// The whole rows that `sql` gives by id and file; from each file by itself, because features differ between files.
    private func rows(_ sql: String, _ bindings: [TableValue], _ engine: TableEngine) async throws -> [LoggedPrediction]
    {
        let places: TableResult
        do { places = try await engine.query(sql, bindings) } catch let error as TablesError {
            // Folders of a segment that is being compacted for the first time hold no file yet.
            if error.why.contains("No files found") { return [] }
            throw error
        }
        var ids: [String: [String]] = [:]
        for row in 0..<places.rowCount {
            if let id = places.columns[0][row].text, let file = places.columns[1][row].text {
                ids[file, default: []].append(id)
            }
        }
        var found: [LoggedPrediction] = []
        for (file, ids) in ids.sorted(by: { $0.key < $1.key }) {
            for start in stride(from: 0, to: ids.count, by: 500) {
                let part = ids[start..<min(start + 500, ids.count)].map { TableValue.text($0) }
                let marks = part.map { _ in "?" }.joined(separator: ", ")
                let source = try TableEngine.source(FilePath(file))
                found += ParquetPart.predictions(
                    in: try await engine.query("SELECT * FROM \(source) WHERE id IN (\(marks))", part)
                )
            }
        }
        return found
    }

    // MARK: Spool, on the pool's threads

    private func spooled(
        ids: Set<String>? = nil,
        _ isWanted: (LoggedPrediction) -> Bool
    ) throws -> [LoggedPrediction] {
        var found: [LoggedPrediction] = []
        func read(_ path: FilePath) throws -> Bool {
            do {
                try SpoolSegment.read(path, ids: ids) { if isWanted($0) { found.append($0) } }
                return true
            } catch let error as FilesError where error.code == .notFound {
                return false
            }
        }
        for name in try FileSystem.list(spool) {
            let path = spool.appending(name)
            if name.hasSuffix(SpoolSegment.fullSuffix) {
                // Gone means that it became Parquet.
                _ = try read(path)
            } else if name.hasSuffix(SpoolSegment.openSuffix), try !read(path) {
                // It was completed between the listing and now.
                _ = try read(SpoolWriter.full(path))
            }
        }
        return found
    }
}
