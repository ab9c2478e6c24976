// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Where the files of settings are.
package struct ConfigPlaces: Sendable {
    /// The folder of the machine's settings.
    package let system: FilePath
    /// The folder of the user's settings.
    package let global: FilePath
    /// The user's folder, which `~` stands for.
    package let home: FilePath

    /// The places that DVC chooses by the environment.
    package init(variable: (String) -> String?) {
        func folder(_ name: String) -> FilePath? { variable(name).flatMap { $0.isEmpty ? nil : FilePath($0) } }
        home = folder("HOME") ?? "/"
        let machine =
            variable("XDG_CONFIG_DIRS")?.split(separator: ":").first.map { FilePath(String($0)) } ?? "/etc/xdg"
        system = folder("DVC_SYSTEM_CONFIG_DIR") ?? machine.appending("dvc")
        let user = folder("XDG_CONFIG_HOME") ?? home.appending(".config")
        global = folder("DVC_GLOBAL_CONFIG_DIR") ?? user.appending("dvc")
    }

    /// The places of this process's environment.
    ///
    /// DVC's settings count wherever a repository is opened, so the environment is read here and not only at the edge.
    package static var ofThisProcess: ConfigPlaces {
        ConfigPlaces { name in getenv(name).map { String(cString: $0) } }
    }

    /// The file that a level is written to.
    func file(of level: RepositoryConfig.Level, folder: FilePath?) -> FilePath? {
        switch level {
        case .system: system.appending("config")
        case .global: global.appending("config")
        case .repo: folder?.appending("config")
        case .local: folder?.appending("config.local")
        }
    }
}

/// Paths as settings hold them: relative to the file that they are written in.
enum ConfigPaths {
    /// Whether a text is a URL, which is no path.
    static func isURL(_ text: String) -> Bool {
        guard let end = text.firstRange(of: "://") else { return false }
        let scheme = text[..<end.lowerBound]
        return !scheme.isEmpty && scheme.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    /// The absolute path that a value of a file in `folder` means.
    static func resolved(_ value: String, folder: FilePath, home: FilePath) -> String {
        if isURL(value) || value.hasPrefix("/") { return value }
        if value == "~" { return home.string }
        if value.hasPrefix("~/") { return home.appending(String(value.dropFirst(2))).string }
        return folder.pushing(FilePath(value)).lexicallyNormalized().string
    }

    /// A path that a person wrote in the folder `current`, as a file in `folder` holds it.
    static func written(_ value: String, folder: FilePath, current: FilePath) -> String {
        if isURL(value) || value.hasPrefix("/") || value.hasPrefix("~") { return value }
        return relative(current.pushing(FilePath(value)), to: folder)
    }

    /// A path from a folder.
    static func relative(_ path: FilePath, to folder: FilePath) -> String {
        let target = path.lexicallyNormalized().components.map(\.string)
        let base = folder.lexicallyNormalized().components.map(\.string)
        var shared = 0
        while shared < min(target.count, base.count), target[shared].utf8.elementsEqual(base[shared].utf8) {
            shared += 1
        }
        let parts = Array(repeating: "..", count: base.count - shared) + target[shared...]
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}
