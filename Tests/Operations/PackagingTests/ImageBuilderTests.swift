// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import Packaging

#if canImport(Glibc)
import Glibc
#endif

/// skopeo and umoci are the judges.
struct ImageBuilderTests {
    private let folder: TestFolder
    private let scratch: FilePath
    private let skopeo = Tool(.name("skopeo"))

    init() throws {
        folder = try TestFolder()
        scratch = folder.path.appending("scratch")
        try FileSystem.createDirectory(scratch)
    }

    private func plan() throws -> ImagePlan {
        let model = try folder.write(Array(repeating: 42, count: 200_000), to: "model.onnx")
        var plan = ImagePlan(name: "team/churn", tag: "3", entrypoint: ["/usr/bin/gyre", "serve", "/model"])
        plan.layers = [
            [ImageFile(path: "/usr/lib/libx.so.1", content: .bytes([1, 2, 3]))],
            [
                ImageFile(path: "/usr/bin/gyre", content: .bytes(Array("#!/bin/sh".utf8)), mode: 0o755),
                ImageFile(path: "/usr/bin/alias", content: .symlink("gyre")),
                ImageFile(path: "/model/model.onnx", content: .file(model)),
                ImageFile(path: "/model-card", content: .bytes([])),
            ],
        ]
        plan.environment = ["PATH=/usr/bin", "GYRE=a=b"]
        plan.ports = [8_080]
        plan.labels = [("org.opencontainers.image.title", "churn"), ("quote", "\"\\ ü")]
        plan.user = "65532:65532"
        return plan
    }

    private func build(_ plan: ImagePlan, to name: String = "image.tar") async throws -> BuiltImage {
        try await ImageBuilder(scratch: scratch).build(plan, to: folder.path.appending(name))
    }

    @Test func `skopeo reads the archive, by OCI's names and by Docker's`() async throws {
        let image = try await build(try plan())
        let oci = "oci-archive:\(image.archive):3"
        let seen = try JSONDocument(try await skopeo.run(["inspect", oci], in: folder.path).output).root
        #expect(seen["Digest"]?.string == image.digest)
        #expect(seen["Os"]?.string == "linux" && seen["Labels"]?["quote"]?.string == "\"\\ ü")
        #expect(seen["Env"]?.elements.map(\.string) == ["PATH=/usr/bin", "GYRE=a=b"])
        #expect(seen["Layers"]?.count == image.layerSizes.count)
        let text = try await skopeo.run(["inspect", "--config", oci], in: folder.path).output
        let config = try #require(try JSONDocument(text).root["config"])
        #expect(config["Entrypoint"]?.elements.map(\.string) == ["/usr/bin/gyre", "serve", "/model"])
        #expect(config["User"]?.string == "65532:65532" && config["ExposedPorts"]?["8080/tcp"] != nil)
        let docker = try await skopeo.run(["inspect", "--config", "docker-archive:\(image.archive)"], in: folder.path)
        #expect(docker.output == text)
    }

    @Test func `umoci unpacks what went in`() async throws {
        let image = try await build(try plan())
        try await unpackLayout(image)
        try await Tool(.name("umoci")).run(
            ["unpack", "--rootless", "--image", "layout:3", "bundle"],
            in: folder.path
        )
        let expected: [String: [UInt8]] = [
            "usr/lib/libx.so.1": [1, 2, 3], "usr/bin/gyre": Array("#!/bin/sh".utf8),
            "usr/bin/alias": Array("→ gyre".utf8),
            "model/model.onnx": Array(repeating: 42, count: 200_000), "model-card": [],
        ]
        #expect(try folder.contents(of: "bundle/rootfs") == expected)
        let program = try FileSystem.status(of: folder.path.pushing("bundle/rootfs/usr/bin/gyre"))
        #expect(program.permissions.rawValue == 0o755)
    }

    @Test func `every digest and size says the truth`() async throws {
        let image = try await build(try plan())
        #expect(try FileSystem.status(of: image.archive).size == image.sizeInBytes)
        try await unpackLayout(image)
        func blob(_ descriptor: JSONElement?) throws -> [UInt8] {
            let digest = try #require(descriptor?["digest"]?.string)
            try #require(digest.hasPrefix("sha256:"))
            let bytes = try FileReader.bytes(
                of: folder.path.pushing(FilePath("layout/blobs/sha256/\(digest.dropFirst(7))"))
            )
            #expect("sha256:" + FileHashing.digest(of: bytes, .sha256).hex == digest)
            #expect(descriptor?["size"]?.int64 == Int64(bytes.count))
            return bytes
        }
        let index = try JSONDocument(try FileReader.bytes(of: folder.path.pushing("layout/index.json"))).root
        let entry = try #require(index["manifests"]?.elements.first { _ in true })
        #expect(entry["digest"]?.string == image.digest)
        let manifest = try JSONDocument(try blob(entry)).root
        let config = try JSONDocument(try blob(manifest["config"])).root
        let layers = try #require(manifest["layers"]?.elements.map { $0 })
        #expect(layers.count == 2)
        let contents = config["rootfs"]?["diff_ids"]?.elements.map(\.string)
        for (layer, content) in zip(layers, contents ?? []) {
            _ = try blob(layer)
            let file = "layout/blobs/sha256/\(layer["digest"]?.string?.dropFirst(7) ?? "")"
            let plain = try await Tool(.name("sh")).run(["-c", "gzip -dc \(file) | sha256sum"], in: folder.path).output
            #expect("sha256:\(plain.prefix(64))" == content)
        }
        let listed = try FileSystem.list(folder.path.pushing("layout/blobs/sha256"))
        #expect(listed.count == 4, "nothing lies there that nobody names")
    }

