// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Pipelines
import Terminal

/// `gyre list`: what a repository has.
struct ListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the files and data of a DVC or git repository.",
        discussion: """
            No clone is needed: of the repository only its names and its pointers are fetched. Data is listed also where it \
            is not checked out.

            Example:
              gyre list https://github.com/iterative/example-get-started -R --dvc-only
              gyre list . data --rev HEAD~1 --size
              gyre list . --tree -L 2
            """,
        aliases: ["ls"]
    )

    @Argument(help: ArgumentHelp("The folder or the URL of the repository.", valueName: "url"))
    var url: String

    @Argument(help: ArgumentHelp("The path in it.", valueName: "path"))
    var path: String?

    @Flag(name: [.customShort("R"), .long], help: "Open all folders.")
    var recursive = false

    @Flag(name: [.customShort("T"), .long], help: "Draw the folders as a tree.")
    var tree = false

    @Option(
        name: [.customShort("L"), .long],
        help: ArgumentHelp("With -R or --tree: open so many levels of folders.", valueName: "depth")
    )
    var level: Int?

    @Flag(help: "Only data, not what git holds.")
    var dvcOnly = false

    @Option(help: ArgumentHelp("A branch, a tag or a commit.", valueName: "revision"))
    var rev: String?

    @Option(help: ArgumentHelp("A remote of that repository, in place of its default.", valueName: "name"))
    var remote: String?

    @Flag(help: "Show sizes.")
    var size = false

    @Flag(help: "Show the hashes of data.")
    var showHash = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let level, level < (tree ? 0 : 1) { throw ValidationError("--level must be \(tree ? 0 : 1) or more") }
        if tree, common.json { throw ValidationError("--tree is for people; leave out --json") }
    }

    func run() async throws {
        let lines = try await OriginSession.with { session in
            let origin = try await Origin.open(
                url,
                revision: rev,
                from: common.folder,
                clones: session.clones,
                stages: .ofPipelines,
                sizes: size || common.json
            )
            let contents = try session.contents(of: origin, remote: remote)
            guard tree else {
                // As in DVC, a depth alone opens nothing.
                let depth = recursive ? level ?? .max : 1
                let entries = try await origin.list(path ?? "", depth: depth, onlyData: dvcOnly, contents)
                return entries.map { Line(before: "", name: $0.path, entry: $0) }
            }
            let branch = try await origin.tree(path ?? "", depth: level ?? .max, onlyData: dvcOnly, contents)
            return Self.lines(branch, name: path ?? ".")
        }
        try common.answer(json: json(lines.map(\.entry)), text: text(lines))
    }

    /// A line for people: what is drawn before the name, and the name.
    private struct Line {
        let before: String
        let name: String
        let entry: Origin.Entry
    }

    /// A branch and all below it, as `dvc list --tree` draws them.
    private static func lines(_ branch: Origin.Branch, name: String, own: String = "", below: String = "") -> [Line] {
        var lines = [Line(before: own, name: name, entry: branch.entry)]
        for (index, child) in branch.children.enumerated() {
            let isLast = index + 1 == branch.children.count
            lines += Self.lines(
                child,
                name: String(child.entry.path.split(separator: "/").last ?? ""),
                own: below + (isLast ? "└── " : "├── "),
                below: below + (isLast ? "    " : "│   ")
            )
        }
        return lines
    }

    /// As `dvc list --json`, whose keys these are.
    private func json(_ entries: [Origin.Entry]) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for entry in entries {
                writer.object { writer in
                    writer.field("isout", entry.isOutput)
                    writer.field("isdir", entry.isDirectory)
                    writer.field("isexec", entry.isExecutable)
                    writer.field("size", entry.size)
                    writer.field("md5", entry.md5)
                    writer.field("path", entry.path)
                }
            }
        }
        return writer.text
    }

    private func text(_ lines: [Line]) -> String {
        guard size || showHash else {
            return lines.map { line in
                let tone: Tone? = line.entry.isDirectory ? .strong : line.entry.isOutput ? .name : nil
                return line.before + (tone.map { common.output.paint(line.name, $0) } ?? line.name)
            }
            .joined(separator: "\n")
        }
        var columns: [Table.Column] = []
        if size { columns.append(Table.Column("size", .right, .never)) }
        if showHash { columns.append(Table.Column("md5", .left, .never)) }
        var table = Table(columns: columns + [Table.Column("path", .left, .never)])
        for line in lines {
            var cells: [Table.Cell] = []
            if size { cells.append(Table.Cell(line.entry.size.map { Humanize.bytes($0) } ?? "-")) }
            if showHash { cells.append(Table.Cell(line.entry.md5 ?? "-")) }
            table.add(cells + [Table.Cell(line.before + line.name, line.entry.isOutput ? .name : nil)])
        }
        return common.output.text(of: table)
    }
}
