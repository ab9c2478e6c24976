// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

@testable import Monitoring

struct InferenceLogTests {
    private let folder: LogFolder

    init() throws { folder = try LogFolder() }

    @Test func `a prediction comes back from the spool without DuckDB`() async throws {
        let log = try folder.log()
        let sent = LoggedPrediction(
            id: "a\"b\\c",
            model: "churn/eu",
            version: "3",
            runID: nil,
            timeMs: 1,
            durationNs: .max,
            features: [
                .init(name: "z", value: .number(0.1)), .init(name: "a\n", value: .text("ü\u{0}\"")),
                .init(name: "z", value: .number(-.infinity)), .init(name: "", value: .number(1e300)),
            ],
            label: "",
            score: nil,
            traceID: "4bf92f3577b34da6a3ce929d0e0e4736"
        )
        log.record(sent)
        log.record(prediction(1))
        #expect(log.waiting == 2)
        #expect(try await log.find(id: sent.id, engine: noEngine) == sent)
        #expect(log.waiting == 0)
        #expect(try await log.predictions(ids: [sent.id, prediction(1).id], engine: noEngine).count == 2)
        #expect(try await log.find(id: "nothing", engine: noEngine) == nil)
    }

    @Test func `a missing value stays missing`() async throws {
        let log = try folder.log()
        log.record(prediction(1, features: [.init(name: "age", value: .null), .init(name: "plan", value: .text("x"))]))
        let found = try #require(try await log.find(id: prediction(1).id, engine: noEngine))
        guard case .number(let value) = found.features[0].value else {
            Issue.record("not a number")
            return
        }
        #expect(value.isNaN && found.features.count == 2)
    }

    @Test func `a full buffer drops, counts, and never waits`() throws {
        let log = try folder.log()
        for number in 0..<(InferenceLog.bufferLimit + 7) { log.record(prediction(number)) }
        #expect(log.dropped == 7 && log.waiting == InferenceLog.bufferLimit)
    }

    @Test func `large predictions fill the buffer by their bytes`() throws {
        let log = try folder.log()
        let text = String(repeating: "x", count: 1 << 20)
        for number in 0..<100 { log.record(prediction(number, features: [.init(name: "t", value: .text(text))])) }
        #expect(log.waiting == 63 && log.dropped == 37)
    }

    @Test func `what the disk refuses waits and is written later, once and in order`() async throws {
        let log = try folder.log()
        let spool = folder.path.appending("spool")
        try FileSystem.removeTree(spool)
        for number in 0..<3 { log.record(prediction(number)) }
        await #expect(throws: FilesError.self) { try await log.flush() }
        log.record(prediction(3))
        await #expect(throws: FilesError.self) { try await log.flush() }
        #expect(log.waiting == 4)
        try FileSystem.createDirectory(spool)
        try await log.flush()
        #expect(log.waiting == 0 && log.dropped == 0)
        var ids: [String] = []
        try SpoolSegment.read(try #require(folder.segments(".open").first)) { ids.append($0.id) }
        #expect(ids == (0..<4).map { prediction($0).id })
    }

    @Test(.timeLimit(.minutes(1))) func `the background task writes, and writes once more when it ends`() async throws {
        let log = try folder.log()
        log.record(prediction(1))
        let loop = Task { await log.run() }
        while log.waiting > 0 { await Task.yield() }
        log.record(prediction(2))
        loop.cancel()
        await loop.value
        #expect(log.waiting == 0)
        #expect(
            try await log.scan(PredictionQuery(), engine: noEngine).map(\.id) == [prediction(2).id, prediction(1).id]
        )
    }

    @Test func `concurrent recording loses nothing`() async throws {
        let log = try folder.log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for number in 0..<500 {
                        log.record(prediction(worker * 500 + number))
                        if number % 100 == 0 { try await log.flush() }
                    }
                }
            }
            try await group.waitForAll()
        }
        let found = try await log.scan(PredictionQuery(limit: 10_000), engine: noEngine)
        #expect(Set(found.map(\.id)).count == 4_000 && found.count == 4_000)
    }

    @Test func `a segment of its full size is complete`() async throws {
        let log = try folder.log()
        let text = String(repeating: "x", count: 1 << 20)
        for number in 0..<18 { log.record(prediction(number, features: [.init(name: "t", value: .text(text))])) }
        #expect(!log.hasFullSegments)
        try await log.flush()
        #expect(log.hasFullSegments)
        #expect(try folder.segments(".spool").count == 2 && folder.segments(".open").count == 1)
        #expect(try await log.scan(PredictionQuery(), engine: noEngine).count == 18)
    }

    @Test func `another process's open segment is left alone, a dead one's is taken over`() async throws {
        let alive = try folder.log()
        alive.record(prediction(1))
        try await alive.flush()
        let other = try folder.log()
        try await other.seal()
        #expect(try folder.segments(".open").count == 1 && folder.segments(".spool").isEmpty)

        // A copy has no lock, as the file of a process that was killed.
        let open = try #require(folder.segments(".open").first)
        try AtomicFile.write(try FileReader.bytes(of: open), to: folder.path.appending("spool/dead.open"))
        try await other.seal()
        #expect(try folder.segments(".spool").map { $0.lastComponent?.string } == ["dead.spool"])

        alive.record(prediction(2))
        try await alive.flush()
        #expect(try await other.scan(PredictionQuery(), engine: noEngine).map(\.id).contains(prediction(2).id))
    }

    @Test(arguments: ["torn record", "torn header", "zeros", "rubbish"])
    func `what a crash left half written is passed over`(tail: String) throws {
        let whole = SpoolSegment.frame(prediction(1)) + SpoolSegment.frame(prediction(2))
        let next = SpoolSegment.frame(prediction(3))
        let rest: [UInt8] =
            switch tail {
            case "torn record": Array(next.dropLast())
            case "torn header": Array(next.prefix(7))
            case "zeros": [UInt8](repeating: 0, count: 4_096)
            default: [UInt8](repeating: 0xFF, count: 300)
            }
        let file = folder.path.appending("x.spool")
        try AtomicFile.write(whole + rest, to: file)
        var ids: [String] = []
        let condition = try SpoolSegment.read(file) { ids.append($0.id) }
        #expect(ids == [prediction(1).id, prediction(2).id])
        #expect(condition == .init(records: 2, damaged: 0, tornBytes: rest.count))
    }

    @Test func `the checksum is the standard one`() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    }
}
