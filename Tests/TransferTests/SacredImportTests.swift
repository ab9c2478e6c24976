// SPDX-License-Identifier: Apache-2.0

import JSONText
import Files
import SystemPackage
import Testing
import Tracking

@testable import Transfer

/// What the real Sacred's file observer wrote, and dumps of its MongoDB observer's collections.
struct SacredImportTests {
    private static let fixture = Fixture.folder("sacred-0.8")

    @Test(arguments: ["files", "dump", "dump/sacred", "export"])
    func `runs come with config, metrics, output and files`(form: String) async throws {
        try await TestProject.run { project in
            let report = try await project.take(.sacred(Self.fixture.appending(form)))
            #expect(report.skipped == [])
            #expect(report[.runs].added == 2)
            #expect(report[.points].added == 11)
            let experiment = try #require(try await project.tracking.experiment(named: "tuning"))
            let run = try #require(try await project.run(named: "tuning-1"))
            #expect(run.experimentID == experiment.id)
            #expect(run.status == .finished)
            #expect(run.endMs ?? 0 >= run.startMs)
            #expect(run.param("lr") == "0.2")
            #expect(run.param("net.layers") == "[16,8]")
            #expect(run.param("net.name") == "mlp")
            #expect(run.param("fails") == "False")
            #expect(run.tag("sacred.command") == "main")
            #expect(run.metric("result") == 0.42)
            #expect(try await project.values("loss/train", of: run.id) == [0.2, 0.1, 0.2 / 3])
            let odd = try await project.values("odd", of: run.id)
            #expect(odd.first?.isNaN == true)
            #expect(odd.last == .infinity)
            #expect(try await project.text(run.artifactURI, "note.txt") == "a note\n")
            #expect(try await project.text(run.artifactURI, "cout.txt")?.contains("begin ü") == true)
            #expect(try await project.text(run.artifactURI, "info.json")?.contains("0.9") == true)
            let failed = try #require(try await project.run(named: "tuning-2"))
            #expect(failed.status == .failed)
            #expect(failed.tag("sacred.fail_trace")?.contains("on purpose") == true)
        }
    }

    @Test(arguments: ["files", "dump", "export"])
    func `the second time nothing is new`(form: String) async throws {
        try await TestProject.run { project in
            try await project.take(.sacred(Self.fixture.appending(form)))
            let report = try await project.take(.sacred(Self.fixture.appending(form)))
            for kind in TransferCounts.Kind.allCases {
                #expect(report[kind].added == 0, "\(kind)")
                #expect(report[kind].grown == 0, "\(kind)")
            }
        }
    }

    @Test func `both forms of a dump are the same runs`() async throws {
        try await TestProject.run { project in
            try await project.take(.sacred(Self.fixture.appending("dump")))
            let report = try await project.take(.sacred(Self.fixture.appending("export")))
            #expect(report[.runs].unchanged == 2)
            #expect(report[.points].added == 0)
        }
    }

    @Test(arguments: ["runs.bson", "metrics.bson", "fs.chunks.bson"])
    func `a dump that is cut off is refused before anything comes`(name: String) async throws {
        try await TestProject.run { project in
            let dump = project.folder.appending("dump")
            try Fixture.copy(Self.fixture.appending("dump/sacred"), to: dump)
            let bytes = try FileReader.bytes(of: dump.appending(name))
            try AtomicFile.write(Array(bytes.dropLast(9)), to: dump.appending(name))
            let error = await #expect(throws: TransferError.self) { try await project.take(.sacred(dump)) }
            #expect(error?.code == .damaged)
            #expect(error?.why.contains("`\(name)` at byte") == true)
            #expect(error?.why.contains("cut off") == true)
            #expect(try await project.tracking.experiment(named: "tuning") == nil)
        }
    }

    @Test func `a run whose file is broken is reported, and the other one comes`() async throws {
        try await TestProject.run { project in
            let folder = project.folder.appending("runs")
            try Fixture.copy(Self.fixture.appending("files"), to: folder)
            try AtomicFile.write("{\"status\": ", to: folder.appending("1/run.json"))
            let report = try await project.take(.sacred(folder))
            #expect(report[.runs].added == 1)
            #expect(report.skipped.map(\.what) == ["run 1"])
            #expect(report.problemCount == 1)
        }
    }

