// SPDX-License-Identifier: Apache-2.0

import DataVersions
import HTTPTransport
import SystemPackage
import Terminal

#if canImport(Glibc)
import Glibc
#endif

/// What verbs need that take data from elsewhere.
struct OriginSession: Sendable {
    let clones: OriginClones
    let client: HTTPTransportClient
    /// Reads remotes that the data room itself does not know.
    let readOther: OriginContents.OtherRemotes?

    /// Calls `body` with a session whose connections are closed afterwards.
    static func with<Result>(_ body: (OriginSession) async throws -> Result) async throws -> Result {
        try await HTTPTransportClient.with { client in
            let temporary = Session.environment["TMPDIR"].map { FilePath($0) } ?? "/tmp"
            let clones = OriginClones.shared(user: getuid(), temporary: temporary)
            return try await body(OriginSession(clones: clones, client: client, readOther: nil))
        }
    }

    func contents(of origin: Origin, remote: String? = nil, cache: ContentCache? = nil) throws -> OriginContents {
        try OriginContents(of: origin, remote: remote, cache: cache, client: client, readOther: readOther)
    }

    /// An importer into the project that the command works in.
    func importer(_ data: DataRepository, _ common: CommonOptions, _ bar: FilesBar) -> DataImporter {
        DataImporter(into: data, clones: clones, client: client, folder: common.folder) { bar.progress($0, $1) }
    }
}
