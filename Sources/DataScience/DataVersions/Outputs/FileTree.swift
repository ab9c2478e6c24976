// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The small files of a project, of the work tree or of a commit.
package struct FileTree: Sendable {
    private enum Source: Sendable {
        case workTree
        case commit(String)
    }

    /// The project's folder.
    package let root: FilePath
    private let source: Source

    /// The work tree.
    package static func workTree(_ root: FilePath) -> FileTree { FileTree(root: root, source: .workTree) }

    /// The tree of a commit, by its id or any name that git knows.
    package static func commit(_ id: String, in root: FilePath) -> FileTree {
        FileTree(root: root, source: .commit(id))
    }

    /// The commit; nil for the work tree.
    package var commit: String? {
        if case .commit(let id) = source { id } else { nil }
    }

    /// The paths of files whose name satisfies `isWanted`, relative to the project, sorted; `.dvcignore` counts.
    package func paths(where isWanted: @escaping @Sendable (_ name: String) -> Bool) async throws -> [String] {
        switch source {
        case .workTree:
            let tree = DataTree(root: root)
            return try await BlockingPool.shared.run(cancellable: { try tree.projectFiles($0, where: isWanted) })
        case .commit(let id):
            return try await Git(root: root).files(at: id)
                .filter { path in ProjectPath.parts(path).last.map(isWanted) ?? false }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    /// What files hold, by path; what is not there is left out.
    package func texts(of paths: [String]) async throws -> [String: String] {
        switch source {
        case .workTree:
            let root = root
            return try await BlockingPool.shared.run(cancellable: { flag in
                var result: [String: String] = [:]
                for path in paths where FileSystem.exists(root.appending(path)) {
                    try flag.check()
                    result[path] = try FileReader.text(of: root.appending(path), limit: 64 << 20)
                }
                return result
            })
        case .commit(let id):
            let contents = try await Git(root: root).contents(of: paths, at: id)
            return try contents.reduce(into: [:]) { result, file in
                guard let text = String(validating: file.value, as: UTF8.self) else {
                    throw DataVersionsError(
                        .invalidFile,
                        what: "cannot read `\(file.key)` of commit \(id)",
                        why: "it is not UTF-8 text"
                    )
                }
                result[file.key] = text
            }
        }
    }

    /// What a file holds; nil if it is not there.
    package func text(of path: String) async throws -> String? { try await texts(of: [path])[path] }
}

/// The outputs of `.dvc` files.
package struct PointerFiles: OutputSource {
    /// A source that reads all `.dvc` files of a tree.
    package init() {}

    /// The outputs that a `.dvc` file names.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``DocumentError``.
    package static func outputs(of text: String, file: String) throws -> [TrackedOutput] {
        try PointerFile.outputs(text, file: file)
    }

    /// Whether a file of a name is a `.dvc` file.
    package static func isOne(_ name: String) -> Bool { name.hasSuffix(".dvc") && name != ".dvc" }

    /// What the `.dvc` files of a tree name.
    package func outputs(in tree: FileTree) async throws -> [TrackedOutput] {
        let files = try await tree.paths(where: Self.isOne)
        let texts = try await tree.texts(of: files)
        return try await BlockingPool.shared.run(cancellable: { flag in
            try files.flatMap { file -> [TrackedOutput] in
                try flag.check()
                return try texts[file].map { try PointerFile.outputs($0, file: file) } ?? []
            }
        })
    }
}
