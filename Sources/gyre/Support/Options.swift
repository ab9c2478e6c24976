// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Logging
import Server
import SystemPackage
import Telemetry
import Terminal

/// What every verb takes.
struct CommonOptions: ParsableArguments {
    @Flag(help: "Print one JSON document instead of text for people.")
    var json = false

    @Flag(name: [.short, .long], help: "Print results and errors only.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Print details of what happens.")
    var verbose = false

    @Option(help: ArgumentHelp("When to use colour: always, never or auto.", valueName: "when"))
    var color: ColorChoice = .auto

    @Option(
        name: [.customShort("C"), .customLong("project")],
        help: ArgumentHelp("The project's folder.", valueName: "folder")
    )
    var projectFolder: String?

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

/// Where a server listens, and how it logs.
struct ListenOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(name: [.short, .long], help: ArgumentHelp("The port; 0 for any free one.", valueName: "port"))
    var port: Int?

    @Option(help: ArgumentHelp("How log lines look: console or json.", valueName: "format"))
    var logFormat: LogFormat = .console

    func validate() throws {
        if let port, !(0...65_535).contains(port) {
            throw ValidationError("A port is a number from 0 to 65535, not \(port).")
        }
    }

    /// A logger as the options say.
    func logger(_ common: CommonOptions, label: String) -> Logger {
        let level: Logger.Level = common.verbose ? .debug : common.quiet ? .error : .notice
        let format = logFormat
        return Logger(label: label) { StreamLogHandler(label: $0, level: level, format: format) }
    }
}

extension ColorChoice: ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
