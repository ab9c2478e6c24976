// SPDX-License-Identifier: Apache-2.0

import Documents
import Files

/// Finds the data of a commit: the outputs of its `.dvc` files and of its `dvc.lock` files.
struct OriginPointers: Sendable {
    let files: [GitObjects.File]
    let objects: GitObjects
    /// Knows the folders of stages that templates name.
    let folders: StageFolders

    /// All outputs with a hash, by path; a file that cannot be understood names none, so that the others can be used.
    func outputs() async throws -> [Origin.Output] {
        let known = Set(files.map(\.path))
        func isPointer(_ path: String) -> Bool {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return name.hasSuffix(".dvc") && name != ".dvc" || name == "dvc.lock" || name == "dvc.yaml"
        }
        let wanted = files.filter { !$0.isLink && isPointer($0.path) }
        let bytes = try await objects.contents(of: wanted.map(\.object))
        var texts: [String: String] = [:]
        for file in wanted { texts[file.path] = bytes[file.object].map { String(decoding: $0, as: UTF8.self) } }
        var found: [String: Origin.Output] = [:]
        for (path, text) in texts where !path.hasSuffix("dvc.yaml") {
            guard let document = try? YAMLDocument.parse(text, file: path) else { continue }
            let outputs =
                path.hasSuffix(".dvc")
                ? Self.outputs(document["outs"], below: Self.folder(path) + [document["wdir"]?.string ?? "."], true)
                : try await stages(document, path, texts)
            // What git holds is read from git.
            for output in outputs where !known.contains(output.path) { found[output.path] = output }
        }
        return found.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private func stages(
        _ lock: YAMLNode,
        _ path: String,
        _ texts: [String: String]
    ) async throws -> [Origin.Output] {
        let file = Self.beside(path, "dvc.yaml")
        let stages = texts[file].flatMap { try? YAMLDocument.parse($0, file: file) }?["stages"]
        // The first form of the file had the stages at its top.
        let entries = (lock["stages"] ?? lock).entries
        var resolved: [String: String]?
        var outputs: [Origin.Output] = []
        for entry in entries {
            // A stage of a list or matrix is named by its template, `@`, and its item.
            let name = entry.key.split(separator: "@").first.map(String.init) ?? entry.key
            let stage = stages?[entry.key] ?? stages?[name]
            var folder = Self.folder(path) + [(stage?["wdir"] ?? stage?["do"]?["wdir"])?.string ?? "."]
            if folder.last?.contains("${") == true {
                if resolved == nil { resolved = try await resolvedFolders(file, texts) }
                guard let known = resolved?[entry.key] else { continue }
                folder = [known]
            }
            outputs += Self.outputs(entry.value["outs"], below: folder, false)
        }
        return outputs
    }

    /// The folders of a file's stages; none if it cannot be understood.
    private func resolvedFolders(_ file: String, _ texts: [String: String]) async throws -> [String: String] {
        let byPath = Dictionary(files.filter { !$0.isLink }.map { ($0.path, $0.object) }) { $1 }
        let found = try await folders.folders(of: file, texts, known: Set(byPath.keys)) { path in
            guard let object = byPath[path] else { return "" }
            return String(decoding: try await objects.contents(of: [object])[object] ?? [], as: UTF8.self)
        }
        return found ?? [:]
    }

    private static func outputs(_ list: YAMLNode?, below folder: [String], _ isPointerFile: Bool) -> [Origin.Output] {
        (list?.sequence ?? []).compactMap { item in
            guard let name = item["path"]?.string, let path = ProjectPath.joined(folder + [name]),
                let md5 = item["md5"]?.string, DataPointer.isDigest(md5), item["cache"]?.bool != false
            else { return nil }
            return Origin.Output(
                path: path,
                md5: md5,
                size: item["size"]?.integer,
                fileCount: item["nfiles"]?.integer.map { Int($0) },
                isExecutable: item["isexec"]?.bool ?? false,
                isLegacy: item["hash"]?.string != "md5"
            )
        }
    }

    private static func folder(_ path: String) -> [String] { ProjectPath.parts(path).dropLast() }

    private static func beside(_ path: String, _ name: String) -> String {
        (folder(path) + [name]).joined(separator: "/")
    }
}
