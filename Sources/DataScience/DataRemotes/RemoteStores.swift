// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Files
import ObjectStorage
import SystemPackage

extension OtherStores {
    /// Stores that the remotes' own code reads.
    package static func remotes(_ surroundings: DataRemote.Surroundings) -> OtherStores {
        let opened = OpenedRemotes(surroundings)
        return OtherStores(
            find: { try await opened.find($0) },
            read: { try await opened.remote($0).read($1, to: $2) }
        )
    }
}

extension DataRemote {
    /// Reads an object into a file of its own; false if it is not there.
    func read(_ key: String, to file: FilePath) async throws -> Bool {
        let folder = file.removingLastComponent()
        let batch = try await BlockingPool.shared.run {
            try FileBatch(root: folder, permissions: [.ownerReadWrite, .groupRead, .otherRead], isDurable: false)
        }
        do {
            _ = try await storage.receive(key, into: batch, as: file, md5: nil)
        } catch let error as DataRemotesError where error.code == .missingContent {
            return false
        }
        try await BlockingPool.shared.run { try batch.finish() }
        return true
    }
}

/// Remotes that were opened once, with the credentials that they found.
private actor OpenedRemotes {
    private let surroundings: DataRemote.Surroundings
    private var remotes: [String: DataRemote] = [:]

    init(_ surroundings: DataRemote.Surroundings) { self.surroundings = surroundings }

    func remote(_ settings: RemoteSettings) throws -> DataRemote {
        let name = "\(settings.name) \(settings.url)"
        if let known = remotes[name] { return known }
        let remote = try DataRemote.open(settings, jobs: nil, surroundings)
        remotes[name] = remote
        return remote
    }

    /// What lies at the URL of a bucket or of something in it.
    func find(_ place: RemoteSettings) async throws -> OtherStores.Found? {
        guard let parsed = S3Settings(url: place.url) else {
            throw DataRemote.unsupported(place, "reading from `\(place.url)`")
        }
        let parts = parsed.prefix.split(separator: "/")
        let name = parts.last.map(String.init) ?? ""
        var keys = place.keys
        keys["url"] = (["s3:/", parsed.bucket] + parts.dropLast().map(String.init)).joined(separator: "/")
        let parent = RemoteSettings(name: place.name, keys: keys)
        let store = try BucketSettings(parent, surroundings).store()
        if !name.isEmpty, let info = try await store.info(try ObjectKey(name)) {
            let entry = OtherStores.Entry(key: name, path: "", size: info.sizeInBytes, tag: info.entityTag)
            return OtherStores.Found(store: parent, isDirectory: false, entries: [entry])
        }
        let start = name.isEmpty ? "" : name + "/"
        let found = Gathered()
        try await store.scan(start) { infos in
            // What ends with a slash stands for a folder in some tools, and has no content.
            await found.add(
                infos.filter { !$0.key.text.hasSuffix("/") }.map { info in
                    let path = String(info.key.text.dropFirst(start.count))
                    return OtherStores.Entry(
                        key: info.key.text,
                        path: path,
                        size: info.sizeInBytes,
                        tag: info.entityTag
                    )
                }
            )
        }
        let entries = await found.entries
        return entries.isEmpty ? nil : OtherStores.Found(store: parent, isDirectory: true, entries: entries)
    }

    private actor Gathered {
        var entries: [OtherStores.Entry] = []
        func add(_ more: [OtherStores.Entry]) { entries += more }
    }
}
