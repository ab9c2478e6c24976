// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
import FilesTesting
import Glibc
import NIOCore
import ObjectStorageTesting
import SystemPackage
import Testing

@testable import ObjectStorage

@Suite(.timeLimit(.minutes(5)))
struct FolderStoreTests {
    private let folder: TemporaryFolder
    private let store: FolderStore

    init() throws {
        folder = try TemporaryFolder()
        store = try FolderStore(root: folder.path.appending("store"))
    }

    @Test(arguments: ObjectStoreContract.promises)
    func `a folder keeps the contract`(promise: ObjectStoreContract.Promise) async throws {
        try await promise.isKept(by: store)
        #expect(try Self.files(below: store.root).filter { $0.contains(".gyre-part") } == [])
    }

    @Test func `an object is a plain file at its key`() async throws {
        let key = try ObjectKey("run/model/MLmodel")
        try await store.put(key, bytes: Array("x".utf8))
        #expect(store.localPath(of: key) == store.root.appending("run/model/MLmodel"))
        #expect(try FileReader.text(of: store.localPath(of: key)) == "x")
        // And a file that somebody puts there is an object.
        _ = try folder.file("store/run/by-hand", "y")
        #expect(try await store.bytes(of: try ObjectKey("run/by-hand")) == Array("y".utf8))
    }

    @Test func `two stores on one folder are one store`() async throws {
        let other = try FolderStore(root: store.root)
        try await store.put(try ObjectKey("a"), bytes: [1])
        #expect(try await other.bytes(of: try ObjectKey("a")) == [1])
    }

