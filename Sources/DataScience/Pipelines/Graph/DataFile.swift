// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Documents

/// A `.dvc` file as a node of the graph: data that no stage writes.
package struct DataFile: Sendable {
    /// What it versions.
    package struct Output: Sendable {
        /// The path relative to the project.
        package let path: String
        /// The hash; nil if nothing was stored yet.
        package let md5: String?
        /// The hash with size and count of files; nil if nothing was stored yet.
        package let pointer: DataPointer?
        /// Whether the hash is of the bytes, as DVC 3 has it.
        package let isCurrent: Bool
    }

    /// The path relative to the project.
    package let file: String
    /// What it versions.
    package let outputs: [Output]
    /// Paths in the project that it is imported from.
    package let sources: [String]
    /// Whether it was imported, from anywhere.
    package let isImport: Bool

    /// Reads a file; nil if it describes no data.
    static func read(_ text: String, file: String) throws -> DataFile? {
        let document = try YAMLDocument.parse(text, file: file)
        guard let outputs = document["outs"]?.sequence else { return nil }
        let folder = ProjectPath.parts(file).dropLast() + [document["wdir"]?.string ?? "."]
        let dependencies = document["deps"]?.sequence ?? []
        return DataFile(
            file: file,
            outputs: outputs.compactMap { output in
                guard let name = output["path"]?.string, let path = ProjectPath.joined(folder + [name]) else {
                    return nil
                }
                return Output(
                    path: path,
                    md5: output["md5"]?.string,
                    pointer: DataPointer(output, at: path),
                    isCurrent: output["hash"]?.string == "md5" && output["cache"]?.bool != false
                )
            },
            sources: dependencies.filter { $0["repo"] == nil }.compactMap { dependency in
                dependency["path"]?.string.flatMap { ProjectPath.joined(folder + [$0]) }
            },
            isImport: !dependencies.isEmpty
        )
    }
}
