// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Server

/// `gyre demo`: the whole cycle once, on real data.
struct DemoVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the whole cycle once on real data, told step by step.",
        discussion: """
            Makes the example project in this folder, which must be empty, and does what a user would do, by the commands that
            a user would type. It needs a Python with the packages that `gyre doctor` lists.

            Example:
              mkdir trial && cd trial && gyre demo
            """
    )

    @Flag(help: "End with the last step instead of leaving the web page running.")
    var exit = false

    @Option(help: ArgumentHelp("The Python with the packages of `gyre doctor`.", valueName: "file"))
    var python: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The port of `gyre up`; any free one if missing.", valueName: "port")
    )
    var port = 0

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(0...65_535).contains(port) {
            throw ValidationError("A port is a number from 0 to 65535, not \(port).")
        }
    }

    func run() async throws {
        let folder = common.folder
        let strangers = try FileSystem.list(folder).filter { ![".venv", ".DS_Store"].contains($0) }
        guard strangers.isEmpty else {
            throw ServerError(
                .folderNotEmpty,
                what: "cannot run the demo in `\(folder)`",
                why: "the folder is not empty: it holds `\(strangers.first ?? "")`",
                next: "run it in an empty folder, for example by `mkdir trial && cd trial && gyre demo`"
            )
        }
        var places = Session.places
        if let python { places.python = common.path(python) }
        // Looked at before anything is written, so that what is missing leaves an empty folder.
        let missing = await Doctor(folder: folder, places: places).examine().filter { !$0.isFound }
        guard missing.isEmpty, let found = places.python(for: folder) else {
            let names = missing.map { "`\($0.name)`" }.joined(separator: ", ")
            throw ServerError(
                .missingRuntime,
                what: "cannot run the demo",
                why: "\(names) \(missing.count == 1 ? "is" : "are") missing",
                next: Doctor.command(for: missing).map { "run `\($0)`, or name a Python that has them by `--python`" }
                    ?? "run `gyre doctor`, which says what is wrong"
            )
        }
        let narrator = Narrator(output: common.output, folder: folder, python: found)
        try await Demo(narrator: narrator, folder: folder, port: port, stays: !exit).run()
    }
}
