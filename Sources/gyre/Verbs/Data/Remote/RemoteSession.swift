// SPDX-License-Identifier: Apache-2.0

import DataRemotes
import DataVersions
import Diagnostics
import HTTPTransport
import JSONText
import Synchronization
import Terminal

/// What verbs need that move data between the cache and remotes.
struct RemoteSession: Sendable {
    let repository: DataRepository
    let output: Output
    private let common: CommonOptions
    private let http: HTTPTransportClient
    private let surroundings: DataRemote.Surroundings
    private let options: (remote: String?, jobs: Int?)

    /// Opens the repository, works, and closes the connections.
    static func with<Result>(
        _ common: CommonOptions,
        _ remote: RemoteOptions,
        _ body: (RemoteSession) async throws -> Result
    ) async throws -> Result {
        try await with(common, remote: remote.remote, jobs: remote.jobs, body)
    }

    /// As above, with a remote by name; nil for the default one.
    static func with<Result>(
        _ common: CommonOptions,
        remote: String?,
        jobs: Int?,
        _ body: (RemoteSession) async throws -> Result
    ) async throws -> Result {
        let repository = try common.data()
        let http = HTTPTransportClient(connectionsPerHost: max(64, jobs ?? 0), stall: .seconds(60))
        let trusting = TrustingClients { trust in
            HTTPTransportClient(connectionsPerHost: max(64, jobs ?? 0), stall: .seconds(60), trust: trust)
        }
        let surroundings = DataRemote.Surroundings(environment: Session.environment, http: http, trusting: trusting) {
            Session.now() / 1_000
        }
        let session = RemoteSession(
            repository: repository,
            output: common.output,
            common: common,
            http: http,
            surroundings: surroundings,
            options: (remote, jobs)
        )
        do {
            let result = try await body(session)
            await trusting.shutdown()
            await http.shutdown()
            return result
        } catch {
            await trusting.shutdown()
            await http.shutdown()
            throw error
        }
    }

    var cache: LocalObjects { LocalObjects(of: repository) }

    /// The remote that was named, or the default one.
    func remote() throws -> DataRemote { try remote(named: options.remote) }

    /// A remote; nil for the default one.
    func remote(named name: String?) throws -> DataRemote {
        let config = repository.config
        let settings = try name.map { try config.remote(named: $0) } ?? config.defaultRemote
        return try DataRemote.open(settings, jobs: options.jobs, surroundings)
    }

    /// Outputs by the remotes that they belong to, for pushing or fetching.
    ///
    /// An output with a remote of its own is passed over if another one is named.
    func byRemote(
        _ outputs: [SelectedOutput],
        where isWanted: (UsedOutput) -> Bool
    ) throws -> [(remote: DataRemote, outputs: [SelectedOutput])] {
        var groups: [String?: [SelectedOutput]] = [:]
        for selected in outputs where isWanted(selected.output) {
            let own = selected.output.remote?.lowercased()
            if let own, let named = options.remote?.lowercased(), named != own { continue }
            groups[own ?? options.remote, default: []].append(selected)
        }
        // Without data too: a remote that is not there is an error at once, and not with the first file.
        let needsNone = options.remote == nil && outputs.contains(where: \.output.isForeign)
        if groups.isEmpty, !needsNone { groups[options.remote] = [] }
        return try groups.sorted { ($0.key ?? "") < ($1.key ?? "") }.map { (try remote(named: $0.key), $0.value) }
    }

    /// A reader of the data that a scope names.
    var reader: ScopeReader { reader(of: repository) }

    /// A reader of the data of another project.
    func reader(of repository: DataRepository) -> ScopeReader {
        ScopeReader(repository, OutputSources.all(of: repository)) { [output] in output.warning($0) }
    }

    /// What brings imported data from where it came from.
    func importer(_ bar: FilesBar) -> DataImporter {
        OriginSession(http, surroundings).importer(repository, common, bar)
    }

    /// A watch with a bar, and what ends the bar.
    func watch(_ title: String) -> (watch: TransferWatch, finish: @Sendable () -> Void) {
        let bar = Mutex<ProgressBar?>(nil)
        let shared = Shared(bar)
        let output = output
        let watch = TransferWatch(
            begin: { count in
                guard count > 0 else { return }
                shared.bar.withLock { $0 = output.bar(title, total: count) }
            },
            advance: { _ in shared.bar.withLock { $0 }?.advance() },
            warn: { output.warning($0) }
        )
        return (watch, { shared.bar.withLock { $0.take() }?.finish() })
    }

    /// A mutex that closures share.
    private final class Shared: Sendable {
        let bar: Mutex<ProgressBar?>
        init(_ bar: consuming Mutex<ProgressBar?>) { self.bar = bar }
    }
}

/// The numbers of a transfer, for people and programs.
struct TransferText {
    let report: TransferReport
    /// `pushed` or `fetched`.
    let verb: String

    var line: String? {
        guard report.moved > 0 else { return nil }
        return "\(report.moved) file\(report.moved == 1 ? "" : "s") \(verb)"
    }

    func write(into writer: inout JSONWriter) {
        writer.field(verb, Int64(report.moved))
        writer.field("bytes", report.bytes)
        writer.key("missing")
        writer.array { writer in
            for object in report.missing {
                writer.object { writer in
                    writer.field("path", object.name)
                    writer.field("md5", object.md5)
                }
            }
        }
    }

    /// Throws if not all got through.
    func check(allowsMissing: Bool = false) throws {
        let word = verb == "pushed" ? "push" : "fetch"
        if let (name, error) = report.failed.first {
            let count = report.failed.count
            throw DataRemotesError(
                .failed,
                what: "cannot \(word) `\(name)`" + (count > 1 ? " and others" : ""),
                why: (error as? any Explained)?.why ?? "\(error)",
                next: (error as? any Explained)?.next ?? "run it again: it goes on where it was",
                cause: error
            )
        }
        guard !allowsMissing, let first = report.missing.first else { return }
        let rest = report.missing.count - 1
        throw DataRemotesError(
            .missingContent,
            what: "cannot \(word) `\(first.name)`" + (rest > 0 ? " and \(rest) more" : ""),
            why: "neither the cache nor the remote has its content (MD5 \(first.md5))",
            next: "run `gyre push` where it is, or `gyre add` where the data is still there"
        )
    }
}
