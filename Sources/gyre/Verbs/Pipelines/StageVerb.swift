// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Diagnostics
import JSONText
import Pipelines
import Terminal

/// `gyre stage`: stages of `dvc.yaml`.
struct StageVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage",
        abstract: "Add and list stages.",
        discussion: """
            Example:
              gyre stage list
            """,
        subcommands: [StageAddVerb.self, StageListVerb.self]
    )
}

/// `gyre stage list`.
struct StageListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List stages with what they are for.",
        discussion: """
            Example:
              gyre stage list --all
            """
    )

    @Argument(
        help: ArgumentHelp("Files, stages or, with -R, folders; the dvc.yaml here if left out.", valueName: "target")
    )
    var targets: [String] = []

    @Flag(help: "All stages and data of the project.")
    var all = false

    @Flag(name: [.customShort("R"), .long], help: "Targets are folders: all that lies below.")
    var recursive = false

    @Flag(name: [.customLong("name-only"), .customLong("names-only")], help: "Only the names.")
    var nameOnly = false

    @Flag(help: "Fail if a file is wrong; it always does.")
    var fail = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let pipeline = try await project.pipeline()
        var selection = StageSelection()
        selection.targets = targets
        selection.isRecursive = recursive
        let nodes = try all ? pipeline.nodes : selection.nodes(in: pipeline, from: project.folder)
        let named = nodes.map { ($0.address, $0.stage?.summary ?? "Outputs " + $0.outputs.joined(separator: ", ")) }
        var writer = JSONWriter()
        writer.array { writer in
            for (name, summary) in named {
                writer.object { writer in
                    writer.field("stage", name)
                    writer.field("description", summary)
                }
            }
        }
        var table = Table([("stage", .left), ("description", .left)])
        for (name, summary) in named { table.add([.init(name, .name), .init(summary)]) }
        let names = named.map(\.0).joined(separator: "\n")
        try common.output.answer(json: writer.text, text: nameOnly ? names : common.output.text(of: table))
    }
}

/// `gyre stage add`.
struct StageAddVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a stage to the dvc.yaml of this folder.",
        discussion: """
            Paths count from the folder that the command runs in.

            Example:
              gyre stage add -n train -d train.py -d data.csv -p lr,epochs -o model.pkl -M metrics.json python train.py
            """
    )

    @Option(name: [.short, .long], help: ArgumentHelp("The name of the stage.", valueName: "name"))
    var name: String

    @Flag(name: [.short, .long], help: "Replace a stage of that name.")
    var force = false

    @Option(name: [.short, .long], help: ArgumentHelp("A file or folder that the command reads.", valueName: "path"))
    var deps: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Parameters that it depends on.", valueName: "[file:]key,key"))
    var params: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("A file or folder that it writes.", valueName: "path"))
    var outs: [String] = []

    @Option(
        name: [.customShort("O"), .long],
        help: ArgumentHelp("One that it writes and git holds, not the cache.", valueName: "path")
    )
    var outsNoCache: [String] = []

    @Option(help: ArgumentHelp("One that is there when it runs again.", valueName: "path"))
    var outsPersist: [String] = []

    @Option(help: ArgumentHelp("One that is there when it runs again, and that git holds.", valueName: "path"))
    var outsPersistNoCache: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("A file with metrics that it writes.", valueName: "path"))
    var metrics: [String] = []

    @Option(
        name: [.customShort("M"), .long],
        help: ArgumentHelp("A file with metrics that git holds.", valueName: "path")
    )
    var metricsNoCache: [String] = []

    @Option(help: ArgumentHelp("A file with a plot that it writes.", valueName: "path"))
    var plots: [String] = []

    @Option(help: ArgumentHelp("A file with a plot that git holds.", valueName: "path"))
    var plotsNoCache: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("The folder that the command runs in.", valueName: "folder"))
    var wdir: String?

    @Flag(help: "Run it every time.")
    var alwaysChanged = false

    @Option(help: ArgumentHelp("What it is for.", valueName: "text"))
    var desc: String?

    @Flag(name: .customLong("run"), help: "Not supported: run it afterwards by `gyre repro NAME`.")
    var runsNow = false

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command.", valueName: "command"))
    var command: [String] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        if runsNow {
            throw UsageError(
                what: "cannot run the stage `\(name)` while it is added",
                why: "`--run` is not supported",
                next: "leave it out, and run `gyre repro \(name)` afterwards"
            )
        }
        let project = try PipelineProject(common)
        // What the shell has taken apart comes as several words.
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        let line = words.count < 2 ? words.joined() : words.map(Self.quoted).joined(separator: " ")
        var draft = StageDraft(name: name, command: line)
        draft.folder = wdir
        draft.dependencies = deps
        draft.params = params
        draft.outputs =
            outs.map { .init($0) } + outsNoCache.map { .init($0, isCached: false) }
            + outsPersist.map { .init($0, persists: true) }
            + outsPersistNoCache.map { .init($0, isCached: false, persists: true) }
        draft.metrics = metrics.map { .init($0) } + metricsNoCache.map { .init($0, isCached: false) }
        draft.plots = plots.map { .init($0) } + plotsNoCache.map { .init($0, isCached: false) }
        draft.alwaysChanged = alwaysChanged
        draft.description = desc
        let new = draft
        let stage = try await project.data.staging {
            let stage = try StageEditor(root: project.root).add(new, in: project.folder, force: force)
            try await project.data.ignore(stage.outputs.filter(\.isCached).map(\.path))
            return stage
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("stage", stage.address)
            writer.field("file", stage.file)
        }
        try common.answer(
            json: writer.text,
            text: "added the stage \(stage.name) to \(project.shown(stage.file))"
        )
    }

    private static func quoted(_ word: String) -> String {
        if word.isEmpty { return "\"\"" }
        return word.contains(" ") && !word.contains("\"") ? "\"\(word)\"" : word
    }
}
