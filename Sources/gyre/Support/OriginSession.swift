// SPDX-License-Identifier: Apache-2.0

import DataRemotes
import DataVersions
import HTTPTransport
import Pipelines
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
            let trusting = TrustingClients { HTTPTransportClient(stall: .seconds(60), trust: $0) }
            let surroundings = DataRemote.Surroundings(
                environment: Session.environment,
                http: client,
                trusting: trusting
            ) { Session.now() / 1_000 }
            do {
                let result = try await body(OriginSession(client, surroundings))
                await trusting.shutdown()
                return result
            } catch {
                await trusting.shutdown()
                throw error
            }
        }
    }

    /// A session by a client that outlives it.
    init(_ client: HTTPTransportClient, _ surroundings: DataRemote.Surroundings) {
        self.client = client
        let temporary = Session.environment["TMPDIR"].map { FilePath($0) } ?? "/tmp"
        clones = OriginClones.shared(user: getuid(), temporary: temporary)
        others = .remotes(surroundings)
    }

    func contents(of origin: Origin, remote: String? = nil, cache: ContentCache? = nil) throws -> OriginContents {
        try OriginContents(of: origin, remote: remote, cache: cache, client: client, others: others)
    }

    /// An importer into the project that the command works in.
    func importer(_ data: DataRepository, _ common: CommonOptions, _ bar: FilesBar) -> DataImporter {
        DataImporter(
            into: data,
            clones: clones,
            stages: .ofPipelines,
            client: client,
            folder: common.folder,
            others: others
        ) { bar.progress($0, $1) }
    }
}
