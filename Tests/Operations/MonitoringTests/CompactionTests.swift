// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Tables
import Testing

@testable import Monitoring

struct CompactionTests {
    private let folder: LogFolder
    private let log: InferenceLog

    init() throws {
        folder = try LogFolder()
        log = try folder.log()
    }

    private func engine() -> TableEngine { folder.engine }

    @Test func `complete segments become Parquet by model and day`() async throws {
        let day: Int64 = 86_400_000
        for number in 0..<10 { log.record(prediction(number, timeMs: 1_764_028_799_999 + Int64(number) / 5 * day)) }
        log.record(prediction(10, model: "a/b='c'*"))
        try await log.seal()
        let result = try await log.compact(using: folder.engine)
        #expect(result == CompactionResult(segments: 1, rows: 11, files: 3, damaged: 0))
        #expect(!log.hasFullSegments)
        let folders = try FileSystem.list(folder.path.appending("parquet"))
        #expect(folders == ["model=a%2Fb%3D%27c%27%2A", "model=churn"])
        #expect(
            try FileSystem.list(folder.path.appending("parquet/model=churn")) == ["date=2025-11-24", "date=2025-11-25"]
        )
        let rows = try await folder.parquet(
            "SELECT model, count(*) AS n, avg(\"input.age\") AS age FROM predictions GROUP BY 1 ORDER BY 1"
        )
        #expect(try rows.column("model").strings == ["a/b='c'*", "churn"])
        #expect(try rows.numbers("n") == [1, 10] && rows.numbers("age") == [10.5, 5])
    }

    @Test func `a prediction is the same in Parquet as in the spool`() async throws {
        var sent = (0..<5).map { prediction($0) }
        sent.append(
            prediction(
                5,
                model: "a/b",
                features: [
                    .init(name: "Age", value: .number(1)), .init(name: "age", value: .number(.infinity)),
                    .init(name: "age", value: .text("x\u{0}y")), .init(name: "\"q.id", value: .text("")),
                ]
            )
        )
        // One column with numbers and texts both.
        sent.append(
            prediction(6, features: [.init(name: "age", value: .text("old")), .init(name: "plan", value: .text("p"))])
        )
        sent.append(
            LoggedPrediction(
                id: "bare",
                model: "m",
                version: "",
                runID: nil,
                timeMs: -1,
                durationNs: 0,
                features: [],
                label: "é",
                score: nil,
                traceID: "t"
            )
        )
        for prediction in sent { log.record(prediction) }
        try await log.seal()
        _ = try await log.compact(using: folder.engine)
        let engine = folder.engine
        for one in sent { #expect(try await log.find(id: one.id, engine: { engine }) == one) }
        let all = try await log.predictions(ids: sent.map(\.id) + ["nothing"], engine: { engine })
        #expect(Set(all) == Set(sent) && all.count == sent.count)
    }

    @Test func `a missing value is null in Parquet and missing again after it`() async throws {
        log.record(prediction(1, features: [.init(name: "age", value: .null), .init(name: "plan", value: .null)]))
        log.record(prediction(2))
        try await log.seal()
        #expect(try await log.compact(using: folder.engine).files == 1)
        let rows = try await folder.parquet(
            "SELECT count(*) FROM predictions WHERE \"input.age\" IS NULL AND \"input.plan\" IS NULL"
        )
        #expect(rows.row(0) == [.integer(1)])
        let engine = folder.engine
        let found = try #require(try await log.find(id: prediction(1).id, engine: { engine }))
        #expect(found.features.map(\.name) == ["age", "plan"])
    }

    @Test(arguments: [true, false])
    func `a crash before the segment went moves nothing twice`(hasManifest: Bool) async throws {
        for number in 0..<20 { log.record(prediction(number)) }
        try await log.seal()
        let segment = try #require(folder.segments(".spool").first)
        let bytes = try FileReader.bytes(of: segment)
        _ = try await log.compact(using: folder.engine)
        try AtomicFile.write(bytes, to: segment)
        let manifest = folder.path.appending("manifest")
        if !hasManifest {
            for name in try FileSystem.list(manifest) where name.hasSuffix(".json") {
                try FileSystem.remove(manifest.appending(name))
            }
        }
        // Meanwhile it is in both places; readers see it once.
        let engine = folder.engine
        #expect(try await log.scan(PredictionQuery(), engine: { engine }).count == 20)
        let again = try await log.compact(using: folder.engine)
        #expect(again.segments == 1 && again.rows == (hasManifest ? 0 : 20))
        #expect(
            try await folder.parquet("SELECT count(*), count(DISTINCT id) FROM predictions").row(0) == [
                .integer(20), .integer(20),
            ]
        )
        #expect(try folder.segments("").isEmpty)
    }

    @Test func `a killed process's torn segment is compacted without its tail`() async throws {
        let bytes = SpoolSegment.frame(prediction(1)) + SpoolSegment.frame(prediction(2)).dropLast(3)
        try AtomicFile.write(bytes, to: folder.path.appending("spool/dead.open"))
        try await log.seal()
        #expect(
            try await log.compact(using: folder.engine) == CompactionResult(segments: 1, rows: 1, files: 1, damaged: 0)
        )
    }

    @Test func `a damaged record costs no other, and its segment is kept`() async throws {
        var bytes = SpoolSegment.frame(prediction(1))
        let middle = bytes.count + 30
        bytes += SpoolSegment.frame(prediction(2)) + SpoolSegment.frame(prediction(3))
        bytes[middle] ^= 1
        try AtomicFile.write(bytes, to: folder.path.appending("spool/bad.spool"))
        #expect(
            try await log.compact(using: folder.engine) == CompactionResult(segments: 1, rows: 2, files: 1, damaged: 1)
        )
        #expect(try FileSystem.list(folder.path.appending("damaged")) == ["bad.spool"])
        #expect(try await log.compact(using: folder.engine).segments == 0)
    }

    @Test func `an empty segment goes without a file`() async throws {
        try AtomicFile.write("", to: folder.path.appending("spool/empty.spool"))
        #expect(
            try await log.compact(using: folder.engine) == CompactionResult(segments: 1, rows: 0, files: 0, damaged: 0)
        )
        #expect(try await log.scan(PredictionQuery(), engine: noEngine).isEmpty)
    }

    @Test func `only one compacts at a time`() async throws {
        let lock = try FileLock.acquire(folder.path.appending("manifest/.lock"), mode: .exclusive, owner: "test")
        let (log, engine) = (log, engine())
        let error = try await #require(throws: FilesError.self) { _ = try await log.compact(using: engine) }
        #expect(error.code == .locked)
        lock.release()
        #expect(try await log.compact(using: engine).segments == 0)
    }

    @Test func `a query sees spool and Parquet as one, newest first`() async throws {
        let engine = folder.engine
        for number in 0..<6 { log.record(prediction(number, version: number < 3 ? "1" : "2")) }
        log.record(prediction(6, model: "other"))
        try await log.seal()
        _ = try await log.compact(using: engine)
        for number in 7..<10 { log.record(prediction(number, version: "2")) }
        func ids(_ query: PredictionQuery) async throws -> [String] {
            try await log.scan(query, engine: { engine }).map { String($0.id.suffix(1)) }
        }
        #expect(try await ids(PredictionQuery()) == ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"])
        #expect(try await ids(PredictionQuery(model: "churn", limit: 5)) == ["9", "8", "7", "5", "4"])
        #expect(try await ids(PredictionQuery(model: "churn", version: "1")) == ["2", "1", "0"])
        let start: Int64 = 1_764_000_000_000
        #expect(
            try await ids(PredictionQuery(sinceMs: start + 2, untilMs: start + 8)) == ["7", "6", "5", "4", "3", "2"]
        )
        #expect(try await ids(PredictionQuery(limit: 0)) == [])
        #expect(try await ids(PredictionQuery(model: "nothing")) == [])
        #expect(try await log.recent(model: "other", sinceMs: 0, limit: 9, engine: { engine }).count == 1)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01"), (951_782_400_000, "2000-02-29"), (-1, "1969-12-31"),
        (1_764_028_799_999, "2025-11-24"),
        (4_107_542_400_000, "2100-03-01"),
    ])
    func `a moment's day is right`(timeMs: Int64, day: String) {
        #expect(ParquetPart.date(timeMs) == day)
    }
}
