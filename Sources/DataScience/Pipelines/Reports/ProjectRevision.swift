// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Documents
import Files
import JSONText
package import SystemPackage

/// A project as it is in the work tree, or as it was at a commit.
package struct ProjectRevision: Sendable {
    /// What the work tree is called.
    package static let workspace = "workspace"

    /// What people call it.
    package let name: String
    /// The project.
    package let root: FilePath
    private let data: DataRepository
    private let commit: String?
    /// The files of the commit.
    private let files: Set<String>
    /// Texts of the commit that were read already.
    private let texts: TextCache

    private actor TextCache {
        var texts: [String: String] = [:]
        func add(_ contents: [String: [UInt8]]) {
            for (path, bytes) in contents { texts[path] = String(decoding: bytes, as: UTF8.self) }
        }
    }

    /// A file of the commit that must be read first.
    private struct Wanted: Error { let path: String }

    /// The work tree, or the commit that a name leads to.
    ///
    /// - Throws: ``DataVersionsError`` `.git` for a name that leads nowhere.
    package init(_ name: String, of data: DataRepository) async throws {
        self.name = name
        self.data = data
        root = data.root
        texts = TextCache()
        guard name != Self.workspace else {
            commit = nil
            files = []
            return
        }
        let git = Git(root: data.root)
        let commit = try await git.resolve(name)
        self.commit = commit
        files = Set(try await git.files(at: commit))
    }

    /// Reads files by a body that knows nothing of commits.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (FileSource, [String]?) throws -> Result
    ) async throws -> Result {
        let root = root
        guard let commit else { return try await BlockingPool.shared.run { try body(FileSource(root: root), nil) } }
        let git = Git(root: root)
        let described = files.filter { $0.hasSuffix(PipelineFile.name) || $0.hasSuffix(".dvc") }.sorted()
        if await texts.texts.isEmpty {
            // What is asked for always, by one call.
            let usual = files.filter { $0.hasSuffix(LockFile.name) || $0.hasSuffix(ParameterFiles.main) }
            await texts.add(try await git.contents(of: described + usual.sorted(), at: commit))
        }
        while true {
            let (known, files) = (await texts.texts, files)
            do {
                return try await BlockingPool.shared.run {
                    let source = FileSource { path in
                        if let text = known[path] { return text }
                        if files.contains(path) { throw Wanted(path: path) }
                        return nil
                    }
                    return try body(source, described)
                }
            } catch let wanted as Wanted {
                await texts.add([wanted.path: try await git.contents(of: [wanted.path], at: commit)[wanted.path] ?? []])
            }
        }
    }

    /// The pipeline.
    package func pipeline() async throws -> Pipeline {
        let (root, style) = (root, FlagStyle(data.config))
        return try await read { source, files in
            guard let files else { return try Pipeline.load(root, source, style: style) }
            // The project's own file comes first.
            let sorted = files.sorted {
                (ProjectPath.parts($0).count, $0) < (ProjectPath.parts($1).count, $1)
            }
            let pipelines = sorted.filter { ProjectPath.parts($0).last == PipelineFile.name }
            let pointers = sorted.filter { $0.hasSuffix(".dvc") }
            return try Pipeline(
                files: try pipelines.map { try PipelineFile.read($0, from: source, style: style) },
                data: try pointers.compactMap { path in
                    try source.text(path).flatMap { try DataFile.read($0, file: path) }
                }
            )
        }
    }

    /// The bytes of a file, from the tree or from the cache; nil if neither has it.
    func bytes(of path: String, in pipeline: Pipeline) async throws -> [UInt8]? {
        let place = root.pushing(FilePath(path))
        if commit == nil, FileSystem.exists(place), !FileSystem.isDirectory(place) {
            return try await BlockingPool.shared.run { try FileReader.bytes(of: place) }
        }
        if let commit, files.contains(path) {
            return try await Git(root: root).contents(of: [path], at: commit)[path]
        }
        guard let md5 = try await md5(of: path, in: pipeline), data.cache.holds(md5) else { return nil }
        let object = data.cache.object(md5)
        return try await BlockingPool.shared.run { try FileReader.bytes(of: object) }
    }

    /// The files at a path: itself, or all below it if it is a folder.
    func expand(_ path: String, in pipeline: Pipeline) async throws -> [String] {
        let place = root.pushing(FilePath(path))
        if commit == nil, FileSystem.isDirectory(place) {
            return try await BlockingPool.shared.run { try Self.walk(place).map { "\(path)/\($0)" } }
        }
        let below = files.filter { $0.hasPrefix(path + "/") }.sorted()
        if !below.isEmpty { return below }
        guard let md5 = try await md5(of: path, in: pipeline), md5.hasSuffix(".dir") else { return [path] }
        return try await listing(md5).map { "\(path)/\($0.path)" }
    }

    private static func walk(_ folder: FilePath, _ prefix: String = "") throws -> [String] {
        try FileSystem.list(folder).flatMap { name -> [String] in
            let place = folder.appending(name)
            guard try FileSystem.status(of: place, followingLinks: false).isDirectory else { return [prefix + name] }
            return try walk(place, prefix + name + "/")
        }
    }

    /// The hash that a lock or a pointer has for a path, or for a file of a folder.
    private func md5(of path: String, in pipeline: Pipeline) async throws -> String? {
        for node in pipeline.nodes {
            guard let output = node.outputs.first(where: { path == $0 || path.hasPrefix($0 + "/") }) else { continue }
            let md5: String?
            switch node {
            case .data(let file): md5 = file.outputs.first { $0.path == output }?.md5
            case .stage(let stage):
                let lock = try await read { source, _ in
                    try LockFile(try source.text(stage.lockFile) ?? "", path: stage.lockFile)
                }
                let written = stage.outputs.first { $0.path == output }?.place.written
                md5 = lock.outputs(of: stage.name).first { $0.path == written }?.md5
            }
            guard let md5, path != output else { return md5 }
            return try await listing(md5).first { $0.path == String(path.dropFirst(output.count + 1)) }?.md5
        }
        return nil
    }

    private func listing(_ md5: String) async throws -> [(path: String, md5: String)] {
        guard data.cache.holds(md5) else { return [] }
        let object = data.cache.object(md5)
        return try await BlockingPool.shared.run {
            let document = try JSONDocument(try FileReader.bytes(of: object, limit: 1 << 30))
            return document.root.elements.compactMap { entry in
                guard let path = entry["relpath"]?.string, let md5 = entry["md5"]?.string else { return nil }
                return (path, md5)
            }
        }
    }

    // MARK: Several

    /// The revisions that options of commands name.
    package struct Choice: Sendable {
        /// All branches.
        package var branches = false
        /// All tags.
        package var tags = false
        /// All commits.
        package var commits = false

        /// The work tree alone.
        package init() {}

        /// Whether it is the work tree alone.
        package var isWorkspace: Bool { !branches && !tags && !commits }
    }

    /// Those that were chosen, the work tree first; a commit with several names has all of them, with commas between.
    package static func all(_ choice: Choice, of data: DataRepository) async throws -> [ProjectRevision] {
        var result = [try await ProjectRevision(workspace, of: data)]
        let git = Git(root: data.root)
        guard !choice.isWorkspace, try await git.isRepository(), try await git.commitIfAny() != nil else {
            return result
        }
        var commits: [String] = []
        var names: [String: [String]] = [:]
        let wanted: [(Git.References, Bool)] = [
            (.branches, choice.branches), (.tags, choice.tags), (.commits, choice.commits),
        ]
        for (kind, isWanted) in wanted where isWanted {
            for (name, commit) in try await git.names(of: kind) {
                if names[commit] == nil { commits.append(commit) }
                names[commit, default: []].append(name)
            }
        }
        for commit in commits {
            let revision = try await ProjectRevision(commit, of: data)
            result.append(revision.called((names[commit] ?? [commit]).joined(separator: ", ")))
        }
        return result
    }

    private func called(_ name: String) -> ProjectRevision {
        ProjectRevision(name: name, root: root, data: data, commit: commit, files: files, texts: texts)
    }

    private init(
        name: String,
        root: FilePath,
        data: DataRepository,
        commit: String?,
        files: Set<String>,
        texts: TextCache
    ) {
        (self.name, self.root, self.data, self.commit) = (name, root, data, commit)
        (self.files, self.texts) = (files, texts)
    }
}
