// SPDX-License-Identifier: Apache-2.0

import DataRemotes
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
    /// Reads remotes and stores that the data room itself does not know.
    let others: OtherStores

    /// Calls `body` with a session whose connections are closed afterwards.
    static func with<Result>(_ body: (OriginSession) async throws -> Result) async throws -> Result {
        try await HTTPTransportClient.with { client in
            try await body(OriginSession(client))
        }
    }

    /// A session by a client that outlives it.
    init(_ client: HTTPTransportClient) {
        self.client = client
        let temporary = Session.environment["TMPDIR"].map { FilePath($0) } ?? "/tmp"
        clones = OriginClones.shared(user: getuid(), temporary: temporary)
        others = .remotes(
            DataRemote.Surroundings(environment: Session.environment, http: client) { Session.now() / 1_000 }
        )
    }

    func contents(of origin: Origin, remote: String? = nil, cache: ContentCache? = nil) throws -> OriginContents {
        try OriginContents(of: origin, remote: remote, cache: cache, client: client, others: others)
    }

    /// An importer into the project that the command works in.
    func importer(_ data: DataRepository, _ common: CommonOptions, _ bar: FilesBar) -> DataImporter {
        DataImporter(into: data, clones: clones, client: client, folder: common.folder, others: others) {
            bar.progress($0, $1)
        }
    }
}
