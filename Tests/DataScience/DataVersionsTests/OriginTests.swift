// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import DataVersions

/// A repository with data, a stage and files of git's, made by the real dvc, and a project that takes from it.
struct OriginTests {
    private let aside: TestFolder
    private let project: TestProject
    // One for all, for as long as the tests run.
    private static let client = HTTPTransportClient()

    /// Made once: the real dvc takes most of a suite's time.
    private static let template = Task {
        let folder = try TestFolder()
        let project = try await TestProject()
        let dvc = Tool.dvc(state: folder.path)
        try folder.write("a\n", to: "source/data/a.csv")
        try folder.write("b\n", to: "source/data/sub/b ü.csv")
        try folder.write("model", to: "source/model.bin")
        try folder.write("code\n", to: "source/lib/code.py")
        try folder.write(
            """
            stages:
              make:
                wdir: ..
                cmd: echo x > out.txt && echo m > metrics.json
                outs: [out.txt]
                metrics:
                - metrics.json: {cache: false}
            """,
            to: "source/pipe/dvc.yaml"
        )
        let source = folder.path.appending("source")
        for name in [".git", ".dvc", ".dvcignore"] {
            try FileSystem.rename(project.root.appending(name), to: source.appending(name))
        }
        try await dvc.run(["remote", "add", "-q", "-d", "store", "../store"], in: source)
        try await dvc.run(["add", "-q", "data", "model.bin"], in: source)
        try await dvc.run(["repro", "-q", "pipe/dvc.yaml"], in: source)
        try await dvc.run(["push", "-q"], in: source)
        for arguments in [["add", "-A"], ["commit", "-q", "-m", "one"], ["tag", "v1"]] {
            try await Tool.git.run(arguments, in: source)
        }
        return folder
    }

    init() async throws {
        aside = try TestFolder()
        project = try await TestProject()
        let template = try await Self.template.value
        for name in ["source", "store"] {
            try await Tool(.name("cp")).run(["-a", template.path.appending(name).string, "."], in: aside.path)
        }
    }

    private var source: FilePath { aside.path.appending("source") }

    private func git(_ arguments: String...) async throws -> Tool.Answer {
        try await Tool.git.run(arguments, in: source)
    }

    /// Versions what changed in the source, and commits it.
    private func commitSource(_ paths: String...) async throws {
        _ = try await DataRepository.open(at: source).add(paths.map { source.appending($0) })
        _ = try await git("commit", "-q", "-a", "-m", "two")
    }

    private var clones: OriginClones { OriginClones(folder: aside.path.appending("clones")) }

    private var importer: DataImporter {
        DataImporter(
            into: project.data,
            clones: clones,
            stages: .written,
            client: Self.client,
            folder: project.root
        ) { _, _ in }
    }

    private func open(_ address: String? = nil, revision: String? = nil) async throws -> (Origin, OriginContents) {
        let origin = try await Origin.open(
            address ?? source.string,
            revision: revision,
            from: project.root,
            clones: clones,
            stages: .written,
            sizes: true
        )
        return (origin, try OriginContents(of: origin, client: Self.client))
    }

