// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Server
import SystemPackage
import Terminal

/// `gyre add`: makes a data version.
struct AddVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Version data files or folders with the code.",
        discussion: """
            The content goes into the cache by its hash; a small `.dvc` file takes its place in git. The files are those of
            DVC, so `dvc` can go on from here.

            Example:
              gyre add data/train.csv data/test.csv -m "First data"
            """
    )

    @Argument(help: ArgumentHelp("Files or folders.", valueName: "path"))
    var paths: [String]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Commit the pointers with this message; what else has changed or is staged stays as it is.",
            valueName: "text"
        )
    )
    var message: String?

    @Flag(name: [.short, .long], help: "Commit all else that changed and is not ignored, too.")
    var all = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if all, message == nil { throw ValidationError("--all needs a commit: give its message by -m") }
    }

    func run() async throws {
        let workspace = try common.workspace()
        let data = try DataRepository.open(at: workspace.root)
        let pointers = try await data.add(paths.map { common.path($0) })
        var commit: String?
        if let message {
            let git = Git(root: data.root)
            if all {
                try await git.addAll()
                commit = try await git.commit(message)
            } else {
                commit = try await git.commit(message, files: data.gitFiles(of: pointers))
            }
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("data")
            writer.array { writer in
                for pointer in pointers {
                    writer.object { writer in
                        writer.field("path", pointer.path)
                        writer.field("md5", pointer.md5)
                        writer.field("size", pointer.size)
                    }
                }
            }
            writer.field("commit", commit)
        }
        var table = Table([("data", .left), ("md5", .left), ("size", .right)])
        for pointer in pointers {
            table.add([.init(pointer.path, .name), .init(pointer.md5), .init(Humanize.bytes(pointer.size))])
        }
        let footer = commit.map { "\ncommit \($0)" } ?? ""
        try common.output.answer(json: writer.text, text: common.output.text(of: table) + footer)
    }
}
