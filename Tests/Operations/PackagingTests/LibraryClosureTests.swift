// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import Packaging

struct LibraryClosureTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private static func program(_ name: String) throws -> FilePath {
        switch name {
        case "this test": try FileSystem.realPath("/proc/self/exe")
        case "python": try FileSystem.realPath(Tool.pythonPath)
        default: try FileSystem.realPath(FilePath("/usr/bin/\(name)"))
        }
    }

    @Test(arguments: ["this test", "python", "git", "tar", "true"])
    func `the libraries are those that ldd finds`(name: String) async throws {
        let program = try Self.program(name)
        let text = try await Tool(.name("ldd")).run([program.string], in: folder.path).output
        // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader alone.
        var expected: [String: FilePath] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            if words.count >= 3, words[1] == "=>" { expected[words[0]] = try FileSystem.realPath(FilePath(words[2])) }
        }
        let files = try LibraryClosure().files(for: [(program, "/bin/program")])
        let found = files.filter { $0.path.hasPrefix("/usr/lib/") }
        let libraries = Dictionary(uniqueKeysWithValues: found.map { (String($0.path.dropFirst(9)), $0.content) })
        #expect(Set(libraries.keys).subtracting(["ld-linux-x86-64.so.2"]) == Set(expected.keys))
        for (name, path) in expected { #expect(libraries[name] == .file(path)) }
        #expect(files.first == ImageFile(path: "/bin/program", content: .file(program), mode: 0o755))
        #expect(files.contains { $0.path.hasPrefix("/lib") && $0.path.contains("/ld-linux") && $0.mode == 0o755 })
    }

    @Test func `a program runs from what was gathered alone`() async throws {
        let files = try LibraryClosure().files(for: [(try Self.program("git"), "/bin/git")])
        var plan = ImagePlan(name: "git", tag: "1", entrypoint: ["/bin/git"])
        plan.layers = [files]
        let image = try await ImageBuilder(scratch: folder.path).build(plan, to: folder.path.appending("git.tar"))
        try FileSystem.createDirectory(folder.path.appending("layout"))
        try await Tool(.name("tar")).run(["-xf", image.archive.string, "-C", "layout"], in: folder.path)
        try await Tool(.name("umoci")).run(["unpack", "--rootless", "--image", "layout:1", "bundle"], in: folder.path)
        let root = folder.path.pushing("bundle/rootfs")
        let loader = try #require(files.first { $0.path.contains("/ld-linux") && !$0.path.hasPrefix("/usr/lib") }?.path)
        let arguments = ["--inhibit-cache", "--library-path", "\(root)/usr/lib", "\(root)/bin/git", "--version"]
        let answer = try await Tool(.path(FilePath(root.string + loader))).run(arguments, in: folder.path)
        #expect(answer.output.hasPrefix("git version"))
    }

    @Test func `a library that is nowhere is named with who needs it`() throws {
        let program = try patched("libc.so.6", "libq.so.6")
        let error = try #require(throws: PackagingError.self) {
            try LibraryClosure().files(for: [(program, "/bin/x")])
        }
        #expect(error.code == .missingLibrary)
        #expect(error.what.contains(program.string) && error.why.contains("`libq.so.6`") && error.next != nil)
    }

    @Test func `a library of another processor, or a script, makes way for the right one`() throws {
        let program = try Self.program("true")
        let libc = try #require(
            LibraryClosure.systemFolders.map { $0.appending("libc.so.6") }.first(where: FileSystem.exists)
        )
        var bytes = try FileReader.bytes(of: libc)
        bytes[18] = 0xF3
        try folder.write(bytes, to: "other/libc.so.6")
        try folder.write("/* GNU ld script */", to: "script/libc.so.6")
        let folders = [folder.path.appending("other"), folder.path.appending("script")] + LibraryClosure.systemFolders
        let files = try LibraryClosure(folders: folders).files(for: [(program, "/bin/true")])
        #expect(
            files.contains {
                $0.path == "/usr/lib/libc.so.6" && $0.content == .file((try? FileSystem.realPath(libc)) ?? "")
            }
        )
    }

    @Test func `two programs share their libraries`() throws {
        let files = try LibraryClosure().files(for: [
            (try Self.program("true"), "/bin/true"), (try Self.program("git"), "/bin/git"),
        ])
        #expect(Set(files.map(\.path)).count == files.count)
        #expect(files.filter { $0.path == "/usr/lib/libc.so.6" }.count == 1)
    }

    @Test(arguments: ["", "#!/bin/sh\n", "\u{7F}ELF"]) func `what is no program is refused`(text: String) throws {
        let file = try folder.write(text, to: "x")
        let error = try #require(throws: PackagingError.self) { try LibraryClosure().files(for: [(file, "/x")]) }
        #expect(error.code == .invalidProgram)
        let missing = folder.path.appending("nowhere")
        #expect(throws: FilesError.self) { try LibraryClosure().files(for: [(missing, "/x")]) }
    }

    @Test func `bytes of any kind are read or refused, and never crash`() throws {
        let whole = try FileReader.bytes(of: try Self.program("true"))
        var state: UInt64 = 3
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        // Headers, and the dynamic section wherever it lies.
        let places = Array(0..<1_024) + Array(max(0, whole.count - 16_384)..<whole.count)
        var refused = 0
        for round in 0..<400 {
            var bytes = whole
            for _ in 0...random(8) { bytes[places[random(places.count)]] = [0, 1, 0x7F, 0x80, 0xFF][random(5)] }
            if round.isMultiple(of: 7) { bytes.removeLast(random(bytes.count)) }
            let file = try folder.write(bytes, to: "mutant")
            do {
                _ = try ELFFile(file)
            } catch is PackagingError {
                refused += 1
            }
        }
        #expect(refused > 20)
    }

    @Test func `the loader's configuration is read with what it includes`() throws {
        try folder.write("# comment\n/first  # why\ninclude conf.d/*.conf\n\ninclude single\n/last\n", to: "ld.so.conf")
        try folder.write("/from-b\n", to: "conf.d/b.conf")
        try folder.write("/from-a\ninclude ../ld.so.conf\n", to: "conf.d/a.conf")
        try folder.write("/no\n", to: "conf.d/c.txt")
        try folder.write("/single\n", to: "single")
        let folders = LibraryClosure.configured(in: folder.path.appending("ld.so.conf"))
        #expect(folders.first == "/first" && folders.last == "/last")
        #expect(Set(folders) == ["/first", "/from-a", "/from-b", "/single", "/last"])
        #expect(LibraryClosure.configured(in: folder.path.appending("nowhere")).isEmpty)
    }

    /// `true`, which needs another library.
    private func patched(_ old: String, _ new: String) throws -> FilePath {
        var bytes = try FileReader.bytes(of: try Self.program("true"))
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array(old.utf8) + [0]) })
        bytes.replaceSubrange(place..<(place + new.utf8.count), with: new.utf8)
        return try folder.write(bytes, to: "patched")
    }
}