    /// The same imports by the real dvc, in a second project and one process; the `.dvc` files of all.
    private func byDVC(_ imports: [[String]]) async throws -> [String] {
        let other = try await TestProject()
        var commands = JSONWriter()
        commands.array { writer in
            for line in imports { writer.array { for argument in line { $0.string(argument) } } }
        }
        let script = """
            import json, sys
            from dvc.cli import main
            for line in json.loads(sys.argv[1]): assert main(line) == 0, line
            """
        try await Tool.dvcPython.run(["-c", script, commands.text], in: other.root)
        return try imports.indices.map { try #require(try other.folder.text("got\($0).dvc")) }
    }

    @Test func `imports are byte for byte those of dvc`() async throws {
        let paths = ["data", "data/sub", "model.bin", "lib/code.py", "out.txt", "lib", "data/a.csv"]
        var lines: [[String]] = []
        var texts: [String?] = []
        func compare(_ line: [String]) throws {
            texts.append(try project.folder.text("got\(lines.count).dvc"))
            lines.append(line)
        }
        for path in paths {
            let name = "got\(lines.count)"
            let result = try await importer.importData(path, of: source.string, revision: nil, to: name)
            #expect(result.pointer != nil && project.folder.holds(name))
            try compare(["import", "-q", source.string, path, "-o", name])
        }
        for path in ["data", "lib/code.py"] {
            let (name, address) = ("got\(lines.count)", source.appending(path).string)
            _ = try await importer.importURL(address, to: name)
            try compare(["import-url", "-q", address, name])
        }
        for (flag, extent) in [("--no-download", DataImporter.Extent.noDownload), ("--no-exec", .noExecution)] {
            let name = "got\(lines.count)"
            _ = try await importer.importData("data", of: source.string, revision: "v1", to: name, extent: extent)
            #expect(!project.folder.holds(name))
            try compare(["import", "-q", source.string, "data", "-o", name, "--rev", "v1", flag])
        }
        #expect(try await texts == byDVC(lines))
        let known = (0..<9).map { "got\($0).dvc" }
        let status = try await Tool.dvc(state: aside.path).run(["status", "--json"] + known, in: project.root)
        #expect(status.output == "{}\n")
    }

    @Test func `an update brings what was not downloaded`() async throws {
        let address = source.string
        _ = try await importer.importData("data", of: address, revision: "v1", to: "got", extent: .noDownload)
        #expect(try await importer.update("got.dvc").hasChanged)
        #expect(try project.folder.text("got/a.csv") == "a\n")
    }

    @Test func `an update follows the source, keeps comments, and says when nothing is new`() async throws {
        _ = try await importer.importData("data", of: source.string, revision: nil, to: "got")
        let text = try #require(try project.folder.text("got.dvc"))
        try project.folder.write("# ours\n" + text + "desc: shared\n", to: "got.dvc")
        #expect(try await !importer.update("got.dvc").hasChanged)
        try aside.write("new\n", to: "source/data/c.csv")
        try await commitSource("data")
        #expect(try await importer.update("got.dvc").hasChanged)
        #expect(try project.folder.text("got/c.csv") == "new\n")
        let updated = try #require(try project.folder.text("got.dvc"))
        #expect(updated.hasPrefix("# ours\n") && updated.hasSuffix("desc: shared\n"))
        _ = try await importer.update("got.dvc", revision: "v1")
        #expect(!project.folder.holds("got/c.csv"))
        #expect(try project.folder.text("got.dvc")?.contains("rev: v1\n") == true)
    }

    @Test func `an update does not lose what is in no version`() async throws {
        _ = try await importer.importData("model.bin", of: source.string, revision: nil, to: "m")
        try project.folder.write("mine", to: "m")
        try aside.write("model 2", to: "source/model.bin")
        try await commitSource("model.bin")
        let error = await #expect(throws: DataVersionsError.self) { _ = try await importer.update("m.dvc") }
        #expect(error?.code == .wouldOverwrite)
        #expect(try project.folder.text("m") == "mine")
    }

    @Test func `an import from a database is refused by name, and its data is data as any`() async throws {
        try project.folder.write("a\n1\n", to: "rows.csv")
        _ = try await project.data.add([project.root.appending("rows.csv")])
        let pointer = try #require(try project.folder.text("rows.csv.dvc"))
        let imported =
            "frozen: true\ndeps:\n- db:\n    connection: warehouse\n    query: SELECT 1\n    file_format: csv\n"
            + pointer
        try project.folder.write(imported, to: "rows.csv.dvc")
        let error = try await #require(throws: DataVersionsError.self) { _ = try await importer.update("rows.csv.dvc") }
        #expect(
            error.why.contains("imported from a database") && error.next?.contains("`dvc update rows.csv.dvc`") == true
        )
        #expect(try project.folder.text("rows.csv.dvc") == imported)
        try project.folder.remove("rows.csv")
        #expect(try await project.data.checkout(project.data.pointers()) == ["rows.csv"])
        #expect(try project.folder.text("rows.csv") == "a\n1\n")
    }

    @Test func `a path that did not change is up to date`() async throws {
        try aside.write("1", to: "plain.txt")
        _ = try await importer.importURL(aside.path.appending("plain.txt").string, to: "got")
        #expect(try await !importer.update("got.dvc").hasChanged)
        try aside.write("22", to: "plain.txt")
        #expect(try await importer.update("got.dvc").hasChanged)
        #expect(try project.folder.text("got") == "22")
    }

    @Test func `a listing is that of dvc`() async throws {
        let (origin, contents) = try await open(revision: "v1")
        let ways: [(depth: Int, onlyData: Bool, flags: [String])] = [
            (1, false, []), (1, true, ["--dvc-only"]), (.max, false, ["-R"]), (.max, true, ["-R", "--dvc-only"]),
        ]
        let script = """
            import sys
            from dvc.cli import main
            for flags in sys.argv[2:]:
                assert main(["list", sys.argv[1], "--rev", "v1"] + flags.split()) == 0
                print("--", flush=True)
            """
        let flags = ways.map { $0.flags.joined(separator: " ") }
        let answer = try await Tool.dvcPython.run(["-c", script, source.string] + flags, in: project.root)
        let theirs = answer.output.split(separator: "--\n").map { $0.split(separator: "\n").map(String.init) }
        for (way, theirs) in zip(ways, theirs) {
            let ours = try await origin.list(depth: way.depth, onlyData: way.onlyData, contents)
            #expect(ours.map(\.path) == theirs)
        }
        #expect(theirs.count == ways.count)
        let entries = try await origin.list("data", depth: .max, contents)
        #expect(entries.map(\.path) == ["a.csv", "sub/b ü.csv"])
        #expect(entries.allSatisfy { $0.isOutput && $0.size == 2 && $0.md5 != nil })
        await #expect(throws: DataVersionsError.self) { _ = try await origin.list("nope", contents) }
    }

