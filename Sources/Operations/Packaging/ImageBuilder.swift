// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
package import SystemPackage

/// Builds OCI images into one archive, without a daemon.
///
/// The archive is an OCI image layout as a tar, with the `manifest.json` that `docker load` wants beside it. Equal plans give
/// equal bytes: entries are sorted, and carry neither times nor owners.
package struct ImageBuilder: Sendable {
    private let scratch: FilePath

    /// A builder.
    ///
    /// - Parameter scratch: A folder for layers under way; must exist.
    package init(scratch: FilePath) { self.scratch = scratch }

    /// Builds an image.
    ///
    /// Layers are streamed; the memory needed does not depend on their size. The archive appears when it is complete, in
    /// place of an older one; what a build that was killed left in the scratch folder is removed.
    ///
    /// - Parameters:
    ///   - plan: What goes in.
    ///   - archive: The file to write; its folder must exist.
    /// - Returns: The digest and the sizes.
    /// - Throws: ``PackagingError``, ``FilesError``.
    package func build(_ plan: ImagePlan, to archive: FilePath) async throws -> BuiltImage {
        try plan.check()
        return try await BlockingPool.shared.run(cancellable: { try self.build(plan, archive, $0) })
    }

    private struct Blob {
        let digest: String
        let size: Int64
        let file: FilePath?
        let bytes: [UInt8]
    }

    private func build(_ plan: ImagePlan, _ archive: FilePath, _ flag: CancellationFlag) throws -> BuiltImage {
        removeAbandoned()
        let folder = scratch.appending("\(Self.prefix)\(UInt64.random(in: .min ... .max))")
        let lockFile = FilePath(folder.string + Self.lockSuffix)
        let lock = try FileLock.acquire(lockFile, mode: .exclusive, owner: "gyre build")
        defer {
            // What stays behind is only of this build; the next one removes it.
            try? FileSystem.removeTree(folder)
            try? FileSystem.removeTree(lockFile)
            lock.release()
        }
        try FileSystem.createDirectory(folder)
        var layers: [Blob] = []
        var contents: [String] = []
        for (index, files) in plan.layers.enumerated() {
            let path = folder.appending("layer-\(index)")
            let sink = FileSink(try AtomicFileWriter(replacing: path))
            let gzip = try GzipSink(to: sink)
            try Self.write(files, to: TarWriter(to: gzip, flag: flag))
            contents.append(try gzip.finish())
            layers.append(Blob(digest: try sink.commit(), size: sink.count, file: path, bytes: []))
        }
        let config = Self.blob(Self.config(plan, contents))
        let manifest = Self.blob(Self.manifest(config, layers))
        let complete = folder.appending("archive")
        let sink = FileSink(try AtomicFileWriter(replacing: complete))
        try Self.write(plan, layers, config, manifest, to: TarWriter(to: sink, flag: flag))
        _ = try sink.commit()
        try Self.move(complete, to: archive)
        return BuiltImage(
            archive: archive,
            digest: "sha256:\(manifest.digest)",
            sizeInBytes: sink.count,
            layerSizes: layers.map(\.size)
        )
    }

    private static let prefix = "image-"
    private static let lockSuffix = ".lock"

    /// Removes what builds left that ended in the middle: folders whose lock nobody holds.
    private func removeAbandoned() {
        // Tidying must not keep a build from its work.
        for name in (try? FileSystem.list(scratch)) ?? []
        where name.hasPrefix(Self.prefix) && name.hasSuffix(Self.lockSuffix) {
            let lockFile = scratch.appending(name)
            guard let lock = try? FileLock.acquire(lockFile, mode: .exclusive, owner: "gyre build") else { continue }
            try? FileSystem.removeTree(scratch.appending(String(name.dropLast(Self.lockSuffix.count))))
            try? FileSystem.removeTree(lockFile)
            lock.release()
        }
    }

    /// Puts a complete file in its place at once.
    private static func move(_ file: FilePath, to place: FilePath) throws {
        do {
            try FileSystem.rename(file, to: place)
            try FileSystem.syncDirectory(place.removingLastComponent())
        } catch {
            // The scratch folder may lie on another file system.
            guard error.code == .ioFailed else { throw error }
            _ = try FileCopy.place(file, at: place)
        }
    }

    private static func blob(_ bytes: [UInt8]) -> Blob {
        Blob(digest: FileHashing.digest(of: bytes, .sha256).hex, size: Int64(bytes.count), file: nil, bytes: bytes)
    }

    private static func write(_ files: [ImageFile], to tar: TarWriter) throws {
        var folders: Set<String> = []
        for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
            let parts = file.path.unicodeScalars.split(separator: "/").map { String(String.UnicodeScalarView($0)) }
            for count in 1..<max(parts.count, 1) {
                let folder = parts.prefix(count).joined(separator: "/")
                if folders.insert(folder).inserted { try tar.directory(folder) }
            }
            let path = parts.joined(separator: "/")
            switch file.content {
            case .file(let source): try tar.file(path, source, mode: file.mode)
            case .bytes(let bytes): try tar.bytes(path, bytes, mode: file.mode)
            case .symlink(let target): try tar.symlink(path, to: target)
            }
        }
        try tar.finish()
    }

    private static func write(
        _ plan: ImagePlan,
        _ layers: [Blob],
        _ config: Blob,
        _ manifest: Blob,
        to tar: TarWriter
    ) throws {
        try tar.directory("blobs")
        try tar.directory("blobs/sha256")
        var written: Set<String> = []
        for blob in (layers + [config, manifest]).sorted(by: { $0.digest < $1.digest })
        where written.insert(blob.digest).inserted {
            let path = "blobs/sha256/\(blob.digest)"
            if let file = blob.file { try tar.file(path, file, mode: 0o644) } else { try tar.bytes(path, blob.bytes) }
        }
        try tar.bytes("index.json", index(plan, manifest))
        try tar.bytes("manifest.json", dockerManifest(plan, config, layers))
        try tar.bytes("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        try tar.finish()
    }

    // MARK: Documents

    private static func config(_ plan: ImagePlan, _ contents: [String]) -> [UInt8] {
        var writer = JSONWriter()
        func list(_ name: String, _ values: [String], _ writer: inout JSONWriter) {
            writer.key(name)
            writer.array { writer in for value in values { writer.string(value) } }
        }
        writer.object { writer in
            writer.field("architecture", architecture)
            writer.key("config")
            writer.object { writer in
                list("Entrypoint", plan.entrypoint, &writer)
                list("Env", plan.environment, &writer)
                writer.key("ExposedPorts")
                writer.object { writer in
                    for port in plan.ports {
                        writer.key("\(port)/tcp")
                        writer.object { _ in }
                    }
                }
                writer.key("Labels")
                writer.object { writer in for label in plan.labels { writer.field(label.key, label.value) } }
                if !plan.user.isEmpty { writer.field("User", plan.user) }
                writer.field("WorkingDir", "/")
            }
            writer.field("created", "1970-01-01T00:00:00Z")
            writer.key("history")
            writer.array { writer in
                for _ in contents { writer.object { $0.field("created_by", "gyre build") } }
            }
            writer.field("os", "linux")
            writer.key("rootfs")
            writer.object { writer in
                list("diff_ids", contents.map { "sha256:\($0)" }, &writer)
                writer.field("type", "layers")
            }
        }
        return writer.bytes
    }

    private static func descriptor(
        _ type: String,
        _ blob: Blob,
        _ writer: inout JSONWriter,
        annotations: [(String, String)] = []
    ) {
        writer.object { writer in
            writer.field("mediaType", type)
            writer.field("digest", "sha256:\(blob.digest)")
            writer.field("size", blob.size)
            guard !annotations.isEmpty else { return }
            writer.key("annotations")
            writer.object { writer in for (key, value) in annotations { writer.field(key, value) } }
        }
    }

    private static func manifest(_ config: Blob, _ layers: [Blob]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("schemaVersion", 2)
            writer.field("mediaType", "application/vnd.oci.image.manifest.v1+json")
            writer.key("config")
            descriptor("application/vnd.oci.image.config.v1+json", config, &writer)
            writer.key("layers")
            writer.array { writer in
                for layer in layers { descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer, &writer) }
            }
        }
        return writer.bytes
    }

    private static func index(_ plan: ImagePlan, _ manifest: Blob) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("schemaVersion", 2)
            writer.field("mediaType", "application/vnd.oci.image.index.v1+json")
            writer.key("manifests")
            writer.array { writer in
                descriptor(
                    "application/vnd.oci.image.manifest.v1+json",
                    manifest,
                    &writer,
                    annotations: [
                        ("io.containerd.image.name", "\(plan.fullName):\(plan.tag)"),
                        ("org.opencontainers.image.ref.name", plan.tag),
                    ]
                )
            }
        }
        return writer.bytes
    }

    private static func dockerManifest(_ plan: ImagePlan, _ config: Blob, _ layers: [Blob]) -> [UInt8] {
        var writer = JSONWriter()
        writer.array { writer in
            writer.object { writer in
                writer.field("Config", "blobs/sha256/\(config.digest)")
                writer.key("RepoTags")
                writer.array { $0.string("\(plan.name):\(plan.tag)") }
                writer.key("Layers")
                writer.array { writer in for layer in layers { writer.string("blobs/sha256/\(layer.digest)") } }
            }
        }
        return writer.bytes
    }

    /// The machine's architecture as OCI names it.
    private static var architecture: String {
        #if arch(arm64)
        "arm64"
        #else
        "amd64"
        #endif
    }
}
