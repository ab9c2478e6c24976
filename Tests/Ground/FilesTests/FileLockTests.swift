// SPDX-License-Identifier: Apache-2.0

import FilesTesting
import Glibc
import SystemPackage
import Testing

@testable import Files

struct FileLockTests {
    private let folder: TemporaryFolder
    private var path: FilePath { folder.path.appending("a.lock") }

    init() throws { folder = try TemporaryFolder() }

    @Test func `a held lock is refused and its holder named`() throws {
        let lock = try FileLock.acquire(path, mode: .exclusive, owner: "the first")
        for mode in [FileLock.Mode.exclusive, .shared] {
            let error = try #require(throws: FilesError.self) { try FileLock.acquire(path, mode: mode, owner: "x") }
            #expect(error.code == .locked)
            #expect(error.why == "the first (process \(getpid())) holds it")
        }
        lock.release()
        _ = try FileLock.acquire(path, mode: .exclusive, owner: "the second")
    }

    @Test func `a lock without a holder is free`() throws {
        do { _ = try FileLock.acquire(path, mode: .exclusive, owner: "gone") }
        _ = try FileLock.acquire(path, mode: .exclusive, owner: "next")
    }

    @Test func `many may share, and keep a lone one out`() throws {
        let shared = try (0..<3).map { try FileLock.acquire(path, mode: .shared, owner: "reader \($0)") }
        #expect(throws: FilesError.self) { try FileLock.acquire(path, mode: .exclusive, owner: "writer") }
        for lock in shared { lock.release() }
        _ = try FileLock.acquire(path, mode: .exclusive, owner: "writer")
    }

    @Test func `nobody is blamed who has let go`() throws {
        try FileLock.acquire(path, mode: .exclusive, owner: "the old one").release()
        let shared = try FileLock.acquire(path, mode: .shared, owner: "reader")
        let error = try #require(throws: FilesError.self) { try FileLock.acquire(path, mode: .exclusive, owner: "w") }
        #expect(error.why == "another process holds it")
        shared.release()
    }

    @Test func `a child that was just started does not keep a lock that is released`() throws {
        let lock = try FileLock.acquire(path, mode: .exclusive, owner: "parent")
        // Between fork and exec a child has the parent's descriptors, as this copy stands for.
        let copy = try #require(try Self.copyOfDescriptor(of: path))
        defer { close(copy) }
        lock.release()
        _ = try FileLock.acquire(path, mode: .exclusive, owner: "next")
    }

    @Test func `a lock in a missing folder is an error of that folder`() throws {
        let path = folder.path.appending("no/a.lock")
        let error = try #require(throws: FilesError.self) { try FileLock.acquire(path, mode: .shared, owner: "x") }
        #expect(error.code == .notFound)
    }

    @Test(.enabled(if: SecondProcess.isThis, "it is the second process of the next test"))
    func `a second process that holds the lock`() throws {
        let lock = try FileLock.acquire(
            FilePath(try #require(SecondProcess.argument)),
            mode: .exclusive,
            owner: "gyre server"
        )
        SecondProcess.say("held")
        pause()
        lock.release()
    }

    @Test(.disabled(if: SecondProcess.isThis), .timeLimit(.minutes(5)))
    func `a killed process holds nothing`() async throws {
        let child = try SecondProcess("FilesTests.*second process that holds the lock", argument: path.string)
        #expect(try await child.heard() == "held")
        let error = try #require(throws: FilesError.self) { try FileLock.acquire(path, mode: .exclusive, owner: "x") }
        #expect(error.why == "gyre server (process \(child.id)) holds it")
        _ = try await child.killed()
        let lock = try FileLock.acquire(path, mode: .exclusive, owner: "the next")
        lock.release()
    }

    private static func copyOfDescriptor(of path: FilePath) throws -> Int32? {
        let own: FilePath = "/proc/self/fd"
        for name in try FileSystem.list(own) {
            // Descriptors come and go in other threads meanwhile.
            let target = try? FileSystem.realPath(own.appending(name))
            if target == path, let number = Int32(name) { return dup(number) }
        }
        return nil
    }
}
