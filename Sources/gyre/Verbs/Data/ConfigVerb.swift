// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import SystemPackage
import Terminal

/// Which file of settings a command is about.
struct LevelOptions: ParsableArguments {
    @Flag(help: "The user's settings.")
    var global = false

    @Flag(help: "The machine's settings.")
    var system = false

    @Flag(help: "The project's settings, `.dvc/config`: what is written without another choice.")
    var repo = false

    @Flag(help: "The settings of this copy of the project, `.dvc/config.local`, which git ignores: for secrets.")
    var local = false

    func validate() throws {
        if [global, system, repo, local].count(where: { $0 }) > 1 {
            throw ValidationError("choose one of --global, --system, --repo and --local")
        }
    }

    /// The level that was chosen; nil for none.
    var level: RepositoryConfig.Level? {
        global ? .global : system ? .system : repo ? .repo : local ? .local : nil
    }
}

extension CommonOptions {
    /// What writes the settings of the repository around the folder; outside of any, the user's and the machine's.
    func settings() throws -> ConfigEditor {
        do {
            return ConfigEditor(folder: try data().root.appending(".dvc"))
        } catch let error as DataVersionsError where error.code == .notARepository {
            return ConfigEditor(folder: nil)
        }
    }
}

/// `gyre config`: the settings of data versions.
struct ConfigVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show and change the settings of data versions.",
        discussion: """
            The files are DVC's. Local settings come before the project's, those before the user's and the machine's.

            Example:
              gyre config cache.type "hardlink,symlink"
              gyre config --list --show-origin
              gyre config --unset core.autostage
            """
    )

    @Argument(help: ArgumentHelp("The setting, as core.autostage or remote.NAME.url.", valueName: "name"))
    var name: String?

    @Argument(help: ArgumentHelp("Its new value; without one, the value is printed.", valueName: "value"))
    var value: String?

    @Flag(name: [.short, .long], help: "Remove the setting.")
    var unset = false

    @Flag(name: [.short, .long], help: "Print all settings.")
    var list = false

    @Flag(name: .customLong("show-origin"), help: "Print the file of each setting before it.")
    var showOrigin = false

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if list, name != nil || unset { throw ValidationError("--list takes no setting and no --unset") }
        if !list, name == nil { throw ValidationError("give the name of a setting, or --list") }
        if unset, value != nil { throw ValidationError("--unset takes no value") }
        if showOrigin, value != nil || unset { throw ValidationError("--show-origin shows, and changes nothing") }
    }

    func run() async throws {
        let editor = try common.settings()
        guard !list else { return try printAll(try editor.read()) }
        let text = name ?? ""
        guard let name = ConfigName(text) else {
            throw UsageError(
                what: "cannot understand the setting `\(text)`",
                why: "its name has no dot in the right place",
                next: "write it as `section.option` or `remote.name.option`"
            )
        }
        if let value {
            try editor.set(name, to: value, levels.level ?? .repo, in: common.folder)
            if name.dotted == "cache.type" {
                common.output.warning("files that are there stay as they are; `gyre checkout --relink` makes them anew")
            }
        } else if unset {
            guard try editor.unset(name, levels.level ?? .repo) else { throw missing(name) }
        } else {
            try printOne(name, try editor.read())
        }
    }

    private func missing(_ name: ConfigName) -> DataVersionsError {
        DataVersionsError(
            .notConfigured,
            what: "cannot find the setting `\(name.dotted)`",
            why: "it is not set" + (levels.level.map { " among the \($0.rawValue) settings" } ?? ""),
            next: "see `gyre config --list`"
        )
    }

    private func printOne(_ name: ConfigName, _ config: RepositoryConfig) throws {
        guard let setting = config.settings(of: levels.level).last(where: { $0.name == name }) else {
            throw missing(name)
        }
        var writer = JSONWriter()
        write(setting, &writer)
        let value = setting.values.joined(separator: ",")
        try common.output.answer(json: writer.text, text: showOrigin ? "\(origin(setting))\t\(value)" : value)
    }

    private func printAll(_ config: RepositoryConfig) throws {
        let settings = config.settings(of: levels.level)
        var writer = JSONWriter()
        writer.array { writer in for setting in settings { write(setting, &writer) } }
        let lines = settings.map { setting in
            let line = "\(setting.name.dotted)=\(setting.values.joined(separator: ","))"
            return showOrigin ? "\(origin(setting))\t\(line)" : line
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }

    private func origin(_ setting: RepositoryConfig.Setting) -> String {
        let isOfProject = setting.level == .repo || setting.level == .local
        return isOfProject ? RelativePath.text(setting.file, from: common.folder) : setting.file.string
    }

    private func write(_ setting: RepositoryConfig.Setting, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", setting.name.dotted)
            writer.field("value", setting.values.joined(separator: ","))
            writer.field("level", setting.level.rawValue)
            writer.field("file", setting.file.string)
        }
    }
}
