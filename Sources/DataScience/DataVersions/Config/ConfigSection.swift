// SPDX-License-Identifier: Apache-2.0

/// The name of a section: `core`, or one of many of a kind such as the remote `backup`.
package struct ConfigSection: Sendable, Hashable {
    /// `remote`, `machine` or `db`; nil for a section there is one of.
    package let kind: String?
    /// Its name, of its kind.
    package let name: String

    /// A section there is one of.
    package static func plain(_ name: String) -> ConfigSection { ConfigSection(kind: nil, name: name.lowercased()) }

    /// A remote.
    package static func remote(_ name: String) -> ConfigSection {
        ConfigSection(kind: "remote", name: name.lowercased())
    }

    /// A section of a kind, or without one.
    init(kind: String?, name: String) {
        self.kind = kind
        self.name = name
    }

    /// A section as a file names it: `core`, or `remote "backup"`.
    init(_ text: String) {
        let text = text.lowercased()
        for kind in Self.kinds where text.hasPrefix(kind) && text.hasSuffix("\"") {
            let rest = text.dropFirst(kind.count).drop(while: \.isWhitespace)
            guard rest.hasPrefix("\""), rest.count >= 2 else { continue }
            self.init(kind: kind, name: String(rest.dropFirst().dropLast()))
            return
        }
        self.init(kind: nil, name: text)
    }

    static let kinds = ["remote", "machine", "db"]

    /// As a file names it.
    var text: String { kind.map { "\($0) \"\(name)\"" } ?? name }

    /// As people name it: `core`, `remote.backup`.
    package var dotted: String { kind.map { "\($0).\(name)" } ?? name }
}

/// The name of a setting: `core.autostage`, `remote.backup.url`.
package struct ConfigName: Sendable, Hashable {
    /// The section it is in.
    package let section: ConfigSection
    /// The key there.
    package let key: String

    /// A name from its parts.
    package init(_ section: ConfigSection, _ key: String) {
        self.section = section
        self.key = key.lowercased()
    }

    /// Reads a name that a person wrote; nil unless it has two parts, or three that begin with `remote` or `db`.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { $0.lowercased() }
        if parts.count == 3, parts[0] == "remote" || parts[0] == "db" {
            self.init(ConfigSection(kind: parts[0], name: parts[1]), parts[2])
        } else if parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty {
            self.init(.plain(parts[0]), parts[1])
        } else {
            return nil
        }
    }

    /// As people write it.
    package var dotted: String { "\(section.dotted).\(key)" }
}
