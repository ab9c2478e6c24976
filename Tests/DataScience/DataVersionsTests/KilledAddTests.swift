// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// A real second process, which is this test program again, adds data until it is killed.
struct KilledAddTests {
    private static let variable = "GYRE_TEST_ADD_FOLDER"
    private static let folder = ProjectInfo.value(variable)

    @Test(.enabled(if: folder != nil, "it is the second process of the next tests"))
    func `an add of much data`() async throws {
        let data = try DataRepository.open(at: FilePath(try #require(Self.folder)))
        let before = try Self.peakInMebibytes()
        _ = try await data.add([data.root.appending("data")])
        print("\ngrown \(try Self.peakInMebibytes() - before)")
    }

    @Test(.enabled(if: folder == nil, "it would start itself again"), .timeLimit(.minutes(5)), arguments: 0..<4)
    func `kill -9 leaves cache and pointer whole, and a second add works`(round: Int) async throws {
        let project = try await TestProject()
        for number in 0..<64 {
            try project.folder.write(Self.bytes(seed: number, count: 1 << 20), to: "data/\(number)")
        }
        let child = try Self.start(on: project.root)
        // Killed once a few files are under way, each time a little later, and at last while they get their names; a thread of
        // its own must not wait for others.
        let (cache, id) = (project.data.cache.folder, child.processIdentifier)
        try await BlockingPool(threads: 1).run {
            let deadline = ContinuousClock.now + .seconds(30)
            func count() throws -> Int {
                if round == 3 { return try Self.objects(in: cache).count * 64 }
                return try Self.staged(in: cache.removingLastComponent())
            }
            while try count() <= round * 20, .now < deadline { sched_yield() }
            kill(id, SIGKILL)
        }
        child.waitUntilExit()
        #expect(child.terminationReason == .uncaughtSignal || round == 3)

        for (md5, file) in try Self.objects(in: cache) {
            #expect(try FileHashing.digest(of: file, .md5).hex == md5, "an object has the bytes that its name says")
        }
        let pointer = try project.folder.text("data.dvc")
        #expect(pointer == nil || pointer?.hasSuffix("  path: data\n") == true)
        try await project.add("data")
        let left = try FileSystem.list(cache.removingLastComponent())
        #expect(left == ["md5"], "what the killed one left is gone")
        #expect(try await project.dvc("status", "--json").output == "{}\n")
        try project.folder.remove("data")
        #expect(try await project.checkout() == ["data"])
        #expect(try FileReader.bytes(of: project.root.pushing("data/23")) == Self.bytes(seed: 23, count: 1 << 20))
    }

    @Test(.enabled(if: folder == nil, "it would start itself again"), .timeLimit(.minutes(5)))
    func `large files stream through a small memory`() async throws {
        let project = try await TestProject()
        let bytes = Self.bytes(seed: 1, count: 64 << 20)
        try project.folder.write(bytes, to: "data/large")
        let child = try Self.start(on: project.root)
        let output = try #require(child.standardOutput as? Pipe).fileHandleForReading
        let text = try await BlockingPool(threads: 1).run {
            String(decoding: try output.readToEnd() ?? Data(), as: UTF8.self)
        }
        child.waitUntilExit()
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("grown ") })
        let grown = try #require(Int(line.dropFirst(6)))
        #expect(grown < 24, "64 MiB went through \(grown) MiB")
        try project.folder.remove("data")
        #expect(try await project.checkout() == ["data"])
        #expect(try FileReader.bytes(of: project.root.pushing("data/large")) == bytes)
    }

    // MARK: Parts

    private static func start(on root: FilePath) throws -> Process {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "an add of much data"]
        child.environment = ProcessInfo.processInfo.environment.merging([variable: root.string]) { $1 }
        child.standardOutput = Pipe()
        child.standardError = FileHandle.nullDevice
        try child.run()
        return child
    }

    /// How many files are written that have no name in the cache yet.
    private static func staged(in folder: FilePath) throws -> Int {
        guard FileSystem.exists(folder) else { return 0 }
        return try FileSystem.list(folder).filter { $0 != "md5" }.reduce(0) { count, name in
            // It may be gone by now.
            count + ((try? FileSystem.list(folder.appending(name)).count) ?? 0)
        }
    }

    /// Objects of the cache by their hash; what is under way is none.
    private static func objects(in cache: FilePath) throws -> [String: FilePath] {
        guard FileSystem.exists(cache) else { return [:] }
        var result: [String: FilePath] = [:]
        for folder in try FileSystem.list(cache) {
            for name in try FileSystem.list(cache.appending(folder))
            where !name.hasPrefix(".") && !name.hasSuffix(".dir") {
                result[folder + name] = cache.appending(folder).appending(name)
            }
        }
        return result
    }

    /// Bytes in which no two pages are equal.
    private static func bytes(seed: Int, count: Int) -> [UInt8] {
        let page = (0..<4_096).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            for start in stride(from: 0, to: count, by: page.count) {
                let target = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[start...])
                page.withUnsafeBytes { target.copyMemory(from: $0) }
                target.storeBytes(of: UInt64(seed) << 32 | UInt64(start), as: UInt64.self)
            }
            written = count
        }
    }

    private static func peakInMebibytes() throws -> Int {
        let status = try FileReader.text(of: "/proc/self/status")
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return (Int(line.filter(\.isNumber)) ?? 0) / 1_024
    }

    private enum ProjectInfo {
        static func value(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
    }
}
