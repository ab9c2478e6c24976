// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import Synchronization
import SystemPackage
import Testing
import Tracking

@testable import Pipelines

/// How stages run, and what stays behind when they don't get to their end.
struct RunningTests {
    @Test func `a stage that fails stops the pipeline and leaves the lock as it was`() async throws {
        let lab = try await Laboratory(
            """
            stages:
              good: {cmd: cp raw good.out, deps: [raw], outs: [good.out]}
              bad:
                cmd: [echo before, 'echo to the error stream >&2; echo last words; exit 7', touch never]
                deps: [good.out]
                outs: [bad.out]
              behind: {cmd: touch behind.out, deps: [bad.out], outs: [behind.out]}
            """
        )
        try lab.folder.write("1", to: "raw")
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.code == .stageFailed && error.what == "cannot run stage `bad`")
        #expect(error.why == "it ended with exit code 7: last words")
        #expect(
            lab.events.all.suffix(4) == [
                "began bad: it never ran", "bad> before", "bad> to the error stream", "bad> last words",
            ]
        )
        #expect(!lab.folder.holds("never") && !lab.folder.holds("behind.out"))
        #expect(try await lab.run()?.status == .failed)

        let lock = try #require(try lab.folder.text("dvc.lock"))
        #expect(lock.contains("  good:\n") && !lock.contains("bad"), "what was done stays done")
        await #expect(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(try lab.folder.text("dvc.lock") == lock)
    }

    @Test func `a stage that a signal ends says which`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: 'kill -9 $$'}\n")
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.why == "signal 9 ended it")
    }

    @Test func `a run that failed has its parameters, too`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: exit 3, params: [depth]}\n", params: "depth: 4\n")
        await #expect(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(try await lab.run()?.params.map { "\($0.key)=\($0.value)" } == ["depth=4"])
    }

    @Test func `a promised output that is not written fails the stage`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: touch x, outs: [x, y/z]}\n")
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.code == .missingOutput && error.why.contains("`y/z`"))
        #expect(lab.folder.holds("y") && !lab.folder.holds("dvc.lock"), "folders of outputs are made for the command")
        #expect(try await lab.run()?.status == .failed)
        #expect(try lab.folder.text(".gitignore") == nil)
    }

    @Test func `outputs of the last time are gone when the command runs, unless they persist`() async throws {
        let lab = try await Laboratory(
            """
            stages:
              a:
                cmd: ls > seen; echo x >> gone; echo x >> stays; mkdir -p folder; echo x > folder/new
                deps: [raw]
                outs: [gone, folder, {stays: {persist: true}}, {seen: {cache: false}}]
            """
        )
        for content in ["1", "2"] {
            try lab.folder.write(content, to: "raw")
            try lab.folder.write("x", to: "folder/old")
            try await lab.reproduce()
        }
        #expect(try lab.folder.text("gone") == "x\n" && lab.folder.text("stays") == "x\nx\n")
        #expect(try lab.folder.contents(of: "folder") == ["new": Array("x\n".utf8)])
        #expect(try lab.folder.text(".gitignore") == "/gone\n/folder\n/stays\n", "git holds what is not cached")
    }

    @Test func `the command learns where to log, and comes first to the project's python`() async throws {
        let lab = try await Laboratory(
            """
            stages:
              a: {cmd: 'echo "$MLFLOW_TRACKING_URI|$MLFLOW_RUN_ID|$MLFLOW_EXPERIMENT_NAME|$VIRTUAL_ENV|$PATH|$(pwd)|$(cat)"'}
            """
        )
        let result = try await lab.reproduce(python: "/opt/env/bin/python")
        let line = try #require(lab.events.all.last { $0.hasPrefix("a> ") }).dropFirst(3).split(separator: "|")
        #expect(line[0] == "http://127.0.0.1:1" && String(line[1]) == result.runID && line[2] == "test")
        #expect(line[3] == "/opt/env" && line[4].hasPrefix("/opt/env/bin:"))
        #expect(line[5] == lab.project.root.string && line.count == 6, "nothing waits on the terminal")
    }

    @Test func `lines come as they are written, and one without an end is cut`() async throws {
        let lab = try await Laboratory(
            "stages:\n  a: {cmd: 'printf \"one\\n\\ntwo\"; head -c 200000 /dev/zero | tr \"\\\\0\" x; printf \"\\nend\"'}\n"
        )
        try await lab.reproduce()
        let lines = lab.events.all.dropFirst().map { $0.dropFirst(3) }
        #expect(lines.map(\.count) == [3, 0, 65_536, 65_536, 65_536, 3_395, 3])
        #expect(lines[2].hasPrefix("twox") && lines.last == "end")
    }

    @Test(.timeLimit(.minutes(5))) func `a cancelled reproduction ends its processes and leaves nothing half-written`()
        async throws
    {
        let lab = try await Laboratory(
            """
            stages:
              a: {cmd: 'cp raw x; (echo $$; exec tail -f /dev/null) | cat', deps: [raw], outs: [x]}
            """
        )
        try lab.folder.write("1", to: "raw")
        let (lines, arrived) = AsyncStream.makeStream(of: String.self)
        let running = Task { try await lab.reproduce { arrived.yield($0) } }
        var first: String?
        for await line in lines {
            first = line
            break
        }
        let shell = try #require(first.flatMap { Int32($0) })
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(try Self.isGone(group: shell), "the whole group has ended")
        #expect(try await lab.run()?.status == .killed)
        #expect(!lab.folder.holds("dvc.lock") && !lab.folder.holds(".gitignore"))

        // And the next one can go on.
        try lab.folder.write("stages:\n  a: {cmd: cp raw x, deps: [raw], outs: [x]}\n", to: "dvc.yaml")
        #expect(try await lab.reproduce().stages == ["a ran: it never ran"])
    }

    @Test(.timeLimit(.minutes(5))) func `two reproductions never run at once`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: 'echo here; tail -f /dev/null'}\n")
        let (lines, arrived) = AsyncStream.makeStream(of: String.self)
        let running = Task { try await lab.reproduce { arrived.yield($0) } }
        for await _ in lines { break }
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.code == .busy)
        running.cancel()
        _ = await running.result
    }

    @Test func `a stage may version data itself`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: 'echo go; touch x', outs: [x]}\n")
        let data = lab.project.data
        let isFree = Mutex<Bool?>(nil)
        try await lab.reproduce { _ in
            // What `dvc add` and `gyre add` take; nil if it is taken.
            let lock = try? data.lock()
            lock?.release()
            isFree.withLock { $0 = lock != nil }
        }
        #expect(isFree.withLock { $0 } == true)
    }

    @Test(arguments: [
        ("kept.csv", "kept.csv.dvc:1:1: `kept.csv` belongs to stage `a` already"),
        ("folder", "`folder/part.dvc` versions a part of it"),
        ("code.py", "git tracks `code.py`"), ("linked/x", "`linked` is a link to another folder"),
    ])
    func `an output that is somebody's only copy is refused`(output: String, reason: String) async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: echo new > \(output), outs: [\(output)]}\n")
        let elsewhere = try TestFolder()
        try elsewhere.write("theirs", to: "x")
        for name in ["kept.csv", "folder/part", "code.py"] { try lab.folder.write("precious", to: name) }
        try FileSystem.symlink(elsewhere.path, at: lab.project.root.appending("linked"))
        try await lab.project.add("kept.csv", "folder/part")
        try await lab.project.git("add", "code.py")
        let error = try await #require(throws: (any Error).self) { try await lab.reproduce() }
        #expect("\(error)".contains(reason))
        for name in ["kept.csv", "folder/part", "code.py"] { #expect(try lab.folder.text(name) == "precious") }
        #expect(try elsewhere.text("x") == "theirs")
        #expect(try await lab.run() == nil)
    }

    /// Whether no process of a group runs any more; one that has ended may still wait to be collected.
    private static func isGone(group: Int32) throws -> Bool {
        for name in try FileSystem.list("/proc") where Int32(name) != nil {
            // A process may end while we look at it.
            guard let text = try? FileReader.text(of: FilePath("/proc/\(name)/stat")) else { continue }
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            if fields.count > 2, fields[2] == "\(group)", fields[0] != "Z" { return false }
        }
        return true
    }
}
