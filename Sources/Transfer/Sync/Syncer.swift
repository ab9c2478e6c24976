// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
package import Registry
package import Tracking

/// Sends what a project has to a server that lacks it.
///
/// The server remembers what it has by fingerprints, so what did not change costs a few bytes, and nothing is kept here. Each
/// request is whole or not at all, and saying it again changes nothing: a sync that ended anywhere is run again.
package struct Syncer: Sendable {
    /// What is sent, and how.
    package struct Options: Sendable {
        /// Only this experiment, by name.
        package var experiment: String?
        /// Only this run, by id.
        package var run: String?
        /// Only looks what would be sent.
        package var isDryRun = false

        /// Everything, for real.
        package init() {}

        var isPart: Bool { experiment != nil || run != nil }
    }

    /// How many runs are sent at the same time: they share transactions, and wait for the server together.
    static let width = 6

    let tracking: TrackingService
    let registry: RegistryService
    let source: String
    let options: Options
    let progress: @Sendable (TransferProgress) -> Void

    /// A sync of a project.
    ///
    /// - Parameters:
    ///   - tracking: Its runs.
    ///   - registry: Its registered models.
    ///   - source: The name under which the server remembers it, of ``SyncSource``.
    ///   - options: What is sent, and how.
    ///   - progress: Hears of steps forward.
    package init(
        tracking: TrackingService,
        registry: RegistryService,
        source: String,
        options: Options = Options(),
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) {
        self.tracking = tracking
        self.registry = registry
        self.source = source
        self.options = options
        self.progress = progress
    }

    /// Sends what the server lacks.
    ///
    /// - Throws: ``TransferError`` `.refused` if nobody answers there, or something else than a Gyre that takes it; what the
    ///   server does not take of it alone is in the report.
    package func run(_ address: SyncAddress) async throws -> SyncReport {
        let calls = SyncCalls(url: address.url, token: address.token)
        do {
            let report = try await run(calls)
            await calls.client.shutdown()
            return report
        } catch {
            await calls.client.shutdown()
            throw error
        }
    }

    private func run(_ calls: SyncCalls) async throws -> SyncReport {
        try await SyncPeer(calls: calls).check()
        let session = SyncSession(
            syncer: self,
            calls: calls,
            notes: SyncNotes(SyncReport(url: calls.url, isDryRun: options.isDryRun))
        )
        let experiments = try await chosen()
        if let id = options.run {
            progress(.begin(runs: 1))
            try await session.send(experiments)
            let run = try await tracking.run(id: id)
            let experiment = try await tracking.experiment(id: run.experimentID)
            try await session.send([run], of: experiment.name)
        } else {
            let counts = try await tracking.runCounts()
            progress(.begin(runs: experiments.reduce(0) { $0 + (counts[$1.id]?.runs ?? 0) }))
            try await session.send(experiments)
            for experiment in experiments { try await session.sendModels(of: experiment) }
            for experiment in experiments { try await session.sendRuns(of: experiment) }
        }
        try await session.sendRegistry(of: Set(experiments.map(\.id)))
        return session.notes.current
    }

    /// The experiments that are sent; deleted ones too, because their runs may be there.
    private func chosen() async throws -> [Experiment] {
        if let id = options.run {
            return [try await tracking.experiment(id: try await tracking.run(id: id).experimentID)]
        }
        if let name = options.experiment {
            return [try await tracking.experiment(meant: name, view: .activeOnly)]
        }
        var result: [Experiment] = []
        var token: PageToken?
        repeat {
            let page = try await tracking.searchExperiments(view: .all, after: token)
            result += page.items
            token = page.next
        } while token != nil
        return result.reversed()
    }
}

/// A sync under way.
struct SyncSession: Sendable {
    let syncer: Syncer
    let calls: SyncCalls
    let notes: SyncNotes

    var tracking: TrackingService { syncer.tracking }
    var registry: RegistryService { syncer.registry }
    var isDryRun: Bool { syncer.options.isDryRun }

    /// The names of those items that the server lacks, or has with other content.
    func lacking(_ items: [SyncItem], _ kind: SyncKind) async throws -> Set<String> {
        guard !items.isEmpty else { return [] }
        let answer = try await calls.post("lacking") { body in
            body.field("source", syncer.source)
            body.field("kind", kind.rawValue)
            body.key("items")
            body.array { body in
                for item in items {
                    body.array { body in
                        body.string(item.name)
                        body.string(item.fingerprint)
                    }
                }
            }
        }
        return Set(try answer.texts("lacking"))
    }

    /// Sends a document, and returns what became of it.
    func take(_ route: String, _ write: (inout JSONWriter) -> Void) async throws -> Adopted.Outcome? {
        let answer = try await calls.post(route) { body in
            body.field("source", syncer.source)
            if isDryRun { body.field("dry_run", true) }
            write(&body)
        }
        return answer.optional("outcome").flatMap(Adopted.Outcome.init(rawValue:))
    }

    /// Does `body`, and notes if the server does not take it.
    ///
    /// - Returns: Whether it does.
    @discardableResult
    func noting(_ kind: TransferCounts.Kind, _ what: String, _ body: () async throws -> Void) async throws -> Bool {
        do {
            try await body()
            return true
        } catch let refusal as SyncRefusal {
            notes.refuse(kind, what, refusal.why, refusal.next)
            return false
        }
    }

    // MARK: Experiments

    /// Sends experiments in use: others may log into one that was deleted here.
    func send(_ experiments: [Experiment]) async throws {
        let active = experiments.filter { $0.stage == .active }
        for start in stride(from: 0, to: active.count, by: SyncWire.itemLimit) {
            let part = active[start..<min(start + SyncWire.itemLimit, active.count)].map { experiment in
                ExperimentRecord(
                    name: experiment.name,
                    artifactLocation: SyncPlace.foreign(experiment.artifactLocation),
                    createdMs: experiment.createdMs,
                    updatedMs: experiment.updatedMs,
                    tags: experiment.tags
                )
            }
            let items = part.map { record in
                SyncItem(name: record.name, fingerprint: Fingerprint("experiment") { record.write(into: &$0) }.text)
            }
            let lacking = try await lacking(items, .experiment)
            for (record, item) in zip(part, items) {
                guard lacking.contains(item.name) else {
                    notes.note(.experiments, .unchanged)
                    continue
                }
                try await noting(.experiments, "experiment `\(record.name.prefix(100))`") {
                    let outcome = try await take("experiments") { body in
                        body.key("experiment")
                        record.write(into: &body)
                        body.field("fingerprint", item.fingerprint)
                    }
                    notes.note(.experiments, outcome ?? .unchanged)
                }
            }
        }
    }
}
