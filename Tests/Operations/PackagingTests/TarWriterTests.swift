// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import Packaging

#if canImport(Glibc)
import Glibc
#endif

/// The system's tar is the judge.
struct TarWriterTests {
    private let folder: TestFolder
    private let tar = Tool(.name("tar"))

    init() throws { folder = try TestFolder() }

    /// Keeps the first bytes, and stops whoever writes more.
    private final class ShortSink: ByteSink {
        struct Full: Error {}
        var bytes: [UInt8] = []
        func write(_ piece: UnsafeRawBufferPointer) throws {
            if bytes.count > 4_096 { throw Full() }
            bytes += piece
        }
    }

    private func archive(_ body: (TarWriter) throws -> Void) throws -> FilePath {
        let path = folder.path.appending("archive.tar")
        let sink = FileSink(try AtomicFileWriter(replacing: path))
        let writer = TarWriter(to: sink)
        try body(writer)
        try writer.finish()
        _ = try sink.commit()
        return path
    }

    @Test func `entries of every kind are read back`() async throws {
        let long = (0..<30).map { "folder-\($0)" }.joined(separator: "/")
        let name = String(repeating: "n", count: 250)
        let source = try folder.write(Array(repeating: 7, count: 100_000), to: "source")
        let path = try archive { tar in
            try tar.directory("d")
            try tar.bytes("d/empty", [])
            try tar.bytes("d/exact", Array(repeating: 1, count: 512), mode: 0o600)
            try tar.bytes("d/tool", Array("#!".utf8), mode: 0o755)
            try tar.file("d/source", source, mode: 0o444)
            try tar.bytes("d/ünï cødé 🦆", [1])
            try tar.bytes("d/\(String(repeating: "é", count: 120))", [2])
            try tar.bytes(String(repeating: "p", count: 100), [3])
            try tar.bytes("\(String(repeating: "a", count: 155))/\(String(repeating: "b", count: 100))", [4])
            try tar.bytes("\(long)/x", [5])
            try tar.bytes(name, [6])
            try tar.symlink("d/link", to: "tool")
            try tar.symlink("d/far", to: "../" + long)
        }
        let target = folder.path.appending("out")
        try FileSystem.createDirectory(target)
        let answer = try await tar.run(["-xpf", path.string, "-C", target.string, "--no-same-owner"], in: folder.path)
        #expect(answer.error.isEmpty, "\(answer.error)")
        let expected: [String: [UInt8]] = [
            "d/empty": [], "d/exact": Array(repeating: 1, count: 512), "d/tool": Array("#!".utf8),
            "d/source": Array(repeating: 7, count: 100_000), "d/ünï cødé 🦆": [1],
            "d/\(String(repeating: "é", count: 120))": [2], String(repeating: "p", count: 100): [3],
            "\(String(repeating: "a", count: 155))/\(String(repeating: "b", count: 100))": [4], "\(long)/x": [5],
            name: [6], "d/link": Array("→ tool".utf8), "d/far": Array("→ ../\(long)".utf8),
        ]
        #expect(try folder.contents(of: "out") == expected)
        let modes = ["d/exact": 0o600, "d/tool": 0o755, "d/source": 0o444] as [String: CModeT]
        for (name, mode) in modes {
            #expect(try FileSystem.status(of: target.pushing(FilePath(name))).permissions.rawValue == mode)
        }
    }

    private typealias CModeT = FilePermissions.RawValue

    @Test func `nothing of this machine goes in`() async throws {
        let path = try archive { tar in
            try tar.directory("d")
            try tar.bytes("d/\(String(repeating: "x", count: 300))", [1])
        }
        let text = try await tar.run(["-tvf", path.string, "--full-time", "--numeric-owner", "--utc"], in: folder.path)
            .output
        for line in text.split(separator: "\n") {
            #expect(line.contains(" 0/0 ") && line.contains(" 1970-01-01 00:00:00 "), "\(line)")
        }
    }

    @Test func `a file of nine gigabytes says its size`() async throws {
        let source = try folder.write("", to: "large")
        try #require(truncate(source.string, 9 << 30) == 0)
        let sink = ShortSink()
        #expect(throws: ShortSink.Full.self) { try TarWriter(to: sink).file("model/large", source, mode: 0o644) }
        let path = try folder.write(sink.bytes, to: "cut.tar")
        let answer = try await tar.run(["-tvf", path.string], in: folder.path, expecting: 2)
        #expect(answer.output.contains(" 9663676416 ") && answer.output.contains(" model/large"))
    }

    @Test func `what is no ordinary file is refused`() throws {
        try #require(mkfifo(folder.path.appending("pipe").string, 0o600) == 0)
        for source in [folder.path, folder.path.appending("pipe")] {
            let error = try #require(throws: PackagingError.self) {
                try archive { try $0.file("x", source, mode: 0o644) }
            }
            #expect(error.code == .invalidPath)
        }
    }

    @Test func `a stopped archive is none`() throws {
        let source = try folder.write("content", to: "source")
        let flag = CancellationFlag()
        flag.set()
        let path = folder.path.appending("stopped.tar")
        #expect(throws: CancellationError.self) {
            let sink = FileSink(try AtomicFileWriter(replacing: path))
            try TarWriter(to: sink, flag: flag).file("x", source, mode: 0o644)
        }
        #expect(try FileSystem.list(folder.path) == ["source"])
    }
}
