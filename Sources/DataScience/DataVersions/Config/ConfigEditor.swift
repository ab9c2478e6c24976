// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Writes settings, each into the file of its level; what else is in the files stays as it is.
package struct ConfigEditor: Sendable {
    private let folder: FilePath?
    private let places: ConfigPlaces

    /// An editor for the repository whose `.dvc` is `folder`; outside of any, only the machine's and the user's can be written.
    package init(folder: FilePath?, places: ConfigPlaces = .ofThisProcess) {
        self.folder = folder
        self.places = places
    }

    /// The settings as they are.
    package func read() throws -> RepositoryConfig { try RepositoryConfig(folder: folder, places: places) }

    /// Sets a value.
    ///
    /// - Parameters:
    ///   - name: The setting.
    ///   - value: Its value; a path counts from `current`.
    ///   - level: Where to write it.
    ///   - current: The folder that the person is in.
    /// - Throws: ``DataVersionsError`` `.invalidSetting` for what DVC would refuse, `.invalidFile`.
    package func set(_ name: ConfigName, to value: String, _ level: RepositoryConfig.Level, in current: FilePath) throws
    {
        let config = try read()
        let url = name.key == "url" ? value : config.remotes.first { $0.name == name.section.name }?.url
        let scheme = name.section.kind == "remote" ? RemoteSettings(name: "", keys: ["url": url ?? ""]).scheme : ""
        try ConfigSchema.check(name, value, scheme: scheme)
        try edit(level) { text, file in
            let isPath = ConfigSchema.isPath(name)
            let base = file.removingLastComponent()
            let written = isPath ? ConfigPaths.written(value, folder: base, current: current) : value
            try text.set(name.section, name.key, to: written)
        }
    }

    /// Removes a value; whether it was set at that level.
    package func unset(_ name: ConfigName, _ level: RepositoryConfig.Level) throws -> Bool {
        try edit(level) { text, _ in
            guard text.values(name.section, name.key) != nil else { return false }
            try text.remove(name.section, name.key)
            return true
        }
    }

    // MARK: Remotes

    /// Adds a remote, or gives one that is there another URL and no other keys if `force`.
    ///
    /// - Throws: ``DataVersionsError`` `.alreadyConfigured`, `.invalidSetting`.
    package func addRemote(
        _ name: String,
        url: String,
        isDefault: Bool,
        force: Bool,
        _ level: RepositoryConfig.Level,
        in current: FilePath
    ) throws {
        let section = ConfigSection.remote(name)
        guard !section.name.isEmpty else {
            throw DataVersionsError(.invalidSetting, what: "cannot add the remote", why: "its name is empty")
        }
        try ConfigSchema.check(
            ConfigName(section, "url"),
            url,
            scheme: RemoteSettings(name: name, keys: ["url": url]).scheme
        )
        try edit(level) { text, file in
            if text.sections.contains(where: { $0.name == section }) {
                guard force else { throw taken(name, "pass `--force` to replace it") }
                for entry in text.sections.first(where: { $0.name == section })?.entries ?? [] where entry.key != "url"
                {
                    try text.remove(section, entry.key)
                }
            }
            let base = file.removingLastComponent()
            if isDefault { try text.set(.plain("core"), "remote", to: section.name) }
            try text.set(section, "url", to: ConfigPaths.written(url, folder: base, current: current))
        }
    }

    /// Sets a remote's key, which is then a section of this level if it is not yet.
    package func modifyRemote(
        _ name: String,
        _ key: String,
        to value: String?,
        _ level: RepositoryConfig.Level,
        in current: FilePath
    ) throws {
        _ = try read().remote(named: name)
        let setting = ConfigName(.remote(name), key)
        if let value { return try set(setting, to: value, level, in: current) }
        try edit(level) { text, _ in try text.remove(setting.section, setting.key) }
    }

    /// Removes a remote, and the choice of it as default at this level and those that shadow it.
    package func removeRemote(_ name: String, _ level: RepositoryConfig.Level) throws {
        let section = ConfigSection.remote(name)
        try edit(level) { text, _ in
            guard text.sections.contains(where: { $0.name == section }) else { throw unknown(name, level) }
            try text.remove(section)
        }
        for other in levels(from: level) {
            try edit(other) { text, _ in
                guard text.values(.plain("core"), "remote")?.first?.lowercased() == section.name else { return }
                try text.remove(.plain("core"), "remote")
            }
        }
    }

    /// Gives a remote another name, also where it is the default.
    package func renameRemote(_ name: String, to new: String, _ level: RepositoryConfig.Level) throws {
        let (old, section) = (ConfigSection.remote(name), ConfigSection.remote(new))
        if try read().remotes.contains(where: { $0.name == section.name }) { throw taken(new, "choose another name") }
        try edit(level) { text, _ in
            guard text.sections.contains(where: { $0.name == old }) else { throw unknown(name, level) }
            try text.rename(old, to: section)
        }
        for other in levels(from: level) {
            try edit(other) { text, _ in
                guard text.values(.plain("core"), "remote")?.first?.lowercased() == old.name else { return }
                try text.set(.plain("core"), "remote", to: section.name)
            }
        }
    }

    /// Chooses the remote that counts where none is named; nil for none.
    package func setDefaultRemote(_ name: String?, _ level: RepositoryConfig.Level) throws {
        let core = ConfigSection.plain("core")
        guard let name else { return try edit(level) { text, _ in try text.remove(core, "remote") } }
        let remote = try read().remote(named: name)
        try edit(level) { text, _ in try text.set(core, "remote", to: remote.name) }
    }

    // MARK: Parts

    /// This level and those that shadow it, as far as they are there.
    private func levels(from level: RepositoryConfig.Level) -> [RepositoryConfig.Level] {
        let all = RepositoryConfig.Level.allCases
        return Array(all.drop { $0 != level })
    }

    private func edit<T>(
        _ level: RepositoryConfig.Level,
        _ body: (inout ConfigText, FilePath) throws -> T
    ) throws -> T {
        guard let path = places.file(of: level, folder: folder) else {
            throw DataVersionsError(
                .notARepository,
                what: "cannot write a setting of the project",
                why: "neither this folder nor one above it has `.dvc`",
                next: "run `gyre init`, or pass `--global` for a setting of yours"
            )
        }
        let old = FileSystem.exists(path) ? try FileReader.text(of: path, limit: 1 << 20) : nil
        var text = try ConfigText(old ?? "", file: path.string)
        let before = text.text
        let result = try body(&text, path)
        guard text.text != before else { return result }
        try FileSystem.createDirectory(path.removingLastComponent())
        try AtomicFile.write(text.text, to: path)
        return result
    }

    private func taken(_ name: String, _ next: String) -> DataVersionsError {
        DataVersionsError(
            .alreadyConfigured,
            what: "cannot name a remote `\(name)`",
            why: "there is one of that name",
            next: next
        )
    }

    private func unknown(_ name: String, _ level: RepositoryConfig.Level) -> DataVersionsError {
        DataVersionsError(
            .notConfigured,
            what: "cannot find the remote `\(name)`",
            why: "the \(level.rawValue) settings have none of that name",
            next: "see `gyre remote list`"
        )
    }
}
