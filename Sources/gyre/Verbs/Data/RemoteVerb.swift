// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Terminal

/// `gyre remote`: where data is pushed to and pulled from.
struct RemoteVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remote",
        abstract: "Set up the places that data is pushed to and pulled from.",
        discussion: """
            Example:
              gyre remote add -d store s3://bucket/data
            """,
        subcommands: [
            RemoteAddVerb.self, RemoteListVerb.self, RemoteModifyVerb.self, RemoteDefaultVerb.self,
            RemoteRenameVerb.self, RemoteRemoveVerb.self, RemoteUnchunkVerb.self,
        ]
    )
}

/// `gyre remote add`.
struct RemoteAddVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a remote.",
        discussion: """
            Example:
              gyre remote add -d store ../store
            """
    )

    @Argument(help: "Its name.")
    var name: String

    @Argument(help: "A folder, or a URL such as s3://bucket/path.")
    var url: String

    @Flag(name: [.customShort("d"), .customLong("default")], help: "Make it the one that counts where none is named.")
    var isDefault = false

    @Flag(name: [.short, .long], help: "Replace a remote of that name.")
    var force = false

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let level = levels.level ?? .repo
        try common.settings().addRemote(
            name,
            url: url,
            isDefault: isDefault,
            force: force,
            level,
            in: common.folder
        )
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", name.lowercased())
            writer.field("default", isDefault)
        }
        try common.answer(
            json: writer.text,
            text: isDefault ? "Setting '\(name)' as a default remote." : ""
        )
    }
}

/// `gyre remote list`.
struct RemoteListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the remotes.",
        discussion: """
            Example:
              gyre remote list
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let config = try common.settings().read()
        let chosen = config.defaultRemoteName
        var writer = JSONWriter()
        writer.array { writer in
            for remote in config.remotes {
                writer.object { writer in
                    writer.field("name", remote.name)
                    writer.field("url", remote.url)
                    writer.field("default", remote.name == chosen)
                }
            }
        }
        let lines = config.remotes.map { remote in
            let line = "\(remote.name)\t\(remote.url)"
            return remote.name == chosen ? common.output.paint("\(line)\t(default)", .good) : line
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}

/// `gyre remote modify`.
struct RemoteModifyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modify",
        abstract: "Change a setting of a remote.",
        discussion: """
            Secrets belong into the settings of this copy, which git ignores.

            Example:
              gyre remote modify store endpointurl http://127.0.0.1:9000
              gyre remote modify --local store secret_access_key KEY
            """
    )

    @Argument(help: "The remote.")
    var name: String

    @Argument(help: "The setting.")
    var option: String

    @Argument(help: "Its value.")
    var value: String?

    @Flag(name: [.short, .long], help: "Remove the setting.")
    var unset = false

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if unset == (value != nil) { throw ValidationError("give a value, or --unset") }
    }

    func run() async throws {
        try common.settings().modifyRemote(name, option, to: value, levels.level ?? .repo, in: common.folder)
    }
}

/// `gyre remote default`.
struct RemoteDefaultVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "default",
        abstract: "Show or choose the remote that counts where none is named.",
        discussion: """
            Example:
              gyre remote default store
            """
    )

    @Argument(help: "The remote to choose.")
    var name: String?

    @Flag(name: [.short, .long], help: "Choose none.")
    var unset = false

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let editor = try common.settings()
        guard name == nil, !unset else { return try editor.setDefaultRemote(unset ? nil : name, levels.level ?? .repo) }
        let chosen = try editor.read().defaultRemoteName
        var writer = JSONWriter()
        writer.object { $0.field("name", chosen) }
        try common.answer(json: writer.text, text: chosen ?? "No default remote set")
        if chosen == nil { throw ExitCode(1) }
    }
}

/// `gyre remote rename`.
struct RemoteRenameVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a remote another name.",
        discussion: """
            Example:
              gyre remote rename store archive
            """
    )

    @Argument(help: "The remote.")
    var name: String

    @Argument(help: "Its new name.")
    var new: String

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try common.settings().renameRemote(name, to: new, levels.level ?? .repo) }
}

/// `gyre remote remove`.
struct RemoteRemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a remote from the settings; what it holds stays.",
        discussion: """
            Example:
              gyre remote remove store
            """
    )

    @Argument(help: "The remote.")
    var name: String

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try common.settings().removeRemote(name, levels.level ?? .repo) }
}
