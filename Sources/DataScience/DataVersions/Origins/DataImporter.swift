// SPDX-License-Identifier: Apache-2.0

import Files
package import HTTPTransport
package import SystemPackage

/// Imports data from elsewhere: it becomes data of this repository that remembers where it came from.
package struct DataImporter: Sendable {
    /// How much of an import happens.
    package enum Extent: Sendable {
        /// All: the content comes, and lies in the work tree.
        case whole
        /// The source is looked at and written down; the content comes with the next pull.
        case noDownload
        /// The source is written down only.
        case noExecution
    }

    /// What an import did.
    package struct Result: Sendable {
        /// The `.dvc` file, relative to the project.
        package let file: String
        /// The path of the data, relative to the project.
        package let path: String
        /// What was taken; nil if nothing was downloaded.
        package let pointer: DataPointer?
        /// Whether anything is otherwise than before.
        package let hasChanged: Bool
    }

    let data: DataRepository
    let clones: OriginClones
    let stages: StageFolders
    let client: HTTPTransportClient
    /// The folder that relative addresses begin at.
    let folder: FilePath
    let others: OtherStores?
    /// Called with the number of files that were taken, and how many there are.
    let note: @Sendable (Int, Int) -> Void

    /// An importer into a repository.
    package init(
        into data: DataRepository,
        clones: OriginClones,
        stages: StageFolders,
        client: HTTPTransportClient,
        folder: FilePath,
        others: OtherStores? = nil,
        note: @escaping @Sendable (Int, Int) -> Void
    ) {
        self.data = data
        self.clones = clones
        self.stages = stages
        self.client = client
        self.folder = folder
        self.others = others
        self.note = note
    }

    // MARK: New ones

    /// Imports a file or folder of another repository.
    ///
    /// - Parameters:
    ///   - path: The path in that repository.
    ///   - address: Its folder, or its URL.
    ///   - revision: A branch, a tag or a commit of it.
    ///   - target: Where the data goes, relative to the project.
    ///   - extent: How much happens.
    ///   - force: Whether what is there makes way.
    /// - Returns: What happened.
    /// - Throws: ``DataVersionsError``.
    package func importData(
        _ path: String,
        of address: String,
        revision: String?,
        to target: String,
        extent: Extent = .whole,
        force: Bool = false
    ) async throws -> Result {
        try await checkTarget(target, force)
        let name = ProjectPath.parts(target).last ?? target
        guard extent != .noExecution else {
            let dependency = ImportFile.Dependency.repository(url: address, path: path, revision: revision, lock: nil)
            return try await finish(
                target,
                ImportFile(dependency: dependency, name: name, output: nil, isLocked: false)
            )
        }
        let (pointer, commit) = try await take(path, address, revision, target, extent)
        let file = ImportFile(
            dependency: .repository(url: address, path: path, revision: revision, lock: commit),
            name: name,
            output: pointer,
            isLocked: true
        )
        return try await finish(target, file, force: force)
    }

    /// Imports a file or folder of this machine or of a store, or a file behind `http` or `https`.
    ///
    /// - Throws: ``DataVersionsError``.
    package func importURL(
        _ address: String,
        to target: String,
        extent: Extent = .whole,
        force: Bool = false
    ) async throws -> Result {
        let place = try ForeignPlace(address, data.config)
        try await checkTarget(target, force)
        let name = ProjectPath.parts(target).last ?? target
        let old: ImportFile.Dependency =
            switch place {
            case .web: .url(address, checksum: nil, size: nil)
            case .store: .object(address, tag: nil, size: nil)
            // A path below a remote stays as it was typed.
            case .local where address.hasPrefix("remote://"): .path(address, nil)
            case .local(let path): .path(written(FilePath(path), beside: target), nil)
            }
        guard extent != .noExecution else {
            return try await finish(target, ImportFile(dependency: old, name: name, output: nil, isLocked: false))
        }
        let (dependency, pointer) = try await take(old, target, extent, nil)
        let file = ImportFile(dependency: dependency, name: name, output: pointer, isLocked: true)
        return try await finish(target, file, force: force)
    }

    // MARK: Known ones

    /// Takes what is new at the source of an import.
    ///
    /// - Parameters:
    ///   - file: The `.dvc` file, relative to the project.
    ///   - revision: Another revision to follow from now on.
    ///   - extent: How much happens.
    ///   - force: Whether content of the work tree that is in no version may be lost.
    /// - Returns: What happened.
    /// - Throws: ``DataVersionsError``, `.invalidFile` if it is no import.
    package func update(
        _ file: String,
        revision: String? = nil,
        extent: Extent = .whole,
        force: Bool = false
    ) async throws -> Result {
        let text = try FileReader.text(of: data.root.appending(file), limit: 1 << 20)
        guard let old = try ImportFile(text, file: file) else {
            throw DataVersionsError(
                .invalidFile,
                what: "cannot update `\(file)`",
                why: "it names nothing that it was imported from",
                next: "version what changed by `gyre add`"
            )
        }
        let target = (ProjectPath.parts(file).dropLast() + [old.name]).joined(separator: "/")
        let new: ImportFile
        switch old.dependency {
        case .repository(let url, let path, let oldRevision, let lock):
            let wanted = revision ?? oldRevision
            let origin = try await Origin.open(url, revision: wanted, from: folder, clones: clones, stages: stages)
            if origin.commit == lock, wanted == oldRevision, old.output != nil || extent == .noDownload {
                return Result(file: file, path: target, pointer: old.output?.at(target), hasChanged: false)
            }
            let pointer = try await take(path, origin, target, extent)
            new = ImportFile(
                dependency: .repository(url: url, path: path, revision: wanted, lock: origin.commit),
                name: old.name,
                output: pointer,
                isLocked: true
            )
        case .path, .url, .object, .database:
            guard revision == nil else {
                throw DataVersionsError(
                    .invalidPath,
                    what: "cannot update `\(file)` to a revision",
                    why: "it was imported from no repository"
                )
            }
            let (dependency, pointer) = try await take(old.dependency, target, extent, old)
            new = ImportFile(dependency: dependency, name: old.name, output: pointer, isLocked: true)
        }
        guard new != old else {
            return Result(file: file, path: target, pointer: old.output?.at(target), hasChanged: false)
        }
        return try await finish(target, new, replacing: text, force: force)
    }

    // MARK: Parts

    private func take(
        _ path: String,
        _ address: String,
        _ revision: String?,
        _ target: String,
        _ extent: Extent
    ) async throws -> (DataPointer?, String) {
        let origin = try await Origin.open(address, revision: revision, from: folder, clones: clones, stages: stages)
        return (try await take(path, origin, target, extent), origin.commit)
    }

    func take(
        _ path: String,
        _ origin: Origin,
        _ target: String,
        _ extent: Extent
    ) async throws -> DataPointer? {
        let contents = try OriginContents(of: origin, cache: data.cache, client: client, others: others)
        let selection = try await origin.select(path, contents)
        guard extent == .whole else { return nil }
        let lock = try data.lock()
        defer { lock.release() }
        let counter = Counter(total: selection.fileCount, note)
        return try await origin.keep(selection, contents, in: data.cache, at: target) { counter.advance() }
    }

    /// Looks at a source outside of repositories, and takes its content if it is another than `old` has.
    func take(
        _ dependency: ImportFile.Dependency,
        _ target: String,
        _ extent: Extent,
        _ old: ImportFile?
    ) async throws -> (ImportFile.Dependency, DataPointer?) {
        switch dependency {
        case .repository: return (dependency, nil)
        case .database:
            throw DataVersionsError(
                .invalidPath,
                what: "cannot take `\(target)`",
                why: "it is imported from a database, and that is not supported",
                next: "run `dvc update \(target).dvc`, or `dvc pull`"
            )
        case .url(let address, _, _), .object(let address, _, _): return try await take(address, target, extent, old)
        case .path(let path, _) where path.contains("://"): return try await take(path, target, extent, old)
        case .path(let path, _):
            let place = data.root.appending(target).removingLastComponent().pushing(FilePath(path))
            return try await take(path, at: place.lexicallyNormalized(), target, extent)
        }
    }

    func download(_ source: HTTPOrigin, _ target: String) async throws -> DataPointer {
        let scratch = try FileSystem.temporaryDirectory(prefix: "gyre-import")
        defer {
            // It lies in the system's folder for such things.
            try? FileSystem.removeTree(scratch)
        }
        let file = scratch.appending("content")
        try await source.download(to: file)
        let cache = data.cache
        return try await BlockingPool.shared.run(cancellable: { flag in
            let digest = try ContentCache.digest(of: file, flag)
            try cache.keep(file, as: digest.md5, size: digest.size, name: target, flag)
            return DataPointer(path: target, md5: digest.md5, size: digest.size)
        })
    }

    /// Writes the `.dvc` file, and brings the work tree to it.
    private func finish(
        _ target: String,
        _ file: ImportFile,
        replacing old: String? = nil,
        force: Bool = false
    ) async throws -> Result {
        let name = target + ".dvc"
        let path = data.root.appending(name)
        let text = try old.map { try file.text(replacing: $0, file: name) } ?? file.text
        let lock = try data.lock()
        do {
            try FileSystem.createDirectory(path.removingLastComponent())
            try await data.ignore([target])
            try await BlockingPool.shared.run { try AtomicFile.write(text, to: path) }
        } catch {
            lock.release()
            throw error
        }
        lock.release()
        let pointer = file.output?.at(target)
        if let pointer { _ = try await data.checkout([pointer], force: force) }
        return Result(file: name, path: target, pointer: pointer, hasChanged: true)
    }

    private func checkTarget(_ target: String, _ force: Bool) async throws {
        try data.checkPlace(target)
        try Origin.checkFree(data.root.appending(target), force)
        try Origin.checkFree(data.root.appending(target + ".dvc"), force)
        if let tracked = try await Git(root: data.root).trackedFiles(below: [target]).first {
            throw data.refusal(
                target,
                "git tracks `\(tracked)`, and only one of both can",
                next: "run `git rm -r --cached \(target)` first"
            )
        }
    }

    /// A path as the `.dvc` file has it: relative to its folder; as given if it is absolute and outside of the project.
    private func written(_ path: FilePath, beside target: String) -> String {
        let place = folder.pushing(path).lexicallyNormalized()
        if path.isAbsolute, !place.starts(with: data.root) { return place.string }
        let from = data.root.appending(target).removingLastComponent().lexicallyNormalized()
        let (here, there) = (from.components.map(\.string), place.components.map(\.string))
        let common = zip(here, there).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: here.count - common) + there.dropFirst(common)).joined(separator: "/")
    }
}

extension DataRepository {
    /// The `.dvc` files below a folder that name where their data was imported from, sorted; of the whole project if it is empty.
    package func importFiles(below folder: String) async throws -> [String] {
        let (tree, root) = (DataTree(root: root), root)
        return try await BlockingPool.shared.run(cancellable: { flag in
            try tree.pointerFiles(flag).filter { file in
                guard folder.isEmpty || file.hasPrefix(folder + "/") else { return false }
                let text = try FileReader.text(of: root.appending(file), limit: 1 << 20)
                return try ImportFile(text, file: file) != nil
            }
        })
    }
}
