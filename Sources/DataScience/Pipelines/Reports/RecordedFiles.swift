// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import SystemPackage

/// What the stages of a revision read and wrote when they ran last, as `dvc.lock` and `.dvc` files have it.
package struct RecordedFiles: Sendable {
    /// A file or folder.
    package struct Item: Sendable {
        /// The path relative to the project.
        package let path: String
        /// Its hash.
        package let md5: String
        fileprivate let size: Int64?
        fileprivate let count: Int?
        fileprivate let output: (isCached: Bool, isSource: Bool)?

        fileprivate var json: String {
            var fields = [
                "\"hash\": \(PythonText.json(md5))", "\"size\": \(size.map { "\($0)" } ?? "null")",
                "\"nfiles\": \(count.map { "\($0)" } ?? "null")",
            ]
            if let output {
                fields += ["\"use_cache\": \(output.isCached)", "\"is_data_source\": \(output.isSource)"]
            }
            return "\(PythonText.json(path)): {\(fields.joined(separator: ", "))}"
        }
    }

    /// What stages read.
    package let dependencies: [Item]
    /// What they wrote into the cache, and data of `.dvc` files.
    package let outputs: [Item]

    /// What a revision has.
    ///
    /// - Throws: Errors of what is read.
    package init(of revision: ProjectRevision) async throws {
        let pipeline = try await revision.pipeline()
        var dependencies: [Item] = []
        var outputs: [Item] = []
        for node in pipeline.nodes {
            switch node {
            case .data(let file):
                for output in file.outputs {
                    guard let pointer = output.pointer else { continue }
                    outputs.append(Self.item(pointer, output.path, (true, true)))
                }
            case .stage(let stage):
                let lock = try await revision.read { source, _ in
                    try LockFile(try source.text(stage.lockFile) ?? "", path: stage.lockFile)
                }
                let known = Dictionary(
                    lock.dependencies(of: stage.name).map { ($0.path, $0) },
                    uniquingKeysWith: { first, _ in first }
                )
                for place in stage.dependencies {
                    guard let pointer = known[place.written], !dependencies.contains(where: { $0.path == place.path })
                    else { continue }
                    dependencies.append(Self.item(pointer, place.path, nil))
                }
                for output in stage.outputs where !output.isMetrics && !output.isPlot {
                    guard let pointer = lock.outputs(of: stage.name).first(where: { $0.path == output.place.written })
                    else { continue }
                    outputs.append(Self.item(pointer, output.path, (output.isCached, false)))
                }
            }
        }
        (self.dependencies, self.outputs) = (dependencies, outputs)
    }

    private static func item(_ pointer: DataPointer, _ path: String, _ output: (Bool, Bool)?) -> Item {
        Item(
            path: path,
            md5: pointer.md5,
            size: pointer.knownSize,
            count: pointer.fileCount,
            output: output.map { (isCached: $0.0, isSource: $0.1) }
        )
    }

    /// DVC's document of items.
    package static func json(_ items: [Item]) -> String { "{\(items.map(\.json).joined(separator: ", "))}" }
}
