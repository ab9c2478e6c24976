// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Documents

/// Data that a file of the project names: an output of a `.dvc` file or of `dvc.lock`.
package struct UsedOutput: Sendable, Hashable {
    /// The path relative to the project.
    package let path: String
    /// The content.
    package let object: DataObject
    /// Its size in bytes, as the file says.
    package let size: Int64
    /// How many files a folder has; nil for a file.
    package let fileCount: Int?
    /// Whether it is a file that its owner may run.
    package let isExecutable: Bool
    /// Whether the cache keeps it.
    package let isCached: Bool
    /// Whether it goes to remotes.
    package let isPushed: Bool
    /// The remote that it has for itself.
    package let remote: String?
    /// Where it was imported from; nil if it was not.
    package let source: ImportFile?
    /// Whether it comes from there, and from no remote of this project.
    package let isForeign: Bool
    /// Whether its content is known; of an import that was never downloaded it is not.
    package let hasContent: Bool
    /// The file that names it, relative to the project.
    package let file: String
    /// The stage; nil in a `.dvc` file.
    package let stage: String?
    /// Whether its stage makes metrics or plots of it.
    package let kind: Kind
    /// The paths that its stage reads.
    package let dependencies: [String]

    /// Whether the remotes of this repository should have it.
    package var isShared: Bool { isFetched && isPushed }

    /// Whether the remotes of this repository may have it.
    package var isFetched: Bool { isCached && !isForeign }

    /// What an output is for.
    package typealias Kind = TrackedOutput.Kind
}

extension UsedOutput {
    /// The content; nil if it is not known.
    package var pointer: DataPointer? {
        guard hasContent else { return nil }
        return DataPointer(
            path: path,
            md5: object.md5,
            size: size,
            fileCount: fileCount,
            isExecutable: isExecutable,
            isLegacy: object.isLegacy
        )
    }

    /// An output as the project's files name it; nil if it has no content yet, and no origin to fetch it from.
    init?(_ output: TrackedOutput) {
        let pointer = output.pointer
        guard pointer != nil || output.isImport else { return nil }
        self.init(
            path: output.path,
            object: DataObject(pointer?.md5 ?? "", isLegacy: pointer?.isLegacy ?? false),
            size: pointer?.size ?? 0,
            fileCount: pointer?.fileCount,
            isExecutable: pointer?.isExecutable ?? false,
            isCached: output.isCached,
            isPushed: output.isPushed,
            remote: output.remote,
            source: output.source,
            isForeign: output.isImport,
            hasContent: pointer != nil,
            file: output.file,
            stage: output.stage,
            kind: output.kind,
            dependencies: output.dependencies
        )
    }
}

/// Reads the outputs that the files of a project name.
enum OutputReader {
    /// The outputs that a `.dvc` file names, without those that have no content yet.
    static func pointers(_ text: String, file: String) throws -> [UsedOutput] {
        try PointerFiles.outputs(of: text, file: file).compactMap(UsedOutput.init)
    }

    /// All contents that `dvc.lock` files have for stages that their `dvc.yaml` names, whatever its templates make of their
    /// paths.
    ///
    /// The parameters of a template may have changed since a stage ran: its path is then another one, and the content is what
    /// the stage made last.
    ///
    /// - Parameter texts: The files by their paths.
    /// - Returns: The outputs, at paths that may be wrong.
    /// - Throws: ``DocumentError`` for a file that cannot be understood.
    static func locked(_ texts: [String: String]) throws -> [UsedOutput] {
        try texts.keys.sorted().filter { ProjectPath.parts($0).last == "dvc.lock" }.flatMap { path -> [UsedOutput] in
            let lock = try YAMLDocument.parse(texts[path] ?? "", file: path)
            let pipeline = String(path.dropLast("lock".count)) + "yaml"
            let stages = try texts[pipeline].map { try YAMLDocument.parse($0, file: pipeline) }?["stages"]
            // The first schema had the stages at the top.
            return (lock["stages"] ?? lock).entries.flatMap { entry -> [UsedOutput] in
                // A stage that is gone from `dvc.yaml` stays in the lock, and its data is nobody's.
                let name = entry.key.split(separator: "@", maxSplits: 1).first.map(String.init)
                guard stages?[entry.key] != nil || name.flatMap({ stages?[$0] }) != nil else { return [] }
                return outputs(entry.value, file: pipeline, stage: entry.key)
            }
        }
    }

    /// The contents that an entry of the run cache names.
    static func outputs(ofRun document: YAMLNode, file: String) -> [SelectedOutput] {
        outputs(document, file: file, stage: nil).map { SelectedOutput(output: $0, part: nil) }
    }

    private static func outputs(_ node: YAMLNode, file: String, stage: String?) -> [UsedOutput] {
        (node["outs"]?.sequence ?? []).compactMap { node in
            guard let path = node["path"]?.string else { return nil }
            return UsedOutput(
                TrackedOutput(path: path, pointer: DataPointer(node, at: path), file: file, stage: stage)
            )
        }
    }
}
