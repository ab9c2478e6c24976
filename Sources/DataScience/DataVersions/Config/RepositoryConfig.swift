// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The settings of a repository: those of the machine, the user, the project and this copy of it, later ones deciding.
///
/// The files are DVC's. Keys that neither tool knows are kept and not looked at, so that an older one reads a newer one's file.
package struct RepositoryConfig: Sendable {
    /// Where a setting is written, in the order in which they shadow each other.
    package enum Level: String, Sendable, CaseIterable {
        /// For everybody on this machine.
        case system
        /// For this user.
        case global
        /// For everybody who works on the project: `.dvc/config`, which git holds.
        case repo
        /// For this copy of the project alone: `.dvc/config.local`; the place for secrets.
        case local
    }

    /// A file of settings.
    struct Layer: Sendable {
        let level: Level
        let path: FilePath
        let text: ConfigText
    }

    /// A setting as one file has it.
    package struct Setting: Sendable {
        /// Its name.
        package let name: ConfigName
        /// Its values; one unless it is a list.
        package let values: [String]
        /// Where it is set.
        package let level: Level
        /// The file.
        package let file: FilePath
    }

    let layers: [Layer]
    private let places: ConfigPlaces

    /// Reads the files that are there.
    ///
    /// - Parameters:
    ///   - folder: The repository's `.dvc`; nil outside of any, where only the machine's and the user's settings count.
    ///   - places: Where those are.
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``FilesError``.
    package init(folder: FilePath?, places: ConfigPlaces = .ofThisProcess) throws {
        self.places = places
        var layers: [Layer] = []
        for level in Level.allCases {
            if let path = places.file(of: level, folder: folder), FileSystem.exists(path) {
                let text = try ConfigText(try FileReader.text(of: path, limit: 1 << 20), file: path.string)
                layers.append(Layer(level: level, path: path, text: text))
            }
        }
        self.layers = layers
    }

    /// Settings that no file holds, for tests and other people's repositories.
    package init(text: String, file: FilePath, places: ConfigPlaces = .ofThisProcess) throws {
        self.places = places
        layers = [Layer(level: .repo, path: file, text: try ConfigText(text, file: file.string))]
    }

    // MARK: Values

    /// The value that counts, paths resolved, the members of a list with commas between them; nil if it is not set.
    package func value(_ section: ConfigSection, _ key: String) -> String? {
        values(section, key)?.joined(separator: ",")
    }

    /// The value that counts, by the name of a section there is one of.
    package func value(_ section: String, _ key: String) -> String? { value(.plain(section), key) }

    /// The values of a list, also of one that is written as a single text with commas.
    package func list(_ section: String, _ key: String) -> [String]? {
        values(.plain(section), key)?.flatMap { value in
            value.split(separator: ",").map { String($0.trimming(while: \.isWhitespace)) }
        }
    }

    /// A truth value; nil if it is not set.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile` if it is neither `true` nor `false`.
    package func bool(_ section: String, _ key: String) throws -> Bool? {
        try value(section, key).map { try ConfigValue.bool($0, ConfigName(.plain(section), key)) }
    }

    /// A number; nil if it is not set.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile` if it is none.
    package func integer(_ section: String, _ key: String) throws -> Int? {
        try value(section, key).map { try ConfigValue.integer($0, ConfigName(.plain(section), key)) }
    }

    /// The value of the last level that sets it, as ``value(_:_:)`` gives it.
    private func values(_ section: ConfigSection, _ key: String) -> [String]? {
        for layer in layers.reversed() {
            guard let values = layer.text.values(section, key.lowercased()) else { continue }
            return values.map { resolved($0, ConfigName(section, key), in: layer) }
        }
        return nil
    }

    /// All settings of a level, or of all levels, in the order of the files.
    package func settings(of level: Level? = nil) -> [Setting] {
        layers.filter { level == nil || $0.level == level }.flatMap { layer in
            layer.text.sections.flatMap { section in
                section.entries.map { entry in
                    let name = ConfigName(section.name, entry.key)
                    let values = entry.values.map { resolved($0, name, in: layer) }
                    return Setting(name: name, values: values, level: layer.level, file: layer.path)
                }
            }
        }
    }

    private func resolved(_ value: String, _ name: ConfigName, in layer: Layer) -> String {
        guard ConfigSchema.isPath(name) else { return value }
        return ConfigPaths.resolved(value, folder: layer.path.removingLastComponent(), home: places.home)
    }

    // MARK: Remotes

    /// All remotes, in the order of the files.
    package var remotes: [RemoteSettings] {
        var names: [String] = []
        for layer in layers {
            for section in layer.text.sections where section.name.kind == "remote" {
                if !names.contains(section.name.name) { names.append(section.name.name) }
            }
        }
        return names.compactMap { remote($0, depth: 0) }
    }

    /// The name of the remote that counts where none is named; nil if none is chosen.
    package var defaultRemoteName: String? { value("core", "remote")?.lowercased() }

    /// The remote that counts where none is named.
    ///
    /// - Throws: ``DataVersionsError`` `.notConfigured` if none is chosen, or there is none of that name.
    package var defaultRemote: RemoteSettings {
        get throws {
            guard let name = defaultRemoteName else {
                throw DataVersionsError(
                    .notConfigured,
                    what: "cannot choose a remote",
                    why: remotes.isEmpty ? "no remote is set up" : "none of the remotes is the default",
                    next: remotes.first.map { "run `gyre remote default \($0.name)`, or name one by `-r`" }
                        ?? "run `gyre remote add -d NAME URL`"
                )
            }
            return try remote(named: name)
        }
    }

    /// A remote.
    ///
    /// - Throws: ``DataVersionsError`` `.notConfigured` if there is none of that name.
    package func remote(named name: String) throws -> RemoteSettings {
        guard let remote = remote(name.lowercased(), depth: 0) else {
            let names = remotes.map(\.name)
            throw DataVersionsError(
                .notConfigured,
                what: "cannot find the remote `\(name)`",
                why: names.isEmpty
                    ? "no remote is set up" : "there are only \(names.map { "`\($0)`" }.joined(separator: ", "))",
                next: "run `gyre remote add \(name) URL`"
            )
        }
        return remote
    }

    /// A remote's keys of all levels; one whose URL is `remote://other/path` begins with those of the other.
    private func remote(_ name: String, depth: Int) -> RemoteSettings? {
        let section = ConfigSection.remote(name)
        var keys: [String: String] = [:]
        var order: [String] = []
        for layer in layers {
            for entry in layer.text.sections.first(where: { $0.name == section })?.entries ?? [] {
                if keys[entry.key] == nil { order.append(entry.key) }
                let values = entry.values.map { resolved($0, ConfigName(section, entry.key), in: layer) }
                keys[entry.key] = values.joined(separator: ",")
            }
        }
        guard let url = keys["url"] else { return nil }
        let prefix = "remote://"
        if depth < 8, url.hasPrefix(prefix) {
            let rest = url.dropFirst(prefix.count)
            let other = rest.prefix { $0 != "/" }
            guard let base = remote(String(other).lowercased(), depth: depth + 1) else { return nil }
            keys.merge(base.keys) { own, _ in own }
            let path = rest.dropFirst(other.count)
            keys["url"] = String(base.url.trimmingSuffix { $0 == "/" } + path)
        }
        return RemoteSettings(name: name, keys: keys)
    }
}

/// A remote as the config has it.
package struct RemoteSettings: Sendable {
    /// Its name.
    package let name: String
    /// Its keys, such as `url` and `profile`, with their values; paths are resolved.
    package let keys: [String: String]

    /// A remote.
    package init(name: String, keys: [String: String]) {
        self.name = name
        self.keys = keys
    }

    /// Where it is: a URL, or an absolute path.
    package var url: String { keys["url"] ?? "" }

    /// The scheme of the URL, as `s3`; empty for a folder.
    package var scheme: String {
        guard let end = url.firstRange(of: "://") else { return "" }
        return url[..<end.lowerBound].lowercased()
    }

    /// A key; nil if it is not set.
    package subscript(key: String) -> String? { keys[key] }

    /// A truth value; nil if it is not set.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile` if it is neither `true` nor `false`.
    package func bool(_ key: String) throws -> Bool? {
        try keys[key].map { try ConfigValue.bool($0, ConfigName(.remote(name), key)) }
    }

    /// A number; nil if it is not set.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile` if it is none.
    package func integer(_ key: String) throws -> Int? {
        try keys[key].map { try ConfigValue.integer($0, ConfigName(.remote(name), key)) }
    }
}
