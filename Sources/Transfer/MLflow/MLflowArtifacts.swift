// SPDX-License-Identifier: Apache-2.0

import Files
import ObjectStorage
import SystemPackage
import Tracking

/// Finds the files that an MLflow store names by a URI, on this machine.
struct MLflowArtifacts: Sendable {
    /// The folder in which a server kept what it calls `mlflow-artifacts:/…`.
    let served: FilePath?

    /// The files behind a URI.
    ///
    /// A path is followed only if it ends with the owner's id and `artifacts`, as MLflow makes all of them: others could name
    /// any file of this machine.
    ///
    /// - Parameters:
    ///   - uri: What the store says.
    ///   - owner: The id of the run or model.
    ///   - fallback: Where the files are if the store was moved since.
    /// - Returns: The files; those of other stores stay where they are.
    func files(_ uri: String, of owner: String, fallback: FilePath? = nil) throws -> SourceArtifacts {
        let path = ImportState.plain(uri)
        if path.hasPrefix("/") || !path.contains(":") {
            let isOwn = path.hasSuffix("/\(owner)/artifacts")
            let candidates = (isOwn ? [FilePath(path)] : []) + (fallback.map { [$0] } ?? [])
            let found = candidates.first { FileSystem.isDirectory($0) }
            var files = SourceArtifacts.folder(try found.map { try FolderStore(root: $0) }, uri: uri)
            // An absent folder is how MLflow keeps a run without files.
            if !isOwn, found == nil { files.reason = "they lie in `\(path)`, which is no folder of this run" }
            return files
        }
        guard let prefix = TrackingService.artifactPrefix(of: uri) else {
            return SourceArtifacts(uri: uri, forEach: nil)
        }
        guard let served, !prefix.split(separator: "/").contains("..") else {
            var files = SourceArtifacts.folder(nil, uri: uri)
            files.reason = "a server keeps them; import from it, or say by `--artifacts` where its folder is"
            return files
        }
        let folder = served.appending(prefix)
        return .folder(FileSystem.isDirectory(folder) ? try FolderStore(root: folder) : nil, uri: uri)
    }
}
