// SPDX-License-Identifier: Apache-2.0

import Files
package import HTTPTransport
package import SystemPackage

/// A file or folder of this machine, or a file behind HTTP, to be copied without a repository.
package struct PlainSource: Sendable {
    private let address: String
    private let folder: FilePath
    private let client: HTTPTransportClient
    private let others: OtherStores?
    private let config: RepositoryConfig?

    /// A source; nothing is looked at.
    ///
    /// - Parameters:
    ///   - address: A path, or a URL.
    ///   - folder: The folder that a relative path begins at.
    ///   - client: Fetches what is behind HTTP.
    ///   - others: Reads stores of other kinds.
    ///   - config: The settings whose remotes `remote://…` means; nil outside of projects.
    package init(
        _ address: String,
        from folder: FilePath,
        client: HTTPTransportClient,
        others: OtherStores? = nil,
        config: RepositoryConfig? = nil
    ) {
        self.address = address
        self.folder = folder
        self.client = client
        self.others = others
        self.config = config
    }

    /// Copies it; the copy appears whole.
    ///
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite`, `.missingContent`, `.invalidPath` for addresses of other kinds.
    package func copy(to target: FilePath, force: Bool) async throws {
        let source = try ForeignPlace(address, config)
        try Origin.checkFree(target, force)
        let parent = target.removingLastComponent()
        try FileSystem.createDirectory(parent)
        let building = parent.appending(
            ".\(target.lastComponent?.string ?? "data").\(UInt64.random(in: .min ... .max))"
        )
        defer {
            // What was renamed is gone from here.
            try? FileSystem.removeTree(building)
        }
        switch source {
        case .web(let url): try await HTTPOrigin(url: url, client: client).download(to: building)
        case .local(let path):
            try await copyFiles(folder.pushing(FilePath(path)).lexicallyNormalized(), to: building)
        case .store(let place): try await download(place, to: building)
        }
        try await BlockingPool.shared.run {
            if force { try FileSystem.removeTree(target) }
            try FileSystem.rename(building, to: target)
            try FileSystem.syncDirectory(parent)
        }
    }

    private func download(_ place: RemoteSettings, to building: FilePath) async throws {
        guard let others else {
            throw DataVersionsError(.invalidPath, what: "cannot copy `\(address)`", why: "nobody here reads it")
        }
        let found = try await others.content(address, at: place)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, entry) in found.entries.enumerated() {
                if index >= Origin.width { try await group.next() }
                group.addTask {
                    let file = entry.path.isEmpty ? building : building.pushing(FilePath(entry.path))
                    try FileSystem.createDirectory(file.removingLastComponent())
                    try await others.download(entry, of: found, to: file)
                }
            }
            try await group.waitForAll()
        }
    }

    private func copyFiles(_ place: FilePath, to building: FilePath) async throws {
        guard let found = try await ForeignData.paths(place) else {
            throw DataVersionsError(
                .missingContent,
                what: "cannot copy `\(address)`",
                why: "there is no such file or folder",
                next: "look at the path"
            )
        }
        try await BlockingPool.shared.run {
            guard found.isDirectory else { return }
            try FileSystem.createDirectory(building)
            for path in found.paths {
                try FileSystem.createDirectory(building.pushing(FilePath(path)).removingLastComponent())
            }
        }
        _ = try await BlockingPool.shared.map(found.paths) { path, flag in
            try flag.check()
            let (source, copy) =
                path.isEmpty ? (place, building) : (place.pushing(FilePath(path)), building.pushing(FilePath(path)))
            _ = try FileCopy.place(source, at: copy)
        }
    }
}
