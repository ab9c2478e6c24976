// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

#if canImport(Glibc)
import Glibc
#endif

/// What did not change is not read again, and what did is.
struct StatIndexTests {
    /// Sets both times of a file, as copying programs do.
    private func setTimes(_ path: FilePath, seconds: Int) throws {
        let times = [timespec(tv_sec: seconds, tv_nsec: 1), timespec(tv_sec: seconds, tv_nsec: 1)]
        try #require(utimensat(AT_FDCWD, path.string, times, 0) == 0)
    }

    @Test func `a file with the size and time of before but other bytes is seen`() async throws {
        let project = try await TestProject()
        let file = try project.folder.write("old", to: "data/a")
        try setTimes(file, seconds: 1_000_000_000)
        let before = try #require(try await project.add("data").first)
        _ = try await project.data.measure("data")
        // Written in place: size, time and number of the file stay.
        let descriptor = open(file.string, O_WRONLY)
        _ = pwrite(descriptor, "new", 3, 0)
        close(descriptor)
        try setTimes(file, seconds: 1_000_000_000)
        #expect(try await project.data.measure("data")?.md5 != before.md5)
    }

    @Test(arguments: 0..<20) func `a change right after a look is seen`(round: Int) async throws {
        let project = try await TestProject()
        let file = try project.folder.write("old", to: "a")
        let before = try #require(try await project.add("a").first)
        let descriptor = open(file.string, O_WRONLY)
        _ = pwrite(descriptor, "new", 3, 0)
        close(descriptor)
        #expect(try await project.data.measure("a")?.md5 != before.md5)
    }

    @Test(arguments: ["", "gyre", String(repeating: "x", count: 10_000)])
    func `a damaged index counts as none`(text: String) async throws {
        let project = try await TestProject()
        for number in 0..<10 {
            try setTimes(try project.folder.write("\(number)", to: "data/\(number)"), seconds: 1_000_000_000)
        }
        let pointer = try #require(try await project.add("data").first)
        let folder = project.root.pushing(".dvc/tmp/gyre/trees")
        let index = folder.appending(try #require(try FileSystem.list(folder).first))
        let bytes = try FileReader.bytes(of: index)
        try AtomicFile.write(Array(text.utf8) + bytes.dropFirst(text.utf8.count), to: index)
        #expect(try await project.data.measure("data") == pointer)
        try AtomicFile.write(Array(bytes.prefix(bytes.count / 2)), to: index)
        #expect(try await project.data.measure("data") == pointer)
        var other = bytes
        other[bytes.count / 2] ^= 1
        try AtomicFile.write(other, to: index)
        #expect(try await project.data.measure("data") == pointer)
    }

    @Test(.timeLimit(.minutes(5))) func `what was looked at in quiet is known`() async throws {
        let project = try await TestProject()
        for number in 0..<10 {
            try setTimes(try project.folder.write("\(number)", to: "data/\(number)"), seconds: 1_000_000_000)
        }
        let single = try project.folder.write("one", to: "single")
        try setTimes(single, seconds: 1_000_000_000)
        let before = try await project.add("data", "single")
        // A file that changed just before a look is read once more.
        let index = StatIndex(root: project.root)
        var isKnown = false
        while !isKnown {
            _ = try await project.data.measure(["data", "single"])
            isKnown = index.load(folder: "data").listing != .none
        }
        let known = index.load(folder: "data")
        #expect(known.table.count == 10 && known.table.rows.allSatisfy { $0.digest != .none } && known.listing != .none)
        #expect(index.loadFiles().table.rows.allSatisfy { $0.digest != .none })
        #expect(try await project.data.measure(["data", "single"]) == before)
    }
}
