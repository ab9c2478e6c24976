// SPDX-License-Identifier: Apache-2.0

package import Database
import Diagnostics
package import NIOCore
import ObjectStorage
package import Registry
package import Tracking

/// The side of a sync that is merged into.
///
/// Each call is whole or not at all, and saying it again changes nothing; so a sync may end anywhere and be run again.
package struct SyncReceiver: Sendable {
    private let tracking: TrackingService
    private let registry: RegistryService
    private let marks: SyncMarks

    /// A receiver over the rooms of a project, whose database has the tables of ``migrations``.
    package init(database: SQLDatabase, tracking: TrackingService, registry: RegistryService) {
        self.tracking = tracking
        self.registry = registry
        marks = SyncMarks(database: database)
    }

    /// The names of what this side lacks, or has with other content.
    package func lacking(_ items: [SyncItem], _ kind: SyncKind, from source: String) async throws -> [String] {
        try await marks.lacking(items, kind, from: source)
    }

    // MARK: Experiments, runs and logged models

    /// Merges an experiment.
    ///
    /// - Parameters:
    ///   - record: The experiment.
    ///   - fingerprint: Of its content, which is remembered; nil only looks what would be done.
    ///   - source: Where it comes from.
    /// - Returns: What became of it.
    /// - Throws: ``TrackingError`` `.invalidParameter` for a name or value that breaks a rule.
    package func take(
        _ record: ExperimentRecord,
        fingerprint: String?,
        from source: String
    ) async throws -> Adopted.Outcome {
        guard let fingerprint else {
            return try await tracking.experiment(named: record.name) == nil ? .added : .unchanged
        }
        let outcome = try await tracking.adopt(record).outcome
        try await remember(record.name, fingerprint, .experiment, from: source)
        return outcome
    }

    /// Merges a run, whose points and files come on their own.
    ///
    /// - Parameters:
    ///   - record: The run, with its experiment's name in place of the id.
    ///   - isComplete: Whether its points and files are here by now; while they are still to come, a run that is over goes on.
    ///   - fingerprint: Of its content, points and files too, to remember; nil for nothing.
    ///   - source: Where it comes from.
    /// - Returns: What became of it.
    /// - Throws: ``TrackingError`` `.alreadyExists` if a parameter has another value here, `.invalidState` if its experiment is
    ///   deleted here.
    package func take(
        _ record: RunRecord,
        isComplete: Bool,
        fingerprint: String?,
        from source: String
    ) async throws -> Adopted.Outcome {
        let home = try await home(record.experimentID, of: "run \(record.id)")
        var record = record
        record.experimentID = home.id
        if record.artifactURI == nil { record.artifactURI = place("\(home.id)/\(record.id)/artifacts", home) }
        if !isComplete, [.finished, .failed, .killed].contains(record.status) {
            (record.status, record.endMs) = (.running, nil)
        }
        let outcome = try await tracking.adopt(record).outcome
        try await remember(record.id, fingerprint, .run, from: source)
        return outcome
    }

    /// What ``take(_:isComplete:fingerprint:from:)-(RunRecord,_,_,_)`` would do.
    package func wouldTake(_ record: RunRecord) async throws -> Adopted.Outcome {
        try await tracking.adoption(of: record)
    }

    /// Deletes a run that was deleted where it comes from; nil if it is not here.
    package func takeDeletion(
        ofRun id: String,
        fingerprint: String?,
        from source: String
    ) async throws -> Adopted.Outcome? {
        guard Rules.isID(id[...]) else { throw SyncWire.missing("run") }
        guard let fingerprint else {
            let known = try await tracking.searchRuns(RunSearch(filter: "attributes.run_id = '\(id)'", view: .all))
            return known.first.map { $0.stage == .active ? .grown : .unchanged }
        }
        let outcome = try await tracking.adoptDeletion(ofRun: id)
        try await remember(id, fingerprint, .run, from: source)
        return outcome
    }

    /// Remembers what came, so that it need not come again; nothing without a fingerprint.
    private func remember(_ name: String, _ fingerprint: String?, _ kind: SyncKind, from source: String) async throws {
        guard let fingerprint else { return }
        try await marks.put(SyncItem(name: name, fingerprint: fingerprint), kind.rawValue, from: source)
    }

    /// What a run has of some metrics.
    package func historyStates(run: String, keys: [String]) async throws -> [String: HistoryState] {
        try await tracking.historyStates(run: run, keys: keys)
    }

    /// Merges points of a run, and says how many were new.
    package func take(_ histories: [(key: String, points: [MetricPoint])], run: String) async throws -> Int {
        try await tracking.mergeHistories(histories, run: run)
    }

    /// Merges a logged model, whose files and measured values come on their own.
    ///
    /// - Parameters:
    ///   - record: The model, with its experiment's name in place of the id.
    ///   - isComplete: Whether its files and measured values are here by now; while they are still to come, it is pending.
    ///   - fingerprint: Of its content, files and measured values too, to remember; nil for nothing.
    ///   - source: Where it comes from.
    /// - Returns: What became of it.
    /// - Throws: ``TrackingError`` `.invalidParameter` for a value that breaks a rule or a parameter of another value.
    package func take(
        _ record: ModelRecord,
        isComplete: Bool,
        fingerprint: String?,
        from source: String
    ) async throws -> Adopted.Outcome {
        let home = try await home(record.experimentID, of: "logged model \(record.id)")
        var record = record
        record.experimentID = home.id
        if record.artifactURI == nil { record.artifactURI = place("\(home.id)/models/\(record.id)/artifacts", home) }
        if !isComplete { record.status = .pending }
        let outcome = try await tracking.adopt(record).outcome
        try await remember(record.id, fingerprint, .model, from: source)
        return outcome
    }

    /// What ``take(_:isComplete:fingerprint:from:)-(ModelRecord,_,_,_)`` would do.
    package func wouldTake(_ record: ModelRecord) async throws -> Adopted.Outcome {
        do {
            _ = try await tracking.artifactURI(ofModel: record.id)
            return .grown
        } catch let error as TrackingError where error.code == .notFound {
            return .added
        }
    }

    /// Merges what was measured of a logged model, and says how much was new.
    package func take(_ metrics: [(metric: Metric, run: String)], model: String) async throws -> Int {
        try await tracking.mergeModelMetrics(metrics, model: model)
    }

    /// The experiment of that name, which is made if there is none.
    private func home(_ name: String, of what: String) async throws -> Experiment {
        let home = try await tracking.experiment(id: try await tracking.ensureExperiment(named: name))
        guard home.stage == .active else {
            throw TrackingError(
                .invalidState,
                what: "cannot take over the \(what)",
                why: "its experiment `\(name.prefix(100))` is deleted here",
                next: "restore the experiment on the server, or delete it where it comes from"
            )
        }
        return home
    }

    /// Where artefacts lie that come along, though those of their experiment stay elsewhere.
    private func place(_ path: String, _ home: Experiment) -> String? {
        SyncPlace.foreign(home.artifactLocation).map { _ in TrackingService.artifactScheme + path }
    }

    // MARK: Files

    /// Whose files they are.
    package enum Owner: Sendable, Hashable {
        case run(String)
        case model(String)
    }

    /// Those of the files that are here: with the digest if the size is the same, else without.
    package func files(
        of owner: Owner,
        _ files: [(path: String, size: Int64)]
    ) async throws -> [(path: String, digest: String?)] {
        let prefix = try await prefix(of: owner)
        var result: [(path: String, digest: String?)] = []
        for (path, size) in files {
            let key = try ObjectKey("\(prefix)/\(path)")
            guard let info = try await tracking.artifacts.info(key) else { continue }
            guard info.sizeInBytes == size else {
                result.append((path, nil))
                continue
            }
            result.append((path, try await FileDigest.digest(of: key, in: tracking.artifacts)))
        }
        return result
    }

    /// Stores a file, if its content has the digest.
    ///
    /// - Throws: ``TransferError`` `.damaged` if it has another one; then what was there before is still there.
    package func take<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ body: Body,
        path: String,
        digest: String,
        of owner: Owner
    ) async throws {
        let key = try ObjectKey("\(try await prefix(of: owner))/\(path)")
        _ = try await tracking.artifacts.put(key, limit: nil, CheckedBody(body: body, digest: digest, path: path))
    }

    private func prefix(of owner: Owner) async throws -> String {
        let uri: String
        switch owner {
        case .run(let id): uri = try await tracking.run(id: id).artifactURI
        case .model(let id): uri = try await tracking.artifactURI(ofModel: id)
        }
        guard let prefix = TrackingService.artifactPrefix(of: uri), !prefix.isEmpty else {
            throw TrackingError(
                .invalidState,
                what: "cannot take files",
                why: "those of this run or model lie in `\(uri.prefix(200))`, which this server does not keep"
            )
        }
        return prefix
    }

    // MARK: The registry

    /// Whether a registered model is here.
    package func wouldTake(_ record: RegisteredModelRecord) async throws -> Adopted.Outcome {
        do {
            _ = try await registry.model(named: record.name)
            return .unchanged
        } catch let error as RegistryError where error.code == .notFound {
            return .added
        }
    }

    /// Whether a version is here.
    package func wouldTake(_ record: ModelVersionRecord) async throws -> Adopted.Outcome {
        do {
            let old = try await registry.version(model: record.model, number: record.version)
            guard old.createdMs == record.createdMs else {
                throw RegistryError(
                    .alreadyExists,
                    what: "cannot take over version \(record.version) of `\(record.model)`",
                    why: "another version has that number here"
                )
            }
            return .unchanged
        } catch let error as RegistryError where error.code == .notFound {
            return .added
        }
    }

    /// Whether an alias is here.
    package func wouldTake(alias: String, of model: String, version: Int) async throws -> Adopted.Outcome {
        guard let old = try await registry.version(model: model, alias: alias) else { return .added }
        return old.version == version ? .unchanged : .grown
    }

    /// Merges a registered model; a fingerprint says that its versions and aliases are here by now.
    package func take(
        _ record: RegisteredModelRecord,
        fingerprint: String?,
        from source: String
    ) async throws -> Adopted.Outcome {
        let outcome = try await registry.adopt(record)
        try await remember(record.name, fingerprint, .registered, from: source)
        return outcome
    }

    /// Merges a version.
    ///
    /// - Throws: ``RegistryError`` `.alreadyExists` if another version has that number here.
    package func take(_ record: ModelVersionRecord, from place: SyncPlace) async throws -> Adopted.Outcome {
        var record = record
        switch place {
        case .run(let id, let path):
            record.source = try below(try await tracking.run(id: id).artifactURI, path)
        case .model(let id, let path):
            record.source = try below(try await tracking.artifactURI(ofModel: id), path)
        case .uri(let uri):
            let isKnown = ["models:/", "runs:/"].contains { uri.hasPrefix($0) }
            let isElsewhere = uri.contains("://") && !uri.hasPrefix("file:") && SyncPlace.foreign(uri) != nil
            guard isKnown || isElsewhere else {
                throw TransferError(
                    .wrongContent,
                    what: "cannot take over version \(record.version) of `\(record.model.prefix(100))`",
                    why: "its files are in `\(uri.prefix(200))`, which only the machine it comes from can read"
                )
            }
            record.source = uri
        }
        return try await registry.adopt(record)
    }

    private func below(_ uri: String, _ path: String) throws -> String {
        guard !path.isEmpty else { return uri }
        return "\(uri)/\(try ObjectKey(path).text)"
    }

    /// Moves an alias, if nobody else moved it since this source did; `champion` never.
    ///
    /// - Throws: ``RegistryError`` `.alreadyExists` if it points elsewhere here, and not where this source had it.
    package func take(
        alias: String,
        of model: String,
        version: Int,
        from source: String
    ) async throws -> Adopted.Outcome {
        guard alias != RegistryService.champion else {
            throw RegistryError(
                .notPassed,
                what: "cannot take over the alias `\(alias)` of `\(model)`",
                why: "services follow it, and a sync does not move it",
                next: "run `gyre promote` on the server"
            )
        }
        let (name, kind) = ("\(model)@\(alias)", "alias")
        let known = try await marks.fingerprint(name, kind, from: source)
        let old = alias.lowercased() == "latest" ? nil : try await registry.version(model: model, alias: alias)
        let outcome: Adopted.Outcome
        if let old, old.version != version, known == "\(old.version)" {
            try await registry.setAlias(model: model, alias: alias, version: version)
            outcome = .grown
        } else {
            outcome = try await registry.adoptAlias(model: model, alias: alias, version: version)
        }
        try await marks.put(SyncItem(name: name, fingerprint: "\(version)"), kind, from: source)
        return outcome
    }
}
