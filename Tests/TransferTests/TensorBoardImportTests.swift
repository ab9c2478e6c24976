// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import ObjectStorage
import SystemPackage
import Testing
import Tracking

@testable import Transfer

/// Event files made by the real tensorboard and tensorboardX.
struct TensorBoardImportTests {
    private static let logs = Fixture.folder("tensorboard-2.21/logs")

    @Test func `each folder with event files is a run, with its scalars`() async throws {
        try await TestProject.run { project in
            let report = try await project.take(.tensorBoard(Self.logs, experiment: "board"))
            #expect(report[.runs].added == 3)
            #expect(report.problemCount == 0)
            #expect(report.skipped.map(\.what) == ["histograms of 1 run"])
            let simple = try #require(try await project.run(named: "simple"))
            #expect(simple.experimentID == (try await project.tracking.experiment(named: "board"))?.id)
            #expect(simple.status == .finished)
            #expect(try await project.values("loss/train", of: simple.id) == [1, 0.5, Double(Float(1.0 / 3)), 0.25])
            let points = try await project.tracking.metricHistory(run: simple.id, key: "loss/train")
            #expect(points.map(\.timestampMs) == [0, 1, 2, 3].map { 1_700_000_000_000 + 1_000 * $0 })
            #expect(points.map(\.step) == [0, 1, 2, 3])
            let odd = try await project.values("odd", of: simple.id)
            #expect(odd.first?.isNaN == true)
            #expect(odd.last == .infinity)
            #expect(try await project.values("accuracy__test_____", of: simple.id) == [75])
        }
    }

    @Test func `texts and images become files`() async throws {
        try await TestProject.run { project in
            try await project.take(.tensorBoard(Self.logs, experiment: nil))
            let simple = try #require(try await project.run(named: "simple"))
            #expect(try await project.text(simple.artifactURI, "text/notes/text_summary/2.md") == "two\nlines")
            let prefix = try #require(TrackingService.artifactPrefix(of: simple.artifactURI))
            let image = try await project.artifacts.bytes(of: try ObjectKey("\(prefix)/images/grid/input/1.png"))
            #expect(image.starts(with: [0x89, 0x50, 0x4E, 0x47]))
            let tensors = try #require(try await project.run(named: "deep/tensors"))
            #expect(try await project.text(tensors.artifactURI, "text/remark/1.md") == "hello")
            let key = try #require(TrackingService.artifactPrefix(of: tensors.artifactURI))
            let sample = try await project.artifacts.bytes(of: try ObjectKey("\(key)/images/sample/1.png"))
            #expect(sample.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        }
    }

    @Test func `scalars as tensors count, also where the plugin stands only with the first`() async throws {
        try await TestProject.run { project in
            try await project.take(.tensorBoard(Self.logs, experiment: nil))
            let run = try #require(try await project.run(named: "deep/tensors"))
            #expect(try await project.values("epoch_loss", of: run.id) == [0.5, 0.25])
            #expect(try await project.values("wide", of: run.id) == [1e300])
            #expect(try await project.values("whole", of: run.id) == [9_007_199_254_740_992])
            #expect(try await project.tracking.experiment(named: "logs") != nil)
        }
    }

    @Test func `hyperparameters become params, and the session says how it ended`() async throws {
        try await TestProject.run { project in
            try await project.take(.tensorBoard(Self.logs, experiment: nil))
            let tried = try #require(try await project.run(named: "simple/tried"))
            #expect(tried.param("lr") == "0.1")
            #expect(tried.param("layers") == "3")
            #expect(tried.param("norm") == "true")
            #expect(tried.param("kind") == "mlp")
            #expect(tried.status == .finished)
            let tensors = try #require(try await project.run(named: "deep/tensors"))
            #expect(tensors.param("units") == "16")
            #expect(tensors.param("dropout") == "0.25")
            #expect(tensors.param("optimizer") == "adam")
            #expect(tensors.status == .failed)
            #expect(tensors.endMs == 1_700_000_060_000)
        }
    }

    @Test func `the second time nothing is new, though the folder moved`() async throws {
        try await TestProject.run { project in
            try await project.take(.tensorBoard(Self.logs, experiment: "logs"))
            let moved = project.folder.appending("elsewhere")
            try Fixture.copy(Self.logs, to: moved)
            let report = try await project.take(.tensorBoard(moved, experiment: "logs"))
            #expect(report[.runs].unchanged == 3)
            #expect(report[.runs].added == 0)
            #expect(report[.points].added == 0)
        }
    }

    /// The path of the simple run's only event file in a copy of the logs.
    private static func copied(_ project: TestProject) throws -> (logs: FilePath, file: FilePath) {
        let logs = project.folder.appending("logs")
        try Fixture.copy(logs.lastComponent == nil ? logs : Self.logs, to: logs)
        let folder = logs.appending("simple")
        let name = try #require(try FileSystem.list(folder).first { $0.contains("tfevents") })
        return (logs, folder.appending(name))
    }

    @Test func `a last record that is cut off is normal, and the run grows when it is whole`() async throws {
        try await TestProject.run { project in
            let (logs, file) = try Self.copied(project)
            let bytes = try FileReader.bytes(of: file)
            try AtomicFile.write(Array(bytes.prefix(bytes.count - 3_000)), to: file)
            let first = try await project.take(.tensorBoard(logs, experiment: nil))
            #expect(first.problemCount == 0)
            try AtomicFile.write(bytes, to: file)
            let second = try await project.take(.tensorBoard(logs, experiment: nil))
            #expect(second[.runs].added == 0)
            #expect(second[.points].added + first[.points].added == 12)
        }
    }

    @Test func `a wrong checksum is reported, and what stands before it comes`() async throws {
        try await TestProject.run { project in
            let (logs, file) = try Self.copied(project)
            var bytes = try FileReader.bytes(of: file)
            // The first records are the version and the first points; one in the middle of them is broken.
            bytes[200] ^= 1
            try AtomicFile.write(bytes, to: file)
            let report = try await project.take(.tensorBoard(logs, experiment: nil))
            #expect(report.problemCount == 1)
            #expect(report.skipped.contains { $0.why.contains("has another checksum") && $0.why.contains("simple/") })
            let simple = try #require(try await project.run(named: "simple"))
            #expect(try await project.values("loss/train", of: simple.id).first == 1)
            #expect(try await project.values("loss/train", of: simple.id).count < 4)
        }
    }

    @Test func `a file that is no event file is reported, and the others come`() async throws {
        try await TestProject.run { project in
            let (logs, file) = try Self.copied(project)
            try AtomicFile.write("this is no event file, but long enough to look like one", to: file)
            let report = try await project.take(.tensorBoard(logs, experiment: nil))
            #expect(report[.runs].added == 2)
            #expect(report[.runs].skipped == 1)
            #expect(report.problemCount == 1)
        }
    }

    @Test func `a folder without event files is refused`() async throws {
        try await TestProject.run { project in
            for folder in [project.folder.appending("artifacts"), project.folder.appending("none")] {
                let error = await #expect(throws: TransferError.self) {
                    try await project.take(.tensorBoard(folder, experiment: nil))
                }
                #expect(error?.code == .wrongContent)
            }
        }
    }