    @Test func `the same plan gives the same bytes, whatever the clock, the order or the folder`() async throws {
        let plan = try plan()
        let first = try await build(plan)
        var again = plan
        again.layers = again.layers.map { $0.reversed() }
        let copy = try folder.write(Array(repeating: 42, count: 200_000), to: "elsewhere/copy")
        try #require(utime(copy.string, nil) == 0)
        again.layers[1] = again.layers[1].map { file in
            file.path == "/model/model.onnx" ? ImageFile(path: file.path, content: .file(copy)) : file
        }
        let second = try await build(again, to: "again.tar")
        #expect(first.digest == second.digest)
        #expect(try FileReader.bytes(of: first.archive) == FileReader.bytes(of: second.archive))
        var other = plan
        other.environment.append("A=b")
        #expect(try await build(other, to: "other.tar").digest != first.digest)
        #expect(try FileSystem.list(scratch).isEmpty)
    }

    @Test func `a build that fails leaves the old archive and nothing else`() async throws {
        let old = try await build(try plan())
        var broken = try plan()
        broken.layers[1].append(ImageFile(path: "/x", content: .file(folder.path.appending("nowhere"))))
        let error = try await #require(throws: FilesError.self) { try await build(broken) }
        #expect(error.code == .notFound)
        #expect(
            try await skopeo.run(["inspect", "oci-archive:\(old.archive):3"], in: folder.path).output.contains(
                old.digest
            )
        )
        #expect(try FileSystem.list(folder.path) == ["image.tar", "model.onnx", "scratch"])
        #expect(try FileSystem.list(scratch).isEmpty)
    }

    @Test(.timeLimit(.minutes(5))) func `a cancelled build leaves the old archive and nothing else`() async throws {
        let old = try await build(try plan())
        let size = try FileSystem.status(of: old.archive)
        var endless = try plan()
        let hole = try folder.write("", to: "hole")
        try #require(truncate(hole.string, 1 << 40) == 0)
        endless.layers.append([ImageFile(path: "/hole", content: .file(hole))])
        let (plan, target) = (endless, old.archive)
        let building = Task { try await ImageBuilder(scratch: scratch).build(plan, to: target) }
        while try !FileSystem.list(scratch).contains(where: { !$0.hasSuffix(".lock") }) { await Task.yield() }
        building.cancel()
        await #expect(throws: CancellationError.self) { try await building.value }
        #expect(try FileSystem.status(of: old.archive) == size)
        #expect(try FileSystem.list(scratch).isEmpty)
    }

    @Test func `what a killed build left is removed, what a running one needs is not`() async throws {
        for name in ["image-1", "image-2"] {
            try folder.write("half", to: "scratch/\(name)/layer-0")
            try folder.write("", to: "scratch/\(name).lock")
        }
        try folder.write("of somebody else", to: "scratch/notes")
        let lock = try FileLock.acquire(scratch.appending("image-2.lock"), mode: .exclusive, owner: "another build")
        _ = try await build(try plan())
        #expect(try FileSystem.list(scratch) == ["image-2", "image-2.lock", "notes"])
        lock.release()
    }

    @Test(arguments: [
        ("Churn", "use for example `churn`"), ("a b", "use for example `a-b`"), ("", nil),
        ("-a", "use for example `a`"),
        ("a..b", "use for example `a-b`"), ("a-", "use for example `a`"), ("a//b", "use for example `a/b`"), ("ü", nil),
        ("/a", "use for example `a`"), ("a___b", "use for example `a-b`"),
    ])
    func `a name that registries refuse is refused`(name: String, next: String?) async throws {
        var plan = try plan()
        plan.name = name
        let error = try await #require(throws: PackagingError.self) { try await build(plan) }
        #expect(error.code == .invalidName && error.next == next)
    }

    @Test(arguments: ["", ".a", "-a", "a b", "ü", String(repeating: "a", count: 129), "a/b", "a:b"])
    func `a tag that registries refuse is refused`(tag: String) async throws {
        var plan = try plan()
        plan.tag = tag
        let error = try await #require(throws: PackagingError.self) { try await build(plan) }
        #expect(error.code == .invalidName)
    }

    @Test(arguments: ["a", "a/b", "my-app/x.y_z--w", "ghcr.io/team/churn", "a__b"])
    func `a name that registries take is taken`(name: String) async throws {
        var plan = try plan()
        plan.name = name
        let image = try await build(plan)
        try await skopeo.run(
            ["inspect", "docker-archive:\(image.archive):\(name.contains(".io") ? "" : "docker.io/")\(name):3"],
            in: folder.path
        )
    }

    @Test(arguments: [
        (["relative"], "no absolute path"), (["/"], "no absolute path"), (["/a/../b"], "no absolute path"),
        (["/a//b"], "no absolute path"), (["/a/./b"], "no absolute path"), (["/a\0b"], "no absolute path"),
        (["/a/"], "no absolute path"), (["/a", "/a"], "holds it twice"), (["/a", "/a/b"], "is a file of the layer"),
    ])
    func `a path that an image cannot hold is refused`(paths: [String], reason: String) async throws {
        var plan = try plan()
        plan.layers = [paths.map { ImageFile(path: $0, content: .bytes([])) }]
        let error = try await #require(throws: PackagingError.self) { try await build(plan) }
        #expect(error.code == .invalidPath && error.why.contains(reason))
    }

    private func unpackLayout(_ image: BuiltImage) async throws {
        try FileSystem.createDirectory(folder.path.appending("layout"))
        try await Tool(.name("tar")).run(["-xf", image.archive.string, "-C", "layout"], in: folder.path)
    }
}
