// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import SystemPackage
import Tables
import Testing

@testable import Monitoring

/// A real second process, which is this test program again, writes a log until it is killed.
struct KilledProcessTests {
    private static let variable = "GYRE_TEST_WRITER_FOLDER"
    private static let writerFolder = ProcessInfo.processInfo.environment[variable]

    @Test(.enabled(if: writerFolder != nil, "it is the second process of the next test"))
    func `a writer that never ends`() async throws {
        let log = try InferenceLog(directory: FilePath(try #require(Self.writerFolder)))
        for round in 0... {
            for number in 0..<50 { log.record(prediction(round * 50 + number)) }
            try await log.flush()
            let line = "\nsafe \((round + 1) * 50)\n"
            FileHandle.standardOutput.write(Data(line.utf8))
        }
    }

    @Test(.enabled(if: writerFolder == nil, "it would start itself again"), .timeLimit(.minutes(1)))
    func `what was safe before kill -9 is found and compacted after it`() async throws {
        let folder = try LogFolder()
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "KilledProcessTests"]
        child.environment = ProcessInfo.processInfo.environment.merging([Self.variable: folder.path.string]) { $1 }
        let output = Pipe()
        child.standardOutput = output
        child.standardError = FileHandle.nullDevice
        try child.run()
        defer { kill(child.processIdentifier, SIGKILL) }

        let handle = output.fileHandleForReading
        let pool = BlockingPool(threads: 1)
        _ = try await pool.run { Self.lastSafe(in: handle, atLeast: 500) }
        let log = try folder.log()
        try await log.seal()
        #expect(try folder.segments(".open").count == 1, "a living process keeps its segment")
        kill(child.processIdentifier, SIGKILL)
        // What it said until its end.
        let safe = try await pool.run { Self.lastSafe(in: handle, atLeast: .max) }
        child.waitUntilExit()
        #expect(child.terminationReason == .uncaughtSignal)

        try await log.seal()
        #expect(try folder.segments(".open").isEmpty)
        let moved = try await log.compact(using: folder.engine)
        #expect(moved.rows >= max(safe, 500) && moved.damaged == 0)
        let engine = folder.engine
        #expect(try await log.find(id: prediction(max(safe, 500) - 1).id, engine: { engine }) != nil)
        let distinct = try await folder.parquet("SELECT count(*) - count(DISTINCT id) FROM predictions")
        #expect(distinct.row(0) == [.integer(0)])
    }

    /// Reads until a number of at least `bound` is safe, or the output ends; blocks.
    private static func lastSafe(in handle: FileHandle, atLeast bound: Int) -> Int {
        var (text, last) = ("", 0)
        while last < bound {
            let data = handle.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for line in lines.dropLast() where line.hasPrefix("safe ") { last = Int(line.dropFirst(5)) ?? last }
            text = String(lines.last ?? "")
        }
        return last
    }
}
