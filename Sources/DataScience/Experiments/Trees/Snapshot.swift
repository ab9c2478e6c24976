// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import Pipelines
import SystemPackage

/// The work tree as it is, as a tree in git: what is tracked, with its changes, and new files that the pipeline is described by.
///
/// Nothing of the user's changes: it is made in an index of our own.
struct Snapshot: Sendable {
    private let data: DataRepository
    private let scratch: FilePath
    private let index: FilePath
    private var git: Git { Git(root: data.root) }

    /// Takes the work tree.
    ///
    /// Data of `.dvc` files that changed goes into the cache, and the snapshot names it.
    ///
    /// - Parameters:
    ///   - data: The project.
    ///   - scratch: A folder for files under way.
    /// - Throws: ``DataVersionsError``, errors of the pipeline's files.
    init(_ data: DataRepository, scratch: FilePath) async throws {
        (self.data, self.scratch) = (data, scratch)
        index = scratch.appending(ScratchFile.name("index"))
        let described = try await git.untracked().filter(Self.describes)
        let read = try await dependencies()
        let new = try await git.untracked().filter { file in
            read.contains { ProjectPath.overlap(file, $0) }
        }
        try await git.stageChanges(in: index, adding: described + new.filter { !described.contains($0) })
        try await stageData()
    }

    /// Whether a file says what a project does.
    private static func describes(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return ["dvc.yaml", "dvc.lock", "params.yaml", ".gitignore", ".dvcignore"].contains(name)
            || name.hasSuffix(".dvc")
    }

    /// What stages read that no stage writes, and the files of their parameters.
    private func dependencies() async throws -> [String] {
        let revision = try await ProjectRevision(ProjectRevision.workspace, of: data)
        let pipeline = try await revision.pipeline()
        let made = pipeline.nodes.flatMap(\.outputs)
        return pipeline.stages.flatMap { $0.dependencies.map(\.path) + $0.params.map(\.place.path) }
            .filter { path in !made.contains { ProjectPath.overlap(path, $0) } }
    }

    /// Data that changed since its `.dvc` file was written.
    private func stageData() async throws {
        let outputs = try await data.outputs().filter { $0.isCached && !$0.isImport }
        let changed = try await data.status(of: outputs).filter { $0.change == .modified || $0.change == .new }
        for file in Set(changed.map(\.output.file)).sorted() {
            let pointers = changed.filter { $0.output.file == file }.map(\.output)
            guard let text = try await data.text(storing: pointers, in: file) else { continue }
            try await git.stage(text, as: file, in: index, scratch: scratch)
        }
    }

    /// The tree with parameters changed.
    ///
    /// - Throws: ``PipelinesError`` `.unknownParameter`.
    func tree(with changes: [ParameterChange]) async throws -> String {
        let root = data.root
        let texts = try ParameterEditor.texts(after: changes) { name in
            let file = root.pushing(FilePath(name))
            guard ProjectPath.normalized(name) != nil, FileSystem.exists(file) else { return nil }
            return try FileReader.text(of: file, limit: 16 << 20)
        }
        guard !texts.isEmpty else { return try await git.writeTree(index) }
        let own = scratch.appending(ScratchFile.name("index"))
        let index = index
        try await BlockingPool.shared.run { _ = try FileCopy.place(index, at: own) }
        defer {
            // It lies in a folder for such things.
            try? FileSystem.remove(own)
        }
        for (file, text) in texts { try await git.stage(text, as: file, in: own, scratch: scratch) }
        return try await git.writeTree(own)
    }

    /// Removes what it needed.
    func end() {
        // It lies in a folder for such things.
        try? FileSystem.remove(index)
    }

    // MARK: Results

    /// The tree of a work tree after its stages ran: what is tracked, what describes the project, what stages write beside the
    /// cache, and more files that are wanted.
    static func result(of root: FilePath, adding more: [String], scratch: FilePath) async throws -> String {
        let data = try DataRepository.open(at: root)
        let git = Git(root: root)
        let index = scratch.appending(ScratchFile.name("index"))
        defer {
            // It lies in a folder for such things.
            try? FileSystem.remove(index)
        }
        let pipeline = try await ProjectRevision(ProjectRevision.workspace, of: data).pipeline()
        var files: [String] = []
        func take(_ path: String) {
            if FileSystem.exists(root.pushing(FilePath(path))), !files.contains(path) { files.append(path) }
        }
        for stage in pipeline.stages {
            take(stage.file)
            take(stage.lockFile)
            for param in stage.params { take(param.place.path) }
            for output in stage.outputs {
                if !output.isCached { take(output.path) }
                let folder = ProjectPath.parts(output.path).dropLast()
                take((folder + [".gitignore"]).joined(separator: "/"))
            }
        }
        for node in pipeline.nodes where node.stage == nil { take(node.address) }
        for path in more { take(path) }
        try await git.stageChanges(in: index, adding: files)
        return try await git.writeTree(index)
    }
}
