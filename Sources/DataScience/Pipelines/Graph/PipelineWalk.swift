// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import SystemPackage

/// Finds the files that describe a project's pipelines; blocks.
///
/// Folders that are outputs of what was found already hold data, and are not looked into; nor are other repositories, nor
/// what `.dvcignore` leaves out.
struct PipelineWalk {
    private let root: FilePath
    private let source: FileSource
    private let style: FlagStyle
    private(set) var pipelines: [PipelineFile] = []
    private(set) var data: [DataFile] = []
    private var outputs: Set<String> = []

    init(root: FilePath, source: FileSource, style: FlagStyle) {
        self.root = root
        self.source = source
        self.style = style
    }

    /// Looks through the whole project.
    mutating func run() throws { try walk("", [("", IgnorePatterns(".git\n.hg/\n.dvc/\n.gyre/\n.venv/\n"))]) }

    private mutating func walk(_ folder: String, _ patterns: [(folder: String, patterns: IgnorePatterns)]) throws {
        var patterns = patterns
        let place = folder.isEmpty ? root : root.pushing(FilePath(folder))
        func path(_ name: String) -> String { folder.isEmpty ? name : "\(folder)/\(name)" }
        var folders: [String] = []
        var files: [String] = []
        for entry in try FileSystem.entries(of: place) {
            guard let name = entry.name else { continue }
            switch entry.kind {
            case .folder: folders.append(name)
            case .file, .link: files.append(name)
            case .other: break
            }
        }
        if files.contains(".dvcignore"), let text = try source.text(path(".dvcignore")) {
            patterns.append((folder, IgnorePatterns(text)))
        }
        func isIgnored(_ name: String, isDirectory: Bool) -> Bool {
            let full = path(name)
            return patterns.contains { base, patterns in
                let below = base.isEmpty ? full : String(full.dropFirst(base.count + 1))
                return patterns.isIgnored(below, isDirectory: isDirectory)
            }
        }
        for name in files.sorted() where !isIgnored(name, isDirectory: false) {
            if name == PipelineFile.name {
                let file = try PipelineFile.read(path(name), from: source, style: style)
                for stage in file.stages { outputs.formUnion(stage.outputs.map(\.path)) }
                pipelines.append(file)
            } else if name.hasSuffix(".dvc"), name != ".dvc", let text = try source.text(path(name)),
                let file = try DataFile.read(text, file: path(name))
            {
                outputs.formUnion(file.outputs.map(\.path))
                data.append(file)
            }
        }
        for name in folders.sorted() where !outputs.contains(path(name)) && !isIgnored(name, isDirectory: true) {
            // A folder with `.dvc` is another project.
            if FileSystem.isDirectory(place.appending(name).appending(".dvc")) { continue }
            try walk(path(name), patterns)
        }
    }
}
