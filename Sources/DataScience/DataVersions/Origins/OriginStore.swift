// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// A place where the contents of a repository's data may be.
package enum OriginStore: Sendable {
    /// A cache, or a remote that is a folder.
    case folder(FilePath)
    /// A remote behind HTTP, to read from.
    case http(String)
    /// A remote of another kind, which somebody else knows how to read.
    case other(RemoteSettings)

    /// The stores of a repository, the nearest first.
    ///
    /// - Parameters:
    ///   - origin: The repository.
    ///   - remote: A remote of it in place of its default.
    /// - Returns: The stores.
    /// - Throws: ``DataVersionsError`` `.notConfigured` if there is no such remote.
    static func all(of origin: Origin, remote: String?) throws -> [OriginStore] {
        var stores: [OriginStore] = []
        if let local = origin.local {
            let cache = origin.config.value("cache", "dir").map { FilePath($0) }
            stores.append(.folder(cache ?? local.appending(".dvc").appending("cache")))
        }
        if let remote { return stores + [Self(try origin.config.remote(named: remote))] }
        let name = origin.config.defaultRemoteName
        return stores + origin.config.remotes.filter { $0.name == name || name == nil }.map { Self($0) }
    }

    private init(_ remote: RemoteSettings) {
        switch remote.scheme {
        case "": self = .folder(FilePath(remote.url))
        case "file", "local": self = .folder(FilePath(String(remote.url.dropFirst("\(remote.scheme)://".count))))
        case "http", "https": self = .http(String(remote.url.trimmingSuffix { $0 == "/" }))
        default: self = .other(remote)
        }
    }

    /// Where an object lies below the store.
    static func path(of md5: String, isLegacy: Bool) -> String {
        "\(isLegacy ? "" : "files/md5/")\(md5.prefix(2))/\(md5.dropFirst(2))"
    }
}
