// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `gyre queue`: nothing that was queued is lost, whatever happens to the workers.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct QueueVerbTests {
    /// Starts workers, calls `body` once standard error says `mark`, and waits for their end.
    private func working(
        _ project: ExpProject,
        _ arguments: [String] = ["queue", "start"],
        onceSaid mark: String,
        _ body: @escaping @Sendable (pid_t) async throws -> Void
    ) async throws -> (code: Int32, text: String) {
        let result = try await Subprocess.run(
            project.gyre.configuration(.path(try Program.file), arguments, ["GO": project.go.string]),
            input: .none,
            output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            var isDone = false
            var text: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                if !isDone, String(decoding: text, as: UTF8.self).contains(mark) {
                    isDone = true
                    try await body(pid_t(execution.processIdentifier.value))
                }
            }
            return text
        }
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        return (code, String(decoding: result.closureResult, as: UTF8.self))
    }

    @Test func `what is queued waits with the work tree as it was, and runs with one start`() async throws {
        try await ExpProject.with { project in
            let queued = try await project.run("exp", "run", "--queue", "-S", "a=2,3", "-n", "q")
            #expect(
                queued.output
                    == "Queued experiment 'q-1' for future execution.\nQueued experiment 'q-2' for future execution.\n"
            )
            #expect(try await project.statuses() == ["q-1": "queued", "q-2": "queued"])
            try AtomicFile.write("later\n", to: project.folder.appending("in"))
            let before = try await project.state()
            let start = try await project.run("queue", "start", "-j", "2")
            #expect(start.code == 0, "\(start.error)")
            #expect(start.output.hasPrefix("Ran experiment(s): q-1, q-2\n"))
            #expect(try await project.state() == before)
            #expect(try await project.gyre.shell("git show $($GYRE exp list --sha-only | head -1):in").output == "1\n")
            #expect(try await project.statuses() == ["q-1": "success", "q-2": "success"])
            #expect(try await project.run("queue", "logs", "q-2").output.contains("train | training 3"))
            let removed = try await project.run("queue", "remove", "--success")
            #expect(removed.output == "Removed tasks in queue: q-1, q-2\n")
            #expect(try await project.leftovers().isEmpty)
            let none = try await project.run("exp", "run", "--run-all")
            #expect(none.code == 0 && none.output == "No experiments are queued.\n")
            let runs = try await project.gyre.json("runs", "search", "tags.`gyre.experiment` = 'q-2'")
            #expect(runs["name"]?.string == "q-2" && runs["status"]?.string == "FINISHED")
        }
    }

    @Test func `a kill in the middle loses nothing, and the next start goes on`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--queue", "-S", "a=2,99,3", "-n", "q")
            let before = try await project.state()
            let end = try await working(project, onceSaid: "training 99") { kill($0, SIGKILL) }
            #expect(end.code == -1)
            #expect(try await project.statuses() == ["q-1": "success", "q-2": "interrupted", "q-3": "queued"])
            // As if the process that queued had died in between.
            _ = try await project.gyre.shell("git update-ref refs/gyre/queue/00000000000001-00000-abc HEAD")
            _ = try await project.gyre.shell("touch .gyre/experiments/index-99999999-1 \(project.go)")
            let again = try await project.run("queue", "start", "-j", "2")
            #expect(again.code == 0, "\(again.error)")
            #expect(again.output.hasPrefix("Ran experiment(s): q-2, q-3\n"))
            #expect(try await project.state() == before)
            _ = try await project.run("queue", "remove", "--all")
            #expect(try await project.leftovers().isEmpty)
            #expect(try await project.gyre.processesThatStay().isEmpty)
            let names = try await project.run("exp", "list", "--name-only").output
            #expect(Set(names.split(separator: "\n")) == ["q-1", "q-2", "q-3"])
            // No run seems to go on, that of the sweep neither.
            let open = try await project.gyre.run("runs", "search", "attributes.status = 'RUNNING'", "--json")
            #expect(open.output.isEmpty || open.output == "\n", "\(open.output)")
            let parent = try await project.gyre.json("runs", "search", "attributes.run_name = 'q'")
            #expect(parent["status"]?.string == "FINISHED")
        }
    }

    @Test func `what Ctrl-C interrupts waits again`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--queue", "-S", "a=99", "-n", "slow")
            let end = try await working(project, onceSaid: "training 99") { kill($0, SIGINT) }
            #expect(end.code == 130 && end.text.contains("slow waits again"), "\(end.text)")
            #expect(try await project.statuses() == ["slow": "queued"])
            #expect(try await project.gyre.processesThatStay().isEmpty)
            _ = try await project.gyre.shell("touch \(project.go)")
            #expect(try await project.run("queue", "start").code == 0)
        }
    }

    @Test func `Ctrl-C takes a sweep back that nobody queued`() async throws {
        try await ExpProject.with { project in
            let arguments = ["exp", "run", "-S", "a=99,2", "-n", "s"]
            let end = try await working(project, arguments, onceSaid: "training 99") { kill($0, SIGINT) }
            #expect(end.code == 130, "\(end.text)")
            #expect(try await project.statuses() == ["s-1": "killed"])
            #expect(try await project.gyre.shell("git for-each-ref refs/exps").output.isEmpty)
            let parent = try await project.gyre.json("runs", "search", "attributes.run_name = 's'")
            #expect(parent["status"]?.string == "KILLED")
        }
    }

    @Test func `one is killed and the others go on`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--queue", "-S", "a=99,2", "-n", "q")
            let end = try await working(project, onceSaid: "training 99") { _ in
                let busy = try await project.run("queue", "remove", "q-1")
                #expect(busy.code == 1 && busy.error.contains("it is running"))
                #expect(try await project.run("queue", "status").output.contains("Worker status: 1 active, 0 idle"))
                let killed = try await project.run("queue", "kill", "q-1")
                #expect(killed.output == "'q-1' has been killed.\n", "\(killed.error)")
            }
            #expect(end.code == 1, "\(end.text)")
            #expect(try await project.statuses() == ["q-1": "killed", "q-2": "success"])
            #expect(try await project.run("queue", "kill", "q-2").error.contains("it is not running"))
            #expect(try await project.run("queue", "remove", "--failed").output == "Removed tasks in queue: q-1\n")
            #expect(try await project.gyre.processesThatStay().isEmpty)
        }
    }

    @Test func `stop lets what runs come to its end and takes nothing more`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--queue", "-S", "a=99,2", "-n", "q")
            let end = try await working(project, onceSaid: "training 99") { _ in
                #expect(try await project.run("queue", "stop", "--json").output == "{\"workers\":1}\n")
                _ = try await project.gyre.shell("touch \(project.go)")
            }
            #expect(end.code == 0, "\(end.text)")
            #expect(try await project.statuses() == ["q-1": "success", "q-2": "queued"])
            #expect(try await project.run("exp", "remove", "q-2").output == "Removed experiments: 'q-2'\n")
            #expect(try await project.run("queue", "status", "--json").output.contains("\"workers\":0"))
        }
    }

    @Test func `stop with --kill ends what runs`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--queue", "-S", "a=99,2", "-n", "q")
            let end = try await working(project, onceSaid: "training 99") { _ in
                let stopped = try await project.run("queue", "stop", "--kill")
                #expect(stopped.code == 0, "\(stopped.error)")
            }
            #expect(end.code == 1, "\(end.text)")
            #expect(try await project.statuses() == ["q-1": "killed", "q-2": "queued"])
            #expect(try await project.gyre.processesThatStay().isEmpty)
        }
    }

    @Test func `the log of one that runs is followed to its end`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--queue", "-S", "a=99", "-n", "q")
            let end = try await working(project, onceSaid: "training 99") { _ in
                async let followed = project.run("queue", "logs", "-f", "q")
                _ = try await project.gyre.shell("touch \(project.go)")
                let log = try await followed
                #expect(log.code == 0 && log.output.contains("train | training 99"), "\(log.error)")
                #expect(log.output.contains("stage report runs: "), "\(log.output)")
            }
            #expect(end.code == 0, "\(end.text)")
            let document = try await project.run("queue", "logs", "q", "--json").output
            let lines = try document.split(separator: "\n").map { try JSONDocument(String($0)).root["line"]?.string }
            #expect(lines.contains("train | training 99"))
        }
    }

    @Test func `a sweep whose process died before it queued any is ended`() async throws {
        try await ExpProject.with { project in
            let run = try await project.gyre.shell(
                #"""
                "$GYRE" exp run --queue -S a=2,3 -n q && "$GYRE" runs search "tags.\`gyre.sweep\` LIKE '%'" --json
                rm -r .gyre/experiments/queue; "$GYRE" exp clean
                "$GYRE" runs search "tags.\`gyre.sweep\` LIKE '%'" --json
                git for-each-ref refs/gyre
                """#
            )
            let states = run.output.split(separator: "\n").compactMap {
                try? JSONDocument(String($0)).root["status"]?.string
            }
            #expect(states == ["RUNNING", "KILLED"], "\(run.output) \(run.error)")
            #expect(!run.output.contains("refs/gyre"))
        }
    }
}
