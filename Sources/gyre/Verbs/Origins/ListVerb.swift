// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
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
            """,
        aliases: ["ls"]
    )

    @Argument(help: ArgumentHelp("The folder or the URL of the repository.", valueName: "url"))
    var url: String

    @Argument(help: ArgumentHelp("The path in it.", valueName: "path"))
    var path: String?

    @Flag(name: [.customShort("R"), .long], help: "Open all folders.")
    var recursive = false

    @Option(
        name: [.customShort("L"), .long],
        help: ArgumentHelp("Open so many levels of folders.", valueName: "depth")
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
        if let level, level < 1 { throw ValidationError("--level must be 1 or more") }
    }

    func run() async throws {
        let entries = try await OriginSession.with { session in
            let origin = try await Origin.open(
                url,
                revision: rev,
                from: common.folder,
                clones: session.clones,
                sizes: size || common.json
            )
            let contents = try session.contents(of: origin, remote: remote)
            return try await origin.list(
                path ?? "",
                depth: level ?? (recursive ? .max : 1),
                onlyData: dvcOnly,
                contents
            )
        }
        try common.output.answer(json: json(entries), text: text(entries))
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

    private func text(_ entries: [Origin.Entry]) -> String {
        guard size || showHash else {
            return entries.map { entry in
                let tone: Tone? = entry.isDirectory ? .strong : entry.isOutput ? .name : nil
                return tone.map { common.output.paint(entry.path, $0) } ?? entry.path
            }
            .joined(separator: "\n")
        }
        var columns: [Table.Column] = []
        if size { columns.append(Table.Column("size", .right, .never)) }
        if showHash { columns.append(Table.Column("md5", .left, .never)) }
        var table = Table(columns: columns + [Table.Column("path", .left, .never)])
        for entry in entries {
            var cells: [Table.Cell] = []
            if size { cells.append(Table.Cell(entry.size.map { Humanize.bytes($0) } ?? "-")) }
            if showHash { cells.append(Table.Cell(entry.md5 ?? "-")) }
            table.add(cells + [Table.Cell(entry.path, entry.isOutput ? .name : nil)])
        }
        return common.output.text(of: table)
    }
}
