// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
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
              gyre add --glob "data/**/*.parquet"
            """
    )

    @Argument(help: ArgumentHelp("Files or folders.", valueName: "path"))
    var paths: [String]

    @Flag(help: "Take paths with `*`, `?`, `[…]` and `**` as patterns.")
    var glob = false

    @Flag(
        name: .customLong("no-commit"),
        help: "Write the pointers only; `gyre commit` takes the content into the cache."
    )
    var noCommit = false

    @Flag(
        name: .customLong("no-relink"),
        help: "Leave files as they are where the settings make them links to the cache."
    )
    var noRelink = false

    @Option(
        name: [.short, .customLong("out")],
        help: ArgumentHelp("Copy the file or folder, which may lie anywhere, to this path first.", valueName: "path")
    )
    var out: String?

    @Flag(name: [.short, .long], help: "With --out, replace what is there.")
    var force = false

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

    @Flag(name: .customLong("to-remote"), help: .hidden)
    var toRemote = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if all, message == nil { throw ValidationError("--all needs a commit: give its message by -m") }
        if out != nil, paths.count != 1 || glob { throw ValidationError("--out needs exactly one path") }
        if toRemote { throw ValidationError("--to-remote is not supported; run `gyre add` and `gyre push`") }
    }

    func run() async throws {
        let data = try common.data()
        var sources = paths.map { common.path($0) }
        if glob { sources = try await data.expand(paths, from: common.folder) }
        if let out { sources = [try await data.copy(sources[0], to: common.path(out), force: force)] }
        var options = AddOptions()
        options.commits = !noCommit
        options.relinks = !noRelink
        let bar = FilesBar(common.output, "adding")
        options.onProgress = bar.progress
        let pointers =
            try await message == nil
            ? data.staging { try await data.add(sources, options) } : data.add(sources, options)
        bar.finish()
        var commit: String?
        let git = Git(root: data.root)
        if let message {
            if all {
                try await git.addAll()
                commit = try await git.commit(message)
            } else {
                commit = try await git.commit(message, files: data.gitFiles(of: pointers))
            }
        }
        try print(pointers, commit)
    }

    private func print(_ pointers: [DataPointer], _ commit: String?) throws {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("data")
            writer.array { writer in
                for pointer in pointers {
                    writer.object { writer in
                        writer.field("path", pointer.path)
                        writer.field("md5", pointer.md5)
                        writer.field("size", pointer.knownSize)
                    }
                }
            }
            writer.field("commit", commit)
        }
        var table = Table([("data", .left), ("md5", .left), ("size", .right)])
        for pointer in pointers {
            table.add([
                .init(pointer.path, .name), .init(pointer.md5),
                .init(pointer.knownSize.map { Humanize.bytes($0) } ?? ""),
            ])
        }
        let footer = commit.map { "\ncommit \($0)" } ?? ""
        try common.answer(json: writer.text, text: common.output.text(of: table) + footer)
    }
}
