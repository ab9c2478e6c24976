// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// Settings in DVC's files: what both tools read and write.
struct ConfigTests {
    // MARK: The same bytes as dvc

    private enum Change: Sendable, CustomTestStringConvertible {
        case set(String, String)
        case unset(String)
        case add(String, String, isDefault: Bool)
        case remove(String)
        case rename(String, String)
        case choose(String?)

        var testDescription: String { arguments.joined(separator: " ") }

        var arguments: [String] {
            switch self {
            case .set(let name, let value): ["config", name, value]
            case .unset(let name): ["config", "--unset", name]
            case .add(let name, let url, let isDefault): ["remote", "add"] + (isDefault ? ["-d"] : []) + [name, url]
            case .remove(let name): ["remote", "remove", name]
            case .rename(let name, let new): ["remote", "rename", name, new]
            case .choose(let name): ["remote", "default"] + (name.map { [$0] } ?? ["--unset"])
            }
        }

        func apply(_ editor: ConfigEditor, in current: FilePath) throws {
            switch self {
            case .set(let name, let value):
                try editor.set(try #require(ConfigName(name)), to: value, .repo, in: current)
            case .unset(let name): _ = try editor.unset(try #require(ConfigName(name)), .repo)
            case .add(let name, let url, let isDefault):
                try editor.addRemote(name, url: url, isDefault: isDefault, force: false, .repo, in: current)
            case .remove(let name): try editor.removeRemote(name, .repo)
            case .rename(let name, let new): try editor.renameRemote(name, to: new, .repo)
            case .choose(let name): try editor.setDefaultRemote(name, .repo)
            }
        }
    }

    @Test func `each change leaves the file that dvc leaves`() async throws {
        let (ours, theirs) = try await (TestProject(), TestProject())
        let changes: [Change] = [
            .add("s3r", "s3://bucket/pre fix", isDefault: false), .set("remote.s3r.endpointurl", "http://127.0.0.1:1"),
            .set("core.autostage", "true"), .add("loc", "../other folder, with comma", isDefault: true),
            .set("cache.type", "hardlink,copy"), .set("cache.dir", "../cache dir"),
            .add("its", "/abs/with \"quotes\"", isDefault: false), .set("remote.s3r.profile", "a # b"),
            .set("remote.s3r.secret_access_key", "both ' and \""), .set("remote.loc.verify", "true"),
            .set("Core.Check_Update", "false"), .rename("loc", "near"), .choose("s3r"), .choose(nil),
            .set("remote.s3r.region", " padded "), .set("remote.s3r.region", ""), .unset("remote.near.verify"),
            .unset("core.check_update"), .choose("near"), .add("home", "~/data", isDefault: false),
            .unset("cache.type"), .unset("cache.dir"), .remove("near"), .unset("core.autostage"), .remove("s3r"),
            .remove("its"), .remove("home"),
        ]
        var texts: [String?] = []
        for change in changes {
            try change.apply(ConfigEditor(folder: ours.root.appending(".dvc")), in: ours.root)
            texts.append(try ours.folder.text(".dvc/config"))
        }
        // One process: starting it takes longer than all it does.
        var commands = JSONWriter()
        commands.array { writer in
            for change in changes { writer.array { for argument in change.arguments { $0.string(argument) } } }
        }
        let script = """
            import json, sys
            from dvc.cli import main
            for arguments in json.loads(sys.argv[1]):
                assert main(arguments) == 0, arguments
                print(json.dumps(open(".dvc/config").read()), file=sys.stderr)
            """
        let answer = try await Tool.dvcPython.run(["-c", script, commands.text], in: theirs.root)
        let lines = answer.error.split(separator: "\n").filter { $0.hasPrefix("\"") }
        #expect(lines.count == changes.count)
        for (index, (change, line)) in zip(changes, lines).enumerated() {
            let theirs = try JSONDocument(Array(line.utf8)).root.string
            #expect(texts[index] == theirs, "after \(change.testDescription)")
        }
    }

    // MARK: Reading

    private static let written = """
        # Ours
        [core]
            Remote = Main   # the one
        autostage = true
        ['remote "main"']
            url = ../store
            jobs = 4
        [ 'remote "web"' ]
        url = "https://example.org/a,b"
        user = '''it's "me"'''
        [cache]
            type = reflink, "hardlink" ,copy
            dir = ~/c
        # end
        """

    private func config(_ text: String) throws -> RepositoryConfig {
        let places = ConfigPlaces { ["HOME": "/people/me"][$0] }
        return try RepositoryConfig(text: text, file: "/p/.dvc/config", places: places)
    }

    @Test func `keys, lists, quotes and comments are read as ConfigObj does`() throws {
        let config = try config(Self.written)
        #expect(config.value("core", "autostage") == "true")
        #expect(try config.bool("core", "autostage") == true)
        #expect(config.list("cache", "type") == ["reflink", "hardlink", "copy"])
        #expect(config.value("cache", "dir") == "/people/me/c")
        let main = try config.defaultRemote
        #expect(main.name == "main" && main.url == "/p/store")
        #expect(try main.integer("jobs") == 4)
        let web = try config.remote(named: "WEB")
        #expect(web.scheme == "https" && web.url == "https://example.org/a,b")
        #expect(web["user"] == "it's \"me\"")
    }

    @Test func `a change keeps comments and layout`() throws {
        var text = try ConfigText(Self.written, file: "config")
        try text.set(.plain("core"), "remote", to: "web")
        try text.set(.plain("cache"), "shared", to: "group")
        try text.set(.remote("web"), "user", to: "you")
        let expected = Self.written.replacing("Remote = Main", with: "Remote = web")
            .replacing("'''it's \"me\"'''", with: "you").replacing("dir = ~/c", with: "dir = ~/c\n    shared = group")
        #expect(text.text == expected + "\n")
    }

    @Test(arguments: [
        ("[core]\na\n", 2), ("x = 1\n", 1), ("[a]\nb = 'c\n", 2), ("[a]\nb = 1\nB = 2\n", 3), ("[a]\n[a]\n", 2),
        ("[a\n", 1), ("[a]\nb = '''c\n", 2), ("[a]\n[[b]]\n", 2),
    ])
    func `a line that cannot be understood is named`(text: String, line: Int) throws {
        let error = try #require(throws: DataVersionsError.self) { try config(text) }
        #expect(error.code == .invalidFile)
        #expect(error.what == "cannot read line \(line) of `/p/.dvc/config`")
    }

    @Test func `a later level decides, and a remote gathers the keys of all`() throws {
        let (folder, home) = try (TestFolder(), TestFolder())
        try folder.write("['remote \"a\"']\n    url = s3://b/p\n    profile = x\n", to: ".dvc/config")
        try folder.write("['remote \"a\"']\n    profile = y\n[core]\nremote=a\n", to: ".dvc/config.local")
        try home.write("[core]\n    remote = b\n    autostage = true\n", to: ".config/dvc/config")
        let places = ConfigPlaces { ["HOME": home.path.string][$0] }
        let config = try RepositoryConfig(folder: folder.path.appending(".dvc"), places: places)
        #expect(config.defaultRemoteName == "a")
        #expect(config.value("core", "autostage") == "true")
        #expect(try config.remote(named: "a").keys == ["url": "s3://b/p", "profile": "y"])
    }

    @Test func `a remote may begin at another one`() throws {
        let config = try config(
            "['remote \"a\"']\nurl = s3://b/p/\nprofile = x\n['remote \"c\"']\nurl = remote://a/q/r\nregion = z\n"
        )
        #expect(
            try config.remote(named: "c").keys == [
                "url": "s3://b/p/q/r".replacing("p//", with: "p/"), "profile": "x", "region": "z",
            ]
        )
    }

    // MARK: What is refused

    @Test(arguments: [
        ("core.autostag", "true", "did you mean `autostage`?"), ("core.autostage", "yes", nil),
        ("coer.remote", "x", "did you mean `core.remote`?"), ("cache.type", "copy,magic", nil),
        ("core.checksum_jobs", "0", nil), ("remote.main.profile", "x", nil),
    ])
    func `what dvc would refuse is not written`(name: String, value: String, next: String?) async throws {
        let project = try await TestProject()
        let editor = ConfigEditor(folder: project.root.appending(".dvc"))
        try editor.addRemote("main", url: "../store", isDefault: true, force: false, .repo, in: project.root)
        let before = try project.folder.text(".dvc/config")
        let error = try #require(throws: DataVersionsError.self) {
            try editor.set(try #require(ConfigName(name)), to: value, .repo, in: project.root)
        }
        #expect(error.code == .invalidSetting)
        #expect(error.next == next)
        #expect(try project.folder.text(".dvc/config") == before)
        #expect(try await project.dvc("config", name, value, expecting: nil).code != 0, "neither does dvc")
    }
}
