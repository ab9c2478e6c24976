// SPDX-License-Identifier: Apache-2.0

import Files
import ObjectStorage
package import Registry
package import SystemPackage

/// Copies the files of a registered version out of the artefact store, all of them or nothing.
package struct ModelDownload: Sendable {
    /// What was copied.
    package struct Result: Sendable {
        /// How many files.
        package let count: Int
        /// Their size together.
        package let sizeInBytes: Int64
    }

    private let services: ProjectServices

    /// Downloads from a project.
    package init(services: ProjectServices) { self.services = services }

    /// Copies a version to a folder, which must be empty or not there; its name appears when all is in it.
    ///
    /// Streams, so memory does not grow with the model.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - folder: The new folder.
    /// - Returns: What was copied.
    /// - Throws: ``ServerError`` `.folderNotEmpty`, or `.notFound` for a version without files here; errors of the store.
    package func copy(_ version: ModelVersion, to folder: FilePath) async throws -> Result {
        try check(folder)
        let source = try await ModelFiles(tracking: services.tracking, artifacts: services.artifacts).key(of: version)
        let files = try await files(below: source)
        guard !files.isEmpty else {
            throw ServerError(
                .notFound,
                what: "cannot download version \(version.version) of `\(version.name)`",
                why: "it has no files in this project's store"
            )
        }
        let parent = folder.removingLastComponent()
        let part = parent.appending(TemporaryName.make())
        do {
            let target = try FolderStore(root: part)
            for file in files {
                let name = try ObjectKey(String(file.key.text.dropFirst(source.text.count + 1)))
                _ = try await target.put(name, limit: nil, try await services.artifacts.get(file.key, range: nil))
            }
            try await BlockingPool.shared.run {
                try FileSystem.rename(part, to: folder)
                try FileSystem.syncDirectory(parent)
            }
        } catch {
            // What cannot be removed has a name that says that it is a part of something.
            try? await BlockingPool.shared.run { try FileSystem.removeTree(part) }
            throw error
        }
        return Result(count: files.count, sizeInBytes: files.reduce(0) { $0 + $1.sizeInBytes })
    }

    private func check(_ folder: FilePath) throws {
        guard FileSystem.exists(folder) else { return }
        let inside = FileSystem.isDirectory(folder) ? try FileSystem.list(folder).first : folder.lastComponent?.string
        guard let inside else { return }
        throw ServerError(
            .folderNotEmpty,
            what: "cannot download to `\(folder)`",
            why: FileSystem.isDirectory(folder) ? "the folder is not empty: it holds `\(inside)`" : "it is a file",
            next: "name a folder that is not there yet"
        )
    }

    private func files(below source: ObjectKey) async throws -> [ObjectInfo] {
        var files: [ObjectInfo] = []
        var after: String?
        repeat {
            let page = try await services.artifacts.list(
                prefix: source.text,
                recursive: true,
                after: after,
                limit: 1_000
            )
            for case .object(let info) in page.entries { files.append(info) }
            after = page.next
        } while after != nil
        return files
    }
}