    @Test func `sources that lead out of the folder are not read`() async throws {
        try await TestProject.run { project in
            let folder = project.folder.appending("runs")
            try Fixture.copy(Self.fixture.appending("files"), to: folder)
            try AtomicFile.write("secret", to: project.folder.appending("secret"))
            try FileSystem.symlink("../../secret", at: folder.appending("1/link"))
            let file = folder.appending("1/run.json")
            let text = try FileReader.text(of: file)
            let moved = text.replacing(#/_sources/make_[0-9a-f]+\.py/#, with: "_sources/../../secret")
            try #require(moved != text)
            try AtomicFile.write(moved, to: file)
            let report = try await project.take(.sacred(folder))
            #expect(report[.runs].added == 2)
            let run = try #require(try await project.run(named: "tuning-1"))
            for name in ["secret", "link", "sources/../../secret", "sources/secret"] where !name.contains("..") {
                #expect(try await project.text(run.artifactURI, name) == nil)
            }
            #expect(report.problemCount == 1)
        }
    }

    @Test func `a file of another run is none of this one's, whatever its record says`() async throws {
        try await TestProject.run { project in
            let folder = project.folder.appending("runs")
            try Fixture.copy(Self.fixture.appending("files"), to: folder)
            let file = folder.appending("1/run.json")
            let text = try FileReader.text(of: file)
            let moved = text.replacing(#/_sources/make_[0-9a-f]+\.py/#, with: "2/note.txt")
            try #require(moved != text)
            try AtomicFile.write(moved, to: file)
            let report = try await project.take(.sacred(folder))
            // Five files of the first run's own, and six with its source of the second.
            #expect(report[.files].added == 11)
            #expect(report.problemCount == 0)
        }
    }

    @Test func `a folder of something else is refused`() async throws {
        try await TestProject.run { project in
            let error = await #expect(throws: TransferError.self) { try await project.take(.sacred(project.folder)) }
            #expect(error?.code == .wrongContent)
        }
    }

    @Test(
        arguments: [
            [], [4, 0, 0, 0], [5, 0, 0, 0, 1], [255, 255, 255, 127, 0], [12, 0, 0, 0, 0x02, 97, 0, 255, 0, 0, 0, 0],
            [9, 0, 0, 0, 0x10, 97, 0, 1, 0], [8, 0, 0, 0, 0x77, 97, 0, 0], [8, 0, 0, 0, 0x02, 97, 98, 99],
            [12, 0, 0, 0, 0x05, 97, 0, 255, 255, 255, 255, 0], [10, 0, 0, 0, 0x0F, 97, 0, 0, 0, 0],
        ] as [[UInt8]]
    )
    func `bytes that are no BSON are refused`(bytes: [UInt8]) {
        let error = #expect(throws: TransferError.self) { try BSON.document(bytes) }
        #expect(error?.code == .damaged)
    }

    @Test(arguments: [
        ("2026-11-24T22:52:37.954667", Int64(1_795_560_757_954)), ("2026-11-24T22:52:38.098Z", 1_795_560_758_098),
        ("2026-11-24T23:52:38+01:00", 1_795_560_758_000), ("1970-01-01 00:00:00", 0),
        ("2000-02-29T12:00:00-0030", 951_827_400_000),
    ])
    func `times are read with and without a zone`(text: String, expected: Int64) {
        #expect(TimeText.milliseconds(text) == expected)
    }

    @Test(arguments: ["", "yesterday", "2026-13-01T00:00:00", "2026-11-24T22:52:38+xx", "2026-11-24T2x:52:38"])
    func `what is no time is nil`(text: String) {
        #expect(TimeText.milliseconds(text) == nil)
    }

    @Test(arguments: [0, 951_827_400_123, 1_795_560_758_098, 253_402_300_799_999, -1] as [Int64])
    func `a time as text is the same time`(milliseconds: Int64) {
        #expect(TimeText.milliseconds(Moment(ms: milliseconds).iso) == milliseconds)
    }
}