    @Test(arguments: [
        ("", UInt32(0)), ("a", 0xC1D0_4330), ("123456789", 0xE306_9283),
        ("The quick brown fox jumps over", 0xC7C7_C0F4),
    ])
    func `the checksum is Castagnoli's`(text: String, expected: UInt32) {
        let value = Array(text.utf8).withUnsafeBytes { CRC32C.value($0) }
        if text.hasPrefix("The") {
            // Eight bytes at a time give what one at a time gives.
            let slow = text.utf8.reduce(~UInt32(0)) { crc, byte in
                (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            }
            #expect(value == ~slow)
        } else {
            #expect(value == expected)
        }
    }

    @Test func `records come whole, however the bytes are cut`() throws {
        let folder = Self.logs.appending("simple")
        let name = try #require(try FileSystem.list(folder).first { $0.contains("tfevents") })
        let bytes = try FileReader.bytes(of: folder.appending(name))
        var whole = TFRecords()
        whole.append(ByteBuffer(bytes: bytes))
        while try whole.next() != nil {}
        var pieces = TFRecords()
        for start in stride(from: 0, to: bytes.count, by: 7) {
            pieces.append(ByteBuffer(bytes: bytes[start..<min(start + 7, bytes.count)]))
            while try pieces.next() != nil {}
        }
        #expect(whole.count > 8)
        #expect(pieces.count == whole.count)
    }

    @Test func `names that would become one are told apart`() {
        let names = KeyName.allowed(all: ["loss(a)", "loss[a]", "loss", "loss_a_"])
        #expect(Set(names.values).count == 4)
        #expect(names["loss"] == "loss")
        #expect(names["loss_a_"] == "loss_a_")
        #expect(KeyName.allowed("/a//../b") == "a/_/b")
        #expect(KeyName.allowed("") == "_")
        #expect(KeyName.allowed(String(repeating: "x", count: 300)).count <= 250)
    }
}
