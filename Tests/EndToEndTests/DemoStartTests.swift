// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Subprocess
import SystemPackage
import Testing

/// Where the demo does not begin, and where it is ended in the middle.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct DemoStartTests {
    @Test func `a folder that is not empty is left as it is`() async throws {
        try await Program.inEmptyFolder { gyre in
            try AtomicFile.write("mine\n", to: gyre.folder.appending("notes.txt"))
            let answer = try await gyre.run("demo", "--exit")
            #expect(answer.code == 1)
            #expect(answer.error.contains("the folder is not empty: it holds `notes.txt`"))
            #expect(answer.output.isEmpty)
            #expect(try FileSystem.list(gyre.folder) == ["notes.txt"])
        }
    }

    @Test func `what is missing is told before anything is written`() async throws {
        try await Program.inEmptyFolder { gyre in
            let bare = gyre.folder.appending("bare")
            #expect(try await gyre.tool("python3", "-m", "venv", "--without-pip", "bare").code == 0)
            let empty = gyre.folder.appending("empty")
            try FileSystem.createDirectory(empty)
            let python = bare.appending("bin/python").string
            let answer = try await gyre.run("demo", "--exit", "--python", python, in: empty)
            #expect(answer.code == 1)
            #expect(answer.error.contains("error: cannot run the demo"))
            #expect(answer.error.contains("`scikit-learn`") && answer.error.contains("`mlflow-skinny`"))
            #expect(answer.error.contains("gyre doctor --fix"))
            #expect(try FileSystem.list(empty).isEmpty)
        }
    }

    @Test func `a signal ends the demo and what it started`() async throws {
        try await Program.inEmptyFolder { gyre in
            let end = try await gyre.interrupt("demo", "--exit", by: .interrupt, onceSaid: "gyre repro")
            #expect(end.code == 130, "\(end.text)")
            #expect(end.text.hasSuffix("error: cannot finish\n  why: a signal asked to stop\n"), "\(end.text)")
            #expect(try await gyre.processesThatStay().isEmpty)
            let runs = try await gyre.json("runs").elements
            #expect(runs.allSatisfy { $0["status"]?.string != "RUNNING" })
        }
    }
}