    @Test func `data comes from the remote where the cache has none`() async throws {
        try aside.remove("source/.dvc/cache")
        let (origin, contents) = try await open()
        let selection = try await origin.select("data", contents)
        let target = aside.path.appending("got")
        try await origin.copy(selection, contents, to: target, force: false) {}
        #expect(try aside.contents(of: "got").keys.sorted() == ["a.csv", "sub/b ü.csv"])
        try aside.remove("store")
        let error = await #expect(throws: DataVersionsError.self) { _ = try await origin.select("data", contents) }
        #expect(error?.code == .missingContent && error?.next?.contains("push") == true)
    }

    @Test func `damaged content is found and leaves nothing behind`() async throws {
        let (origin, contents) = try await open()
        let output = try #require(origin.outputs.first { $0.path == "model.bin" })
        let object = try DataRepository.open(at: source).cache.object(output.md5)
        try FileSystem.setPermissions([.ownerReadWrite], of: object)
        try AtomicFile.write("modem", to: object)
        let selection = try await origin.select("model.bin", contents)
        let error = await #expect(throws: DataVersionsError.self) {
            try await origin.copy(selection, contents, to: aside.path.appending("x/m"), force: false) {}
        }
        #expect(error?.code == .corruptContent)
        #expect(try aside.contents(of: "x").isEmpty)
    }

    @Test func `a clone holds only what was asked for, and finds tags, branches and commits`() async throws {
        let first = try await git("rev-parse", "HEAD").output.split(separator: "\n").joined()
        try aside.write("2", to: "source/lib/two.py")
        _ = try await git("add", "-A")
        _ = try await git("commit", "-q", "-m", "two")
        let served = aside.path.appending("served.git")
        _ = try await git("clone", "-q", "--bare", ".", served.string)
        try await Tool.git.run(["config", "uploadpack.allowFilter", "true"], in: served)
        for revision in [nil, "main", "v1", first, String(first.prefix(9))] {
            let (folder, commit) = try await clones.clone("file://\(served)", revision: revision)
            #expect((commit == first) == (revision != nil && revision != "main"))
            // Names come with the commit, contents only when they are read.
            let missing = try await Tool.git.run(
                ["rev-list", "--objects", "--missing=print", "--no-object-names", commit],
                in: folder
            )
            #expect(missing.output.contains("?"))
        }
        let error = await #expect(throws: DataVersionsError.self) {
            _ = try await clones.clone("file://\(served)", revision: "v9")
        }
        #expect(error?.code == .git && error?.why.contains("v9") == true)
    }

    @Test func `what is there is not replaced, and what is not there is told`() async throws {
        try project.folder.write("mine", to: "got")
        func code(_ body: () async throws -> Void) async throws -> DataVersionsError.Code {
            try await #require(throws: DataVersionsError.self) { try await body() }.code
        }
        let address = source.string
        #expect(
            try await code { _ = try await importer.importData("data", of: address, revision: nil, to: "got") }
                == .wouldOverwrite
        )
        #expect(
            try await code { _ = try await importer.importData("nope", of: address, revision: nil, to: "n") }
                == .invalidPath
        )
        #expect(
            try await code { _ = try await importer.importData("data", of: address, revision: "v9", to: "n") } == .git
        )
        #expect(
            try await code { _ = try await importer.importData("x", of: "nowhere", revision: nil, to: "n") } == .git
        )
        #expect(try await code { _ = try await importer.importURL("s3://bucket/x", to: "n") } == .invalidPath)
        #expect(try await code { _ = try await importer.importURL("nope.csv", to: "n") } == .missingContent)
        #expect(try project.folder.text("got") == "mine" && !project.folder.holds("n.dvc"))
    }

    @Test func `a server's words have the checksum that dvc gives them`() {
        let facts = HTTPOrigin.facts(
            "http://127.0.0.1:18765/f.txt",
            [
                ("Content-type", "text/plain"), ("Content-Length", "6"),
                ("Last-Modified", "Wed, 25 Nov 2026 02:50:31 GMT"),
            ]
        )
        #expect(facts.checksum == "240095436922651949081763435635882621862" && facts.size == 6)
    }
}
