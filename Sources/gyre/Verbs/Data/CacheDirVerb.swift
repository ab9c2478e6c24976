// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import SystemPackage
import Terminal

/// `gyre cache dir`: where the cache is.
struct CacheDirVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dir",
        abstract: "Print or choose the folder of the cache.",
        discussion: """
            A path counts from the folder that you are in, and is written from the folder of the settings. What the old \
            cache holds stays there.

            Example:
              gyre cache dir /mnt/shared/cache
              gyre cache dir --unset
            """
    )

    @Argument(help: ArgumentHelp("The folder; without one, the one that counts is printed.", valueName: "folder"))
    var value: String?

    @Flag(name: [.short, .long], help: "Remove the setting.")
    var unset = false

    @OptionGroup var levels: LevelOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if unset, value != nil { throw ValidationError("--unset takes no folder") }
    }

    func run() async throws {
        let editor = try common.settings()
        let name = ConfigName(.plain("cache"), "dir")
        if let value { return try editor.set(name, to: value, levels.level ?? .repo, in: common.folder) }
        if unset {
            guard try editor.unset(name, levels.level ?? .repo) else { throw missing(levels.level ?? .repo) }
            return
        }
        let known = try editor.read().settings(of: levels.level).last { $0.name == name }?.values.joined(separator: ",")
        guard let path = try known ?? usual() else { throw missing(levels.level) }
        var writer = JSONWriter()
        writer.object { $0.field("dir", path) }
        try common.answer(json: writer.text, text: path)
    }

    /// The folder where nothing is set; nil if only one level is asked for, or where no project is.
    private func usual() throws -> String? {
        guard levels.level == nil else { return nil }
        do {
            return try common.data().root.appending(".dvc").appending("cache").string
        } catch let error as DataVersionsError where error.code == .notARepository {
            return nil
        }
    }

    private func missing(_ level: RepositoryConfig.Level?) -> DataVersionsError {
        DataVersionsError(
            .notConfigured,
            what: "cannot find the setting `cache.dir`",
            why: "it is not set"
                + (level.map { " among the \($0.rawValue) settings" } ?? ", and there is no project here"),
            next: "see `gyre config --list --show-origin`"
        )
    }
}
