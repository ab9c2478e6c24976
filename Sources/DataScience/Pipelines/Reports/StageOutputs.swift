// SPDX-License-Identifier: Apache-2.0

package import DataVersions

/// The outputs of the stages of `dvc.yaml` files, with the contents that their `dvc.lock` names.
package struct StageOutputs: OutputSource {
    private let data: DataRepository

    /// A source over a project's pipelines.
    package init(_ data: DataRepository) { self.data = data }

    /// What the stages of a tree write.
    package func outputs(in tree: FileTree) async throws -> [TrackedOutput] {
        let revision = try await ProjectRevision(tree.commit ?? ProjectRevision.workspace, of: data)
        let stages = try await revision.pipeline().stages
        guard !stages.isEmpty else { return [] }
        return try await revision.read { source, _ in
            var locks: [String: LockFile] = [:]
            var result: [TrackedOutput] = []
            for stage in stages {
                let path = stage.lockFile
                let lock = try locks[path] ?? LockFile(try source.text(path) ?? "", path: path)
                locks[path] = lock
                let pointers = lock.outputs(of: stage.name)
                for output in stage.outputs {
                    let pointer = pointers.first { $0.path == output.place.written }?.at(output.path)
                    var tracked = TrackedOutput(
                        path: output.path,
                        pointer: pointer,
                        file: stage.file,
                        stage: stage.name
                    )
                    tracked.isCached = output.isCached
                    tracked.isPushed = output.isPushed
                    tracked.remote = output.remote
                    tracked.isPersistent = output.persists
                    tracked.kind = output.isMetrics ? .metrics : output.isPlot ? .plots : .data
                    tracked.dependencies = stage.dependencies.map(\.path)
                    result.append(tracked)
                }
            }
            return result
        }
    }
}