    @Test func `what others need of the disk stays free`() async throws {
        let free = try FileSystem.freeBytes(at: store.root)
        try #require(free > 1 << 20)
        let key = try ObjectKey("a")
        let careful = try FolderStore(root: store.root, reserve: .max)
        try await store.put(key, bytes: [1])
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) { try await careful.put(key, bytes: [2]) }
        )
        #expect(error.code == .noSpace)
        #expect(try await store.bytes(of: key) == [1])
        #expect(try Self.files(below: store.root) == ["a"])
        let content = try await FolderStore(root: store.root, reserve: 1).put(key, bytes: [3])
        #expect(content.sizeInBytes == 1)
    }

    // MARK: Ways out

    @Test(arguments: ["link", "link/secret", "link/new", "link/new/deep", "in/link/secret", "file-link"])
    func `links do not lead out of the store`(name: String) async throws {
        let outside = try TemporaryFolder()
        let secret = try outside.file("secret", "secret")
        try FileSystem.createDirectory(store.root.appending("in"))
        try FileSystem.symlink(outside.path, at: store.root.appending("link"))
        try FileSystem.symlink(outside.path, at: store.root.appending("in/link"))
        try FileSystem.symlink(secret, at: store.root.appending("file-link"))
        let key = try ObjectKey(name)
        // Whatever the answer is, it is not the content, and nothing outside is touched.
        let bytes = try? await store.bytes(of: key)
        #expect(bytes == nil)
        _ = try? await store.put(key, bytes: [1])
        _ = try? await store.delete(key)
        _ = try? await store.deleteAll(prefix: key)
        let page = try? await store.list(prefix: name, recursive: true, after: nil, limit: 10)
        #expect(page?.entries.isEmpty ?? true)
        #expect(try outside.names() == ["secret"])
        #expect(try FileReader.text(of: secret) == "secret")
    }

    @Test(arguments: ["link/secret", "link/new/deep"])
    func `a way out is called what it is`(name: String) async throws {
        let outside = try TemporaryFolder()
        _ = try outside.file("secret", "secret")
        try FileSystem.symlink(outside.path, at: store.root.appending("link"))
        let error = await #expect(throws: ObjectStorageError.self) {
            try await store.put(try ObjectKey(name), bytes: [1])
        }
        #expect(error?.code == .invalidKey)
        #expect(error?.why == "it leads out of the store")
        #expect(try outside.names() == ["secret"])
    }

    @Test func `what is no object is not listed`() async throws {
        try await store.put(try ObjectKey("d/a"), bytes: [1])
        try FileSystem.symlink("a", at: store.root.appending("d/link"))
        try FileSystem.symlink("nowhere", at: store.root.appending("d/dangling"))
        #expect(mkfifo(store.root.appending("d/pipe").string, 0o600) == 0)
        _ = try folder.file("store/d/back\\slash", "x")
        _ = try folder.file("store/d/.abc.gyre-part", "left by a crash")
        let bad = store.root.appending("d").string.utf8CString.dropLast() + [47, CChar(bitPattern: 0xFF), 0]
        close(open(Array(bad), O_CREAT | O_WRONLY, 0o600))
        try FileSystem.createDirectory(store.root.appending("empty/folder"))
        let all = try await store.list(prefix: "", recursive: true, after: nil, limit: 10)
        #expect(all.entries.map(\.name) == ["d/a"])
        let top = try await store.list(prefix: "", recursive: false, after: nil, limit: 10)
        #expect(top.entries == [.folder("d")])
        // The pipe has no reader and no writer, and nobody waits for one.
        await #expect(throws: ObjectStorageError.self) { try await store.bytes(of: try ObjectKey("d/pipe")) }
    }

    @Test(arguments: [".x.gyre-part", "d/.x.gyre-part", ".x.gyre-part/d"])
    func `names of files that are being written are no keys`(name: String) async throws {
        let key = try ObjectKey(name)
        _ = try folder.file("store/d/.x.gyre-part", "half")
        for attempt in 0..<3 {
            let error = await #expect(throws: ObjectStorageError.self) {
                switch attempt {
                case 0: _ = try await store.bytes(of: key)
                case 1: try await store.put(key, bytes: [1])
                default: try await store.delete(key)
                }
            }
            #expect(error?.code == .invalidKey)
        }
    }

    @Test func `no error shows where the store lies`() async throws {
        try await store.put(try ObjectKey("a"), bytes: [1])
        let wishes: [@Sendable (FolderStore) async throws -> Void] = [
            { _ = try await $0.get(try ObjectKey("no"), range: nil) },
            { try await $0.put(try ObjectKey("a/b"), bytes: [1]) },
            { _ = try await $0.get(try ObjectKey("a"), range: 5..<6) },
            { _ = try await $0.get(try ObjectKey("a/b"), range: nil) },
        ]
        for wish in wishes {
            let error = try #require(await #expect(throws: ObjectStorageError.self) { try await wish(store) })
            for text in [error.what, error.why, error.next ?? "", "\(error)"] {
                #expect(!text.contains(folder.path.string))
            }
        }
    }

    // MARK: Faults

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `a full disk fails the upload, keeps the old object, and is no trouble once there is space`() async throws {
        let disk = try SmallDisk(kibibytes: 1_024)
        let store = try FolderStore(root: disk.path)
        let key = try ObjectKey("d/a")
        try await store.put(key, bytes: [1])
        try disk.fill()
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) {
                _ = try await store.put(key, limit: nil, PieceBody(8, of: 100_000))
            }
        )
        #expect(error.code == .noSpace)
        #expect(error.kind == .failed)
        #expect(error.why == "no space is left there")
        #expect(try await store.bytes(of: key) == [1])
        #expect(try Self.files(below: disk.path) == ["d/a", "filler"])
        try disk.empty()
        _ = try await store.put(key, limit: nil, PieceBody(8, of: 100_000))
    }

    @Test(.enabled(if: SecondProcess.isThis, "it is the second process of the next test"))
    func `a second process that stores half an object`() async throws {
        let store = try FolderStore(root: FilePath(try #require(SecondProcess.argument)))
        let body = PieceBody(20, of: 1 << 20, end: .cancelled, onPiece: { if $0 == 20 { SecondProcess.say("half") } })
        _ = try await store.put(try ObjectKey("d/a"), limit: nil, body)
    }

    @Test(.disabled(if: SecondProcess.isThis))
    func `an upload that was killed is nowhere`() async throws {
        let key = try ObjectKey("d/a")
        try await store.put(key, bytes: Array("old".utf8))
        let child = try SecondProcess(
            "ObjectStorageTests.*second process that stores half",
            argument: store.root.string
        )
        #expect(try await child.heard() == "half")
        _ = try await child.killed()
        #expect(try await store.bytes(of: key) == Array("old".utf8))
        #expect(try Self.files(below: store.root) == ["d/a"])
        try await store.put(key, bytes: Array("new".utf8))
        #expect(try await store.bytes(of: key) == Array("new".utf8))
    }

    // MARK: Cost

    @Test(.enabled(if: SecondProcess.isThis, "it is the second process of the next test"))
    func `a second process that streams a large object`() async throws {
        let store = try FolderStore(root: FilePath(try #require(SecondProcess.argument)))
        SecondProcess.say("\(try await ObjectStoreContract.memoryToStream(128, through: store))")
    }

    @Test(.disabled(if: SecondProcess.isThis))
    func `a large object streams both ways in little memory`() async throws {
        let child = try SecondProcess("ObjectStorageTests.*second process that streams", argument: store.root.string)
        let growth = try #require(try await child.heard().flatMap { Int($0) })
        #expect(growth < 32)
        _ = try await child.killed()
    }

    @Test(arguments: [true, false])
    func `a page reads the folders on its way and no others`(recursive: Bool) throws {
        for number in 10..<40 { _ = try folder.file("store/d/run\(number)/\(number)", "x") }
        var listing = FolderListing(recursive: recursive, after: "d/run25", limit: 2)
        let page = try listing.page(of: store.root.appending("d"), "d")
        let names = recursive ? ["d/run25/25", "d/run26/26"] : ["d/run25", "d/run26"]
        #expect(page.entries.map(\.name) == names)
        #expect(page.next != nil)
        // The folder itself, those of the page, and the one that says that there is more.
        #expect(listing.foldersRead == 4)
    }

    private static func files(below root: FilePath) throws -> [String] {
        try Command.output("find", ".", "-type", "f", in: root).split(separator: "\n").map { String($0.dropFirst(2)) }
            .sorted()
    }
}
