// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Where it cannot go well: one clear error, the right exit code, and nothing half-written.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct FaultTests {
    private static let needsRoot = Comment("only root can mount a file system")

    // MARK: Project file

    @Test(arguments: [
        ("modle: {name: x}", "1:1: `modle` is not a key (did you mean `model`?)"),
        ("model: {treshold: 1}", "1:9: `model.treshold` is not a key (did you mean `threshold`?)"),
        ("evaluation:\n  require:\n    - recal >= 0.9", "3:7: "), ("monitoring: {referense: x}", "1:14: "),
        ("loop: {promote: automatik}", "1:17: "), ("project: [", "it is no valid YAML"),
        ("\u{FEFF}- x", "a mapping is expected"),
    ])
    func `a broken project file is told with line, column and the nearest key`(text: String, words: String) async throws
    {
        try await Program.inEmptyFolder { gyre in
            try AtomicFile.write(text, to: gyre.folder.appending("gyre.yaml"))
            for verb in ["runs", "up", "repro"] {
                let answer = try await gyre.run(verb)
                #expect(answer.code == 1)
                #expect(answer.output.isEmpty)
                #expect(answer.error.hasPrefix("error: cannot use `gyre.yaml`"), "\(answer.error)")
                #expect(answer.error.contains(words), "\(answer.error)")
            }
            #expect(try FileSystem.list(gyre.folder) == ["gyre.yaml"])
        }
    }

    // MARK: Folders and disks

    @Test(.enabled(if: geteuid() == 0, needsRoot))
    func `a read-only folder is told by every verb that writes`() async throws {
        try await Program.inEmptyFolder { gyre in
            let place = gyre.folder.appending("place")
            try FileSystem.createDirectory(place)
            #expect(try await gyre.run("init", "--example", "breast-cancer", in: place).code == 0)
            let before = try await gyre.shell("cd place && find . | sort | xargs ls -ld")
            try #require(mount(place.string, place.string, nil, UInt(MS_BIND), nil) == 0)
            defer { umount2(place.string, Int32(MNT_DETACH)) }
            try #require(mount(nil, place.string, nil, UInt(MS_REMOUNT | MS_RDONLY | MS_BIND), nil) == 0)
            for verb in ["up", "repro", "runs", "promote --best recall", "build", "retrain", "add train.py"] {
                let answer = try await gyre.shell("cd place && $GYRE \(verb)")
                #expect(answer.code == 1, "\(verb)")
                #expect(answer.output.isEmpty)
                #expect(answer.error.split(separator: "\n").first?.hasPrefix("error: cannot ") == true)
                #expect(answer.error.contains("\(place)"), "\(verb): \(answer.error)")
                #expect(answer.error.contains("  next: "), "\(verb): \(answer.error)")
            }
            let inner = try await gyre.shell("cd place && $GYRE init -C new")
            #expect(inner.code == 1)
            #expect(inner.error.contains("the file system takes no changes"))
            #expect(try await gyre.shell("cd place && find . | sort | xargs ls -ld").output == before.output)
        }
    }

    @Test(.enabled(if: geteuid() == 0, needsRoot))
    func `a folder of somebody else is told`() async throws {
        try await Program.inEmptyFolder { gyre in
            let program = try Program.file
            // As an unprivileged user sees it, who may read but not write.
            let answer = try await gyre.tool(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                program.string,
                "init"
            )
            #expect(answer.code == 1)
            #expect(answer.error.contains("this user may not"), "\(answer.error)")
            #expect(answer.error.contains("look at the owner and permissions"))
            #expect(try FileSystem.list(gyre.folder).isEmpty)
        }
    }

    @Test(.enabled(if: geteuid() == 0, needsRoot), arguments: ["16k", "32k", "48k", "64k"])
    func `init on a full disk leaves nothing`(size: String) async throws {
        try await onDisk(size) { gyre in
            let answer = try await gyre.run("init", "--example", "breast-cancer")
            #expect(answer.code == 1)
            #expect(answer.error.hasPrefix("error: cannot "), "\(answer.error)")
            #expect(try FileSystem.list(gyre.folder).isEmpty)
        }
    }

    @Test(.enabled(if: geteuid() == 0, needsRoot), arguments: ["up", "runs", "repro"])
    func `a project on a full disk cannot be opened, and can once there is space`(verb: String) async throws {
        try await onDisk("640k") { gyre in
            #expect(try await gyre.run("init").code == 0)
            #expect(try await gyre.shell("head -c 4000000 /dev/zero > filler").code != 0)
            let answer = try await gyre.run(verb)
            #expect(answer.code == 1)
            #expect(answer.output.isEmpty)
            #expect(
                answer.error.hasPrefix("error: cannot open the database `\(gyre.folder)/.gyre/gyre.db`\n"),
                "\(answer.error)"
            )
            #expect(answer.error.contains("no space is left"), "\(answer.error)")
            try FileSystem.remove(gyre.folder.appending("filler"))
            #expect(try await gyre.run("runs").code == 0)
        }
    }

    @Test(.enabled(if: geteuid() == 0, needsRoot))
    func `on a disk that fills up, verbs fail clearly and what was there stays`() async throws {
        try await onDisk("2m") { gyre in
            #expect(try await gyre.run("init").code == 0)
            let pipeline = "stages:\n  big:\n    cmd: head -c 4000000 /dev/zero > out\n    outs: [out]\n"
            try AtomicFile.write(pipeline, to: gyre.folder.appending("dvc.yaml"))
            try AtomicFile.write("row\n", to: gyre.folder.appending("small.csv"))
            #expect(try await gyre.run("add", "small.csv").code == 0)
            let pointer = try FileReader.text(of: gyre.folder.appending("small.csv.dvc"))

            let repro = try await gyre.run("repro")
            #expect(repro.code == 1)
            #expect(repro.error.contains("error: cannot run stage `big`"), "\(repro.error)")
            #expect(repro.error.contains("No space left"))

            #expect(try await gyre.shell("head -c 4000000 /dev/zero > filler").code != 0)
            try AtomicFile.overwrite("other\n", gyre.folder.appending("small.csv"))
            let add = try await gyre.run("add", "small.csv")
            #expect(add.code == 1)
            #expect(add.error.contains("no space is left"), "\(add.error)")
            #expect(try FileReader.text(of: gyre.folder.appending("small.csv.dvc")) == pointer)

            // What the stage left of its output fills the disk as well.
            #expect(try await gyre.shell("rm -f filler out").code == 0)
            #expect(try await gyre.run("add", "small.csv").code == 0)
            #expect(try await gyre.run("status").code == 0)
        }
    }

    @Test(.enabled(if: geteuid() == 0, needsRoot))
    func `a server on a full disk refuses what it cannot keep, and goes on`() async throws {
        try await onDisk("3m") { gyre in
            #expect(try await gyre.run("init").code == 0)
            let end = try await gyre.up { server in
                let run = try await server.makeRun()
                #expect(try await gyre.shell("head -c 8000000 /dev/zero > filler").code != 0)
                let path = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts/big.bin"
                let upload = try await server.send("PUT", path, String(repeating: "x", count: 1 << 20))
                #expect(upload.status >= 500)
                #expect(upload.text.contains("no space is left"), "\(upload.text)")
                #expect(try await server.send("GET", path).status == 404)
                var refused: String?
                for step in 0..<400 where refused == nil {
                    let metrics = (0..<200).map { #"{"key": "m\#($0)", "value": 1, "timestamp": 1, "step": \#(step)}"# }
                    let body = #"{"run_id": "\#(run)", "metrics": [\#(metrics.joined(separator: ","))]}"#
                    let answer = try await server.send("POST", "/api/2.0/mlflow/runs/log-batch", body)
                    if answer.status != 200 { refused = answer.text }
                }
                #expect(try #require(refused).contains("no space is left"), "\(refused ?? "")")
                #expect(try await server.send("GET", "/health").status == 200)
                try FileSystem.remove(gyre.folder.appending("filler"))
                let body =
                    #"{"run_id": "\#(run)", "metrics": [{"key": "after", "value": 1, "timestamp": 1, "step": 0}]}"#
                #expect(try await server.send("POST", "/api/2.0/mlflow/runs/log-batch", body).status == 200)
            }
            #expect(end.code == 0, "\(end.log)")
        }
    }

    private func onDisk(_ size: String, _ body: (Program) async throws -> Void) async throws {
        try await Program.inEmptyFolder { gyre in
            let disk = gyre.folder.appending("disk")
            try FileSystem.createDirectory(disk)
            try #require(mount("none", disk.string, "tmpfs", 0, "size=\(size)") == 0)
            defer { umount2(disk.string, Int32(MNT_DETACH)) }
            try await body(Program(folder: disk))
        }
    }

    // MARK: Damaged state

    @Test(arguments: ["garbage, and not a little of it\n", ""])
    func `a database that is none is told, and is not replaced`(content: String) async throws {
        try await Program.inProject { gyre in
            let file = gyre.folder.appending(".gyre/gyre.db")
            #expect(try await gyre.run("runs").code == 0)
            _ = try await gyre.shell("rm -f .gyre/gyre.db-*")
            try AtomicFile.write(content, to: file)
            for verb in ["runs", "up"] where !content.isEmpty {
                let answer = try await gyre.run(verb)
                #expect(answer.code == 1)
                #expect(answer.error.hasPrefix("error: cannot open the database `\(file)`\n"), "\(answer.error)")
                #expect(answer.error.contains("next: restore the file from a backup"))
                #expect(try FileReader.text(of: file) == content)
            }
            // SQLite takes an empty file for a new database, and so do we.
            if content.isEmpty { #expect(try await gyre.run("runs").code == 0) }
        }
    }
}

extension AtomicFile {
    /// Writes into the file that is there, as an editor on a full disk would have to.
    fileprivate static func overwrite(_ text: String, _ path: FilePath) throws {
        let file = try FileDescriptor.open(path, .writeOnly)
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
    }
}
