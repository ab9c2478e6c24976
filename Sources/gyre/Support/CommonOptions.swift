// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Server
import SystemPackage
import Terminal

/// How a verb prints, and whether it waits.
struct PrintOptions: ParsableArguments {
    @Flag(help: "Print one JSON document instead of text for people.")
    var json = false

    @Flag(name: [.short, .long], help: "Print results and errors only.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Print details of what happens.")
    var verbose = false

    @Option(help: ArgumentHelp("When to use colour: always, never or auto.", valueName: "when"))
    var color: ColorChoice = .auto

    @Flag(name: .customLong("wait-for-lock"), help: .hidden)
    var waitForLock = false
}

/// What every verb takes.
struct CommonOptions: ParsableArguments {
    @OptionGroup var print: PrintOptions

    @Option(
        name: [.customShort("C"), .customLong("project")],
        help: ArgumentHelp("The project's folder.", valueName: "folder")
    )
    var projectFolder: String?

    var json: Bool { print.json }
    var quiet: Bool { print.quiet }
    var verbose: Bool { print.verbose }
    var color: ColorChoice { print.color }
    var waitForLock: Bool { print.waitForLock }

    /// Where results and progress go.
    var output: Output { Output(json: json, quiet: quiet, verbose: verbose, color: color) }

    /// The folder that the command works in.
    var folder: FilePath {
        let current = FileSystem.currentDirectory
        return projectFolder.map { current.pushing(FilePath($0)).lexicallyNormalized() } ?? current
    }

    /// A path that a person typed, from the folder that the command works in.
    func path(_ text: String) -> FilePath { folder.pushing(FilePath(text)).lexicallyNormalized() }

    /// The project that the command works on.
    func workspace() throws -> Workspace { try Workspace.find(from: folder) }
}

extension ColorChoice: ExpressibleByArgument {}
