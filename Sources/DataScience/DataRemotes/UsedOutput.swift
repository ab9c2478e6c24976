// SPDX-License-Identifier: Apache-2.0

import DataVersions
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
    /// Whether another repository has it, and no remote of this one.
    package let isForeign: Bool
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
    package enum Kind: String, Sendable {
        case data, metrics, plots
    }
}

/// Reads the outputs that the files of a project name.
struct OutputReader {
    /// Whether files of a name say where data is; others need not be read.
    static func isOne(_ name: String) -> Bool {
        name == "dvc.lock" || name == "dvc.yaml" || (name.hasSuffix(".dvc") && name != ".dvc")
    }

    /// The outputs of all files, in the order of their paths; what has no content yet is left out.
    ///
    /// - Parameters:
    ///   - texts: The files by their paths.
    ///   - skipped: Told of files that cannot be understood, which hold up no others.
    /// - Returns: The outputs.
    static func outputs(_ texts: [String: String], skipped: (String, any Error) -> Void) -> [UsedOutput] {
        var result: [UsedOutput] = []
        for path in texts.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard let text = texts[path] else { continue }
            do {
                if path.hasSuffix(".dvc") {
                    result += try pointers(text, file: path)
                } else if ProjectPath.parts(path).last == "dvc.lock" {
                    let pipeline = String(path.dropLast("lock".count)) + "yaml"
                    result += try locked(text, file: path, pipeline: texts[pipeline], pipelineFile: pipeline)
                }
            } catch {
                skipped(path, error)
            }
        }
        return result
    }

    /// The contents that an entry of the run cache names.
    static func outputs(ofRun document: YAMLNode, file: String) -> [SelectedOutput] {
        (document["outs"]?.sequence ?? []).compactMap { node in
            let found = output(node, in: [], file: file, stage: nil, flags: nil, isForeign: false, dependencies: [])
            return found.map { SelectedOutput(output: $0, part: nil) }
        }
    }

    private static func folder(of file: String) -> [String] { Array(ProjectPath.parts(file).dropLast()) }

    private static func pointers(_ text: String, file: String) throws -> [UsedOutput] {
        let document = try YAMLDocument.parse(text, file: file)
        let dependencies = document["deps"]?.sequence ?? []
        let isForeign = dependencies.contains { $0["repo"] != nil }
        let base = folder(of: file) + [document["wdir"]?.string ?? "."]
        return (document["outs"]?.sequence ?? []).compactMap { node in
            output(node, in: base, file: file, stage: nil, flags: node, isForeign: isForeign, dependencies: [])
        }
    }

    private static func locked(
        _ text: String,
        file: String,
        pipeline: String?,
        pipelineFile: String
    ) throws -> [UsedOutput] {
        let lock = try YAMLDocument.parse(text, file: file)
        let stages = try pipeline.map { try YAMLDocument.parse($0, file: pipelineFile) }?["stages"]
        var result: [UsedOutput] = []
        // The first schema had the stages at the top.
        for entry in (lock["stages"] ?? lock).entries where entry.key != "schema" {
            let name = entry.key.split(separator: "@", maxSplits: 1).first.map(String.init) ?? entry.key
            // A stage that is gone from `dvc.yaml` stays in the lock, and its data is nobody's.
            guard let found = stages?[entry.key] ?? stages?[name] else { continue }
            let stage = found["do"] ?? found
            let wdir = stage["wdir"]?.string ?? "."
            let base = folder(of: file) + (wdir.contains("${") ? [] : [wdir])
            let flags = Flags(stage)
            let dependencies = (entry.value["deps"]?.sequence ?? []).compactMap { node in
                node["path"]?.string.flatMap { ProjectPath.joined(base + [$0]) }
            }
            for node in entry.value["outs"]?.sequence ?? [] {
                guard let path = node["path"]?.string else { continue }
                let own = flags[path]
                if let output = output(
                    node,
                    in: base,
                    file: pipelineFile,
                    stage: entry.key,
                    flags: own?.node,
                    isForeign: false,
                    kind: own?.kind ?? .data,
                    dependencies: dependencies
                ) {
                    result.append(output)
                }
            }
        }
        return result
    }

    /// What `dvc.yaml` says of outputs by their paths.
    private struct Flags {
        private var found: [String: (node: YAMLNode?, kind: UsedOutput.Kind)] = [:]

        init(_ stage: YAMLNode) {
            for (key, kind) in [("outs", UsedOutput.Kind.data), ("metrics", .metrics), ("plots", .plots)] {
                for node in stage[key]?.sequence ?? [] {
                    if let path = node.string { found[path] = (nil, kind) }
                    for entry in node.isMapping ? node.entries : [] { found[entry.key] = (entry.value, kind) }
                }
            }
        }

        subscript(path: String) -> (node: YAMLNode?, kind: UsedOutput.Kind)? { found[path] }
    }

    private static func output(
        _ node: YAMLNode,
        in base: [String],
        file: String,
        stage: String?,
        flags: YAMLNode?,
        isForeign: Bool,
        kind: UsedOutput.Kind = .data,
        dependencies: [String]
    ) -> UsedOutput? {
        guard let name = node["path"]?.string, let path = ProjectPath.joined(base + [name]),
            let md5 = node["md5"]?.string,
            let object = DataObject(key: "files/md5/\(md5.prefix(2))/\(md5.dropFirst(2))")
        else { return nil }
        return UsedOutput(
            path: path,
            object: DataObject(object.md5, isLegacy: node["hash"]?.string != "md5"),
            size: node["size"]?.integer ?? 0,
            fileCount: node["nfiles"]?.integer.map { Int($0) },
            isExecutable: node["isexec"]?.bool ?? false,
            isCached: flags?["cache"]?.bool ?? true,
            isPushed: flags?["push"]?.bool ?? true,
            remote: flags?["remote"]?.string,
            isForeign: isForeign,
            file: file,
            stage: stage,
            kind: kind,
            dependencies: dependencies
        )
    }
}
