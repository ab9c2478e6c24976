// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What a person sees who types something wrong, or works where it cannot go well.
struct CommandLineTests {
    @Test func `the version is one line`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("--version")
            #expect(answer.code == 0)
            #expect(answer.output == "gyre 0.1.0\n")
        }
    }

    @Test(arguments: [("rerpo", "gyre repro"), ("lineag", "gyre lineage"), ("promot", "gyre promote")])
    func `an unknown verb suggests the nearest`(typed: String, meant: String) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run(typed)
            #expect(answer.code == 2)
            #expect(answer.output.isEmpty)
            #expect(answer.error.contains("there is no verb `\(typed)`"))
            #expect(answer.error.contains("did you mean `\(meant)`?"))
        }
    }

    @Test func `an unknown flag suggests the nearest`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("up", "--prot", "5000")
            #expect(answer.code == 2)
            #expect(answer.error.contains("did you mean `--port`?"), "\(answer.error)")
        }
    }

    @Test func `with --json a failure is one JSON object`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("runs", "--json")
            #expect(answer.code == 1)
            #expect(answer.error.hasPrefix(#"{"error":{"code":"notAProject""#))
        }
    }

    @Test(arguments: ["runs", "up", "repro", "build", "errors", "status"])
    func `a folder that is no project says how to make one`(verb: String) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run(verb)
            #expect(answer.code == 1)
            #expect(answer.error.contains("error: cannot find a project"))
            #expect(answer.error.contains("next: run `gyre init`"))
            #expect(try FileSystem.list(gyre.folder).isEmpty)
        }
    }

    @Test func `a broken project file tells every mistake with line, column and the nearest key`() async throws {
        try await Program.inEmptyFolder { gyre in
            let text = "project: x\nmodle:\n  name: x\nevaluation:\n  require:\n    - recal >= 0.9\n"
            try AtomicFile.write(text, to: gyre.folder.appending("gyre.yaml"))
            let answer = try await gyre.run("runs")
            #expect(answer.code == 1)
            #expect(
                answer.error.contains("gyre.yaml:2:1: `modle` is not a key (did you mean `model`?)"),
                "\(answer.error)"
            )
            #expect(answer.error.contains("gyre.yaml:6:7"))
            #expect(answer.error.contains("did you mean `recall`?"))
            #expect(!FileSystem.exists(gyre.folder.appending(".gyre")))
        }
    }

    @Test func `a file system that takes no changes is told, and nothing is half-written`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("init", in: "/proc")
            #expect(answer.code == 1)
            #expect(answer.error.contains("error: cannot"))
            #expect(answer.error.contains("/proc"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount the small file system that fills up"))
    func `a full disk is told, and leaves the old file`() async throws {
        try await Program.inEmptyFolder { gyre in
            let small = gyre.folder.appending("small")
            try FileSystem.createDirectory(small)
            try #require(mount("none", small.string, "tmpfs", 0, "size=64k") == 0)
            defer { umount2(small.string, Int32(MNT_DETACH)) }
            try AtomicFile.write("project: old\n", to: small.appending("gyre.yaml"))
            try AtomicFile.write(Array(repeating: 0x78, count: 30_000), to: small.appending("filler"))
            let answer = try await gyre.run("init", in: small)
            #expect(answer.code == 1)
            #expect(answer.error.contains("error: cannot"), "\(answer.error)")
            #expect(try FileReader.text(of: small.appending("gyre.yaml")) == "project: old\n")
            #expect(try FileSystem.list(small).allSatisfy { !$0.hasPrefix(".gyre.yaml") })
        }
    }

    @Test func `doctor names what is missing, and the command that mends it`() async throws {
        try await Program.inEmptyFolder { gyre in
            let nothing = ["GYRE_PYTHON": "/nowhere/bin/python", "PATH": "/nowhere", "VIRTUAL_ENV": ""]
            let answer = try await gyre.run("doctor", environment: nothing)
            #expect(answer.code == 1)
            #expect(answer.output.contains("git"))
            #expect(answer.output.contains("missing"))
            #expect(answer.output.contains("gyre doctor --fix"))
        }
    }

    @Test func `doctor finds every library with version and place`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("doctor", "--json")
            #expect(answer.code == 0, "\(answer.output)")
            for name in ["git", "python", "ONNX Runtime", "DuckDB", "scikit-learn"] {
                #expect(answer.output.contains("\"\(name)\""))
            }
        }
    }

    @Test func `a missing library is told by the verb that needs it`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init").code == 0)
            try FileSystem.createDirectory(gyre.folder.appending("m"))
            try AtomicFile.write(#"{"name":"m","version":"1"}"#, to: gyre.folder.appending("m/service.json"))
            let answer = try await gyre.run(
                "serve",
                "m",
                environment: ["GYRE_ONNXRUNTIME": "/nowhere/libonnxruntime.so"]
            )
            #expect(answer.code == 1)
            #expect(answer.error.contains("cannot open ONNX Runtime"))
            #expect(answer.error.contains("/nowhere/libonnxruntime.so"))
        }
    }

    @Test func `init twice changes nothing, and an unknown example suggests the nearest`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init", "--example", "breast-cancer").code == 0)
            try AtomicFile.write("mine\n", to: gyre.folder.appending("train.py"))
            #expect(try await gyre.run("init", "--example", "breast-cancer").output.contains("nothing to write"))
            #expect(try FileReader.text(of: gyre.folder.appending("train.py")) == "mine\n")
            let answer = try await gyre.run("init", "--example", "brest-cancer")
            #expect(answer.error.contains("did you mean `breast-cancer`?"))
        }
    }
}
