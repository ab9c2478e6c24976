// SPDX-License-Identifier: Apache-2.0

import Files
package import HTTPTransport
package import SystemPackage

/// A file or folder of this machine, or a file behind HTTP, to be copied without a repository.
package struct PlainSource: Sendable {
    private let address: String
    private let folder: FilePath
    private let client: HTTPTransportClient

    /// A source; nothing is looked at.
    package init(_ address: String, from folder: FilePath, client: HTTPTransportClient) {
        self.address = address
        self.folder = folder
        self.client = client
    }

    /// Copies it; the copy appears whole.
    ///
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite`, `.missingContent`, `.invalidPath` for addresses of other kinds.
    package func copy(to target: FilePath, force: Bool) async throws {
        try DataImporter.checkScheme(address)
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
        if address.contains("://"), !address.hasPrefix("file://") {
            try await HTTPOrigin(url: address, client: client).download(to: building)
        } else {
            let path = address.hasPrefix("file://") ? String(address.dropFirst("file://".count)) : address
            try await copyFiles(folder.pushing(FilePath(path)).lexicallyNormalized(), to: building)
        }
        try await BlockingPool.shared.run {
            if force { try FileSystem.removeTree(target) }
            try FileSystem.rename(building, to: target)
            try FileSystem.syncDirectory(parent)
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
