// SPDX-License-Identifier: Apache-2.0

/// A path whose content is versioned, as a `.dvc` file or a stage of a pipeline names it.
package struct TrackedOutput: Sendable, Hashable {
    /// How its hash is made.
    package enum HashKind: String, Sendable {
        /// The MD5 of the bytes.
        case md5
        /// DVC 2's: of texts without carriage returns.
        case md5Dos2unix = "md5-dos2unix"
    }

    /// What an output is for.
    package enum Kind: String, Sendable {
        case data, metrics, plots
    }

    /// The path, relative to the project.
    package var path: String
    /// The content that it should have; nil if none is recorded yet.
    package var pointer: DataPointer?
    /// The file that names it, relative to the project: `data.dvc`, or `dvc.yaml`.
    package var file: String
    /// The stage of a pipeline that writes it; nil for a `.dvc` file.
    package var stage: String?
    /// Whether the cache holds its content.
    package var isCached = true
    /// Whether remotes hold it.
    package var isPushed = true
    /// The remote that it goes to, if not to the default one.
    package var remote: String?
    /// Whether it stays when its stage runs again.
    package var isPersistent = false
    /// How its hash is made.
    package var hashKind = HashKind.md5
    /// Where it was imported from; nil if it was not.
    package var source: ImportFile?
    /// What its stage makes of it.
    package var kind = Kind.data
    /// The paths that its stage reads, relative to the project.
    package var dependencies: [String] = []

    /// An output that is cached and pushed.
    package init(path: String, pointer: DataPointer?, file: String, stage: String? = nil) {
        self.path = path
        self.pointer = pointer
        self.file = file
        self.stage = stage
        if pointer?.isLegacy == true { hashKind = .md5Dos2unix }
    }

    /// Whether it is fetched from where it was imported from, and not from a remote of the project.
    package var isImport: Bool { source?.isForeign ?? false }

    /// The stage as DVC names it: `data.dvc`, `train`, `sub/dvc.yaml:train`.
    package var address: String {
        guard let stage else { return file }
        return file == "dvc.yaml" ? stage : "\(file):\(stage)"
    }
}

/// Knows the outputs that files of one kind name.
package protocol OutputSource: Sendable {
    /// The outputs that the files of a tree name, sorted by file, in the order of the file.
    func outputs(in tree: FileTree) async throws -> [TrackedOutput]
}
