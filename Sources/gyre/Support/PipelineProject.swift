// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import Pipelines
import Server
import SystemPackage

/// The project whose pipeline a verb works on, as it is seen from the folder of the command.
struct PipelineProject {
    /// The versioned data, whose root is that of the pipeline.
    let data: DataRepository
    /// The folder of the command, relative to the root; empty for the root.
    let folder: String

    /// The repository that holds the folder of the command.
    init(_ common: CommonOptions) throws {
        data = try DataRepository.open(at: common.folder)
        var below = common.folder
        folder = below.removePrefix(data.root) ? below.string : ""
    }

    var root: FilePath { data.root }

    /// The pipeline of the work tree.
    func pipeline() async throws -> Pipeline {
        try await ProjectRevision(ProjectRevision.workspace, of: data).pipeline()
    }

    /// A path that a person typed, relative to the root.
    ///
    /// - Throws: ``UsageError`` if it does not lie in the project.
    func path(_ typed: String) throws -> String {
        var path = root.pushing(FilePath(folder)).pushing(FilePath(typed)).lexicallyNormalized()
        guard path.removePrefix(root), !path.isEmpty else {
            throw UsageError(
                what: "cannot use `\(typed)`",
                why: "it does not lie inside `\(root)`",
                next: "name a file of the project"
            )
        }
        return path.string
    }

    /// As ``path(_:)``, of something that is there.
    ///
    /// - Throws: ``UsageError`` if it is not.
    func existing(_ typed: String, to verb: String) throws -> String {
        let path = try path(typed)
        guard FileSystem.exists(root.pushing(FilePath(path))) else {
            throw UsageError(
                what: "cannot \(verb) `\(typed)`",
                why: "there is no such file or folder",
                next: "name one of the project"
            )
        }
        return path
    }

    /// A path of the project as it is seen from the folder of the command.
    func shown(_ path: String) -> String {
        let (here, there) = (ProjectPath.parts(folder), ProjectPath.parts(path))
        let common = zip(here, there).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: here.count - common) + there[common...]).joined(separator: "/")
    }

    /// The stages that targets name, and nothing else.
    func stages(_ targets: [String], in pipeline: Pipeline) throws -> [Stage] {
        var selection = StageSelection()
        selection.targets = targets
        return try selection.nodes(in: pipeline, from: folder).compactMap(\.stage)
    }

    /// The workspace that runs are tracked in: the project around, or the repository itself.
    static func workspace(_ common: CommonOptions) throws -> Workspace {
        do {
            return try common.workspace()
        } catch {
            guard let data = try? DataRepository.open(at: common.folder) else { throw error }
            return Workspace(root: data.root)
        }
    }
}

/// A table in the Markdown of GitHub.
enum MarkdownTable {
    /// The lines, the head first; columns are as wide as their widest cell.
    static func text(_ head: [String], _ rows: [[String]]) -> String {
        func cell(_ text: String) -> String {
            text.replacing("|", with: "\\|").replacing("\n", with: " ")
        }
        let rows = rows.map { $0.map(cell) }
        let widths = head.indices.map { column in
            rows.reduce(head[column].count + 2) { max($0, column < $1.count ? $1[column].count : 0) }
        }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }
            return "| \(padded.joined(separator: " | ")) |"
        }
        let rule = "|\(widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|"))|"
        return ([line(head), rule] + rows.map(line)).joined(separator: "\n")
    }
}
