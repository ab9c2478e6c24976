// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
package import SystemPackage

/// Makes a folder a project.
package struct ProjectFounder: Sendable {
    /// What was made.
    package struct Report: Sendable {
        /// The project's folder.
        package let root: FilePath
        /// The files that were written, relative to it; those that existed are not among them.
        package let written: [String]
        /// Whether a git repository was made.
        package let madeRepository: Bool
    }

    private let example: Example?

    /// A founder that starts from an example, or from an empty `gyre.yaml`.
    package init(example: Example? = nil) { self.example = example }

    /// Makes `folder` a project.
    ///
    /// Doing it twice changes nothing; files that exist are kept.
    package func found(_ folder: FilePath) async throws -> Report {
        try FileSystem.createDirectory(folder)
        let git = Git(root: folder)
        let madeRepository = try await !git.isRepository()
        if madeRepository { try await git.initialize() }
        var written: [String] = []
        for (path, bytes) in files(folder) {
            let target = folder.appending(path)
            guard !FileSystem.exists(target) else { continue }
            try FileSystem.createDirectory(target.removingLastComponent())
            try AtomicFile.write(bytes, to: target)
            written.append(path)
        }
        _ = try DataRepository.initialize(at: folder)
        try Workspace(root: folder).prepareState()
        return Report(root: folder, written: written, madeRepository: madeRepository)
    }

    private func files(_ folder: FilePath) -> [(path: String, bytes: [UInt8])] {
        if let example { return example.files }
        let name = folder.lastComponent?.string ?? "project"
        let text = """
            # What Gyre knows about this project. Every key may be left out.
            project: \(YAMLText.scalar(name))

            """
        return [("gyre.yaml", Array(text.utf8))]
    }
}
