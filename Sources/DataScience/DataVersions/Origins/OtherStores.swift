// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// Reads stores that are neither a folder nor behind HTTP, such as `s3://…`; this room does not know how.
package struct OtherStores: Sendable {
    /// An object that was found.
    package struct Entry: Sendable {
        /// Its path below the store.
        package let key: String
        /// Its path from the folder that was asked for; empty if that is the object itself.
        package let path: String
        /// Its size in bytes.
        package let size: Int64
        /// What the store calls its content.
        package let tag: String?

        /// An entry.
        package init(key: String, path: String, size: Int64, tag: String?) {
            (self.key, self.path, self.size, self.tag) = (key, path, size, tag)
        }
    }

    /// What lies at an address: the store, and the object, or all objects of a folder.
    package struct Found: Sendable {
        /// The store that the keys belong to.
        package let store: RemoteSettings
        /// Whether it is a folder.
        package let isDirectory: Bool
        /// The objects.
        package let entries: [Entry]

        /// What was found.
        package init(store: RemoteSettings, isDirectory: Bool, entries: [Entry]) {
            (self.store, self.isDirectory, self.entries) = (store, isDirectory, entries)
        }
    }

    /// Looks what lies at a store's URL; nil if nothing does.
    let find: @Sendable (_ place: RemoteSettings) async throws -> Found?
    /// Reads an object into a file; false if it is not there.
    let read: @Sendable (_ store: RemoteSettings, _ key: String, _ file: FilePath) async throws -> Bool

    /// Stores by what reads them.
    package init(
        find: @escaping @Sendable (_ place: RemoteSettings) async throws -> Found?,
        read: @escaping @Sendable (_ store: RemoteSettings, _ key: String, _ file: FilePath) async throws -> Bool
    ) {
        self.find = find
        self.read = read
    }

    /// What lies at an address.
    ///
    /// - Throws: ``DataVersionsError`` `.missingContent` if nothing does.
    func content(_ address: String, at place: RemoteSettings) async throws -> Found {
        guard let found = try await find(place) else {
            throw DataVersionsError(
                .missingContent,
                what: "cannot take `\(address)`",
                why: "there is no such object or folder",
                next: "look at the address"
            )
        }
        return found
    }

    /// Reads an object that was found.
    ///
    /// - Throws: ``DataVersionsError`` `.changed` if it is gone by now.
    func download(_ entry: Entry, of found: Found, to file: FilePath) async throws {
        guard try await read(found.store, entry.key, file) else {
            throw DataVersionsError(
                .changed,
                what: "cannot take `\(found.store.url)/\(entry.key)`",
                why: "it was removed meanwhile",
                next: "run it again"
            )
        }
    }
}

/// What an address outside of repositories names.
enum ForeignPlace {
    /// A file or folder of this machine.
    case local(String)
    /// A file behind `http` or `https`.
    case web(String)
    /// Something in a store that others read.
    case store(RemoteSettings)

    /// Understands an address.
    ///
    /// - Parameters:
    ///   - address: A path, or a URL; `remote://name/path` is below a remote of the config.
    ///   - config: The project's settings; nil outside of projects.
    /// - Throws: ``DataVersionsError`` `.invalidPath` for other schemes, `.notConfigured` for a remote that is not there.
    init(_ address: String, _ config: RepositoryConfig?) throws {
        guard let end = address.firstRange(of: "://") else {
            self = .local(address)
            return
        }
        let rest = address[end.upperBound...]
        switch address[..<end.lowerBound].lowercased() {
        case "file", "local": self = .local(String(rest))
        case "http", "https": self = .web(address)
        case "s3": self = .store(RemoteSettings(name: address, keys: ["url": address]))
        case "remote":
            let name = rest.prefix { $0 != "/" }
            guard let config else { throw Self.refusal(address, "there is no project here whose remotes count") }
            var keys = try config.remote(named: String(name)).keys
            let url = String((keys["url"] ?? "").trimmingSuffix { $0 == "/" } + rest.dropFirst(name.count))
            keys["url"] = url
            // Its own scheme says what it is.
            let place = try Self(url, config)
            if case .store = place {
                self = .store(RemoteSettings(name: String(name), keys: keys))
            } else {
                self = place
            }
        case let scheme:
            throw Self.refusal(
                address,
                "addresses that begin with `\(scheme)://` are not supported; files, `http`, `https`, `s3` and `remote` are"
            )
        }
    }

    private static func refusal(_ address: String, _ why: String) -> DataVersionsError {
        DataVersionsError(
            .invalidPath,
            what: "cannot import `\(address)`",
            why: why,
            next: "copy it here, and run `gyre add`"
        )
    }
}
