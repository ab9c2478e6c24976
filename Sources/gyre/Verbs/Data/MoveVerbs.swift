// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import SystemPackage
import Terminal

/// `gyre remove`: stops versioning data.
struct RemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Stop versioning data; the data itself stays unless --outs is given.",
        discussion: """
            Example:
              gyre remove data/train.csv.dvc
            """,
        aliases: ["rm"]
    )

    @Argument(help: ArgumentHelp("`.dvc` files.", valueName: "file"))
    var targets: [String]

    @Flag(help: "Remove the data from the folder too; the cache keeps it until `gyre gc`.")
    var outs = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let named = try targets.map { try data.relative(common.path($0)) }
        let paths = try await data.staging { try await data.remove(named, withData: outs) }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("removed", paths)
        }
        let shown = paths.map { "`\(common.shown($0, of: data))`" }.joined(separator: ", ")
        try common.answer(json: writer.text, text: "\(shown) is no longer versioned")
    }
}

/// `gyre move`: gives data another path.
struct MoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move or rename data together with its `.dvc` file.",
        discussion: """
            Example:
              gyre move data/train.csv data/train-2024.csv
            """,
        aliases: ["mv"]
    )

    @Argument(help: ArgumentHelp("The data.", valueName: "from"))
    var source: String

    @Argument(help: ArgumentHelp("The new path, or a folder that is there.", valueName: "to"))
    var target: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let (from, to) = (try data.relative(common.path(source)), try data.relative(common.path(target)))
        let place = try await data.staging { try await data.move(from, to: to) }
        var writer = JSONWriter()
        writer.object { writer in writer.field("path", place) }
        try common.answer(json: writer.text, text: "moved to \(common.shown(place, of: data))")
    }
}

/// `gyre unprotect`: makes links to the cache files of their own.
struct UnprotectVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unprotect",
        abstract: "Make data that links to the cache files of their own, to be changed.",
        discussion: """
            Example:
              gyre unprotect data/train.csv
            """
    )

    @Argument(help: ArgumentHelp("Data or `.dvc` files.", valueName: "target"))
    var targets: [String]

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let outputs = try await data.outputs(OutputSources.all(of: data))
        let chosen = try OutputTargets(outputs, of: data, from: common.folder).select(targets).map(\.output)
        let count = try await data.unprotect(chosen)
        var writer = JSONWriter()
        writer.object { $0.field("files", count) }
        try common.answer(json: writer.text, text: "\(count) file\(count == 1 ? "" : "s") can be changed now")
    }
}

/// `gyre root`: the folder that holds `.dvc`.
struct RootVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root",
        abstract: "Print the way to the folder that holds `.dvc`.",
        discussion: """
            Example:
              cd $(gyre root)
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let path = RelativePath.text(data.root, from: common.folder)
        var writer = JSONWriter()
        writer.object { $0.field("root", data.root.string) }
        try common.output.answer(json: writer.text, text: path)
    }
}
