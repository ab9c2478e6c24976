// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ObjectStorage
package import Registry
import Synchronization
package import Tracking

/// Brings a source into a project.
///
/// What is here already stays; what grew since is topped up; so an import that was interrupted goes on where it was when it is
/// run again. A run is in one piece: if a part of its record is refused, nothing of it comes.
package struct Importer: Sendable {
    /// What is imported, and how.
    package struct Options: Sendable {
        /// Only these experiments, by name; empty for all.
        package var experiments: [String] = []
        /// Only looks what would be done.
        package var isDryRun = false

        /// Everything, for real.
        package init() {}
    }

    /// How many runs are brought at the same time: they share transactions, and wait for a server together.
    private static let width = 8

    let tracking: TrackingService
    let registry: RegistryService
    let options: Options
    let progress: @Sendable (TransferProgress) -> Void

    /// An import into a project.
    package init(
        tracking: TrackingService,
        registry: RegistryService,
        options: Options = Options(),
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) {
        self.tracking = tracking
        self.registry = registry
        self.options = options
        self.progress = progress
    }

    /// Imports what an address names.
    ///
    /// - Throws: ``TransferError`` if the source as a whole cannot be read; what cannot be read or taken of it alone is
    ///   in the report.
    package func run(_ address: ImportAddress) async throws -> ImportReport {
        let source = try await address.open()
        do {
            let report = try await run(source)
            await source.close()
            return report
        } catch {
            await source.close()
            throw error
        }
    }

    func run(_ source: any ImportSource) async throws -> ImportReport {
        let state = ImportState(isDryRun: options.isDryRun)
        let experiments = try chosen(try await source.experiments(), source.name)
        var homes: [(SourceExperiment, Adopted?)] = []
        for experiment in experiments {
            do {
                homes.append((experiment, try await adopt(experiment, state)))
            } catch let error as TrackingError {
                state.skip(.experiments, SkippedItem("experiment `\(experiment.record.name.prefix(100))`", error.why))
            }
        }
        let models = Mutex<[(run: String, metric: Metric)]>([])
        for (experiment, home) in homes {
            try await source.forEachModel(in: experiment) { model in
                try Task.checkCancellation()
                guard try await adopt(model, home, state) else { return }
                models.withLock { $0 += model.metrics }
            } skip: { item in
                state.skip(.models, item)
            }
        }
        progress(.begin(runs: try await source.runCount(in: homes.map(\.0))))
        for (experiment, home) in homes {
            try await runs(of: experiment, home, source, state)
        }
        try await measure(models.withLock { $0 }, state)
        try await source.forEachRegisteredModel { model in
            try Task.checkCancellation()
            try await adopt(model, state)
        } skip: { item in
            state.skip(.registeredModels, item)
        }
        return state.finished()
    }

    private func chosen(_ all: [SourceExperiment], _ source: String) throws -> [SourceExperiment] {
        guard !options.experiments.isEmpty else { return all }
        let names = all.map(\.record.name)
        for name in options.experiments where !names.contains(name) {
            throw TransferError(
                .notFound,
                what: "cannot import the experiment `\(name)`",
                why: "\(source) has none of that name",
                next: nearest(to: name, among: names).map { "did you mean `\($0)`?" }
            )
        }
        return all.filter { options.experiments.contains($0.record.name) }
    }

    // MARK: Parts

    /// Nil if the experiment is not here and would only be made.
    private func adopt(_ experiment: SourceExperiment, _ state: ImportState) async throws -> Adopted? {
        if options.isDryRun {
            let old = try await tracking.experiment(named: experiment.record.name)
            state.note(.experiments, old == nil ? .added : .unchanged)
            return old.map { Adopted(id: $0.id, outcome: .unchanged, artifactURI: $0.artifactLocation) }
        }
        let adopted = try await tracking.adopt(experiment.record)
        state.note(.experiments, adopted.outcome)
        return adopted
    }

    private func adopt(_ model: SourceModel, _ home: Adopted?, _ state: ImportState) async throws -> Bool {
        let what = "logged model \(model.record.id)"
        var record = model.record
        record.experimentID = home?.id ?? "0"
        if model.artifacts.forEach == nil, let uri = model.artifacts.uri {
            record.artifactURI = uri
        } else if let home {
            record.artifactURI = place("\(home.id)/models/\(record.id)/artifacts", home)
        }
        do {
            if options.isDryRun {
                let isHere = (try? await tracking.artifactURI(ofModel: record.id)) != nil
                state.note(.models, isHere ? .unchanged : .added)
                state.isNamed(model.artifacts.uri, "", model: record.id)
                return true
            }
            let adopted = try await tracking.adopt(record)
            state.note(.models, adopted.outcome)
            state.isNamed(model.artifacts.uri, adopted.artifactURI, model: record.id)
            try await copy(model.artifacts, to: adopted.artifactURI, what, state)
            return true
        } catch let error as TrackingError {
            state.skip(.models, SkippedItem(what, error.why))
            return false
        }
    }

    private func runs(
        of experiment: SourceExperiment,
        _ home: Adopted?,
        _ source: any ImportSource,
        _ state: ImportState
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            try await source.forEachRun(in: experiment) { run in
                try Task.checkCancellation()
                if running == Self.width {
                    try await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { try await adopt(run, home, source, state) }
            } skip: { item in
                state.skip(.runs, item)
            }
            try await group.waitForAll()
        }
    }

    private func adopt(
        _ run: SourceRun,
        _ home: Adopted?,
        _ source: any ImportSource,
        _ state: ImportState
    ) async throws {
        defer { progress(.runs(1)) }
        let what = "run \(run.id)"
        var record = run.record
        record.experimentID = home?.id ?? "0"
        if run.artifacts.forEach == nil, let uri = run.artifacts.uri {
            record.artifactURI = uri
        } else if let home {
            record.artifactURI = place("\(home.id)/\(record.id)/artifacts", home)
        }
        guard state.claims(run: record.id) else {
            return state.skip(.runs, SkippedItem(what, "the source has it twice"))
        }
        do {
            let adopted =
                options.isDryRun
                ? Adopted(id: record.id, outcome: try await tracking.adoption(of: record), artifactURI: "")
                : try await tracking.adopt(record)
            state.isNamed(run.artifacts.uri, adopted.artifactURI, run: record.id)
            state.leaves(run.left)
            var added = 0
            do {
                added = try await points(of: run, adopted, source, state)
            } catch let error as any Explained where Self.isOfOneRun(error) {
                state.skip(.points, SkippedItem("points of run \(run.id)", error.why))
            }
            state.note(.runs, adopted.outcome == .unchanged && added > 0 ? .grown : adopted.outcome)
            if !options.isDryRun { try await copy(run.artifacts, to: adopted.artifactURI, what, state) }
        } catch let error as TrackingError {
            state.skip(.runs, SkippedItem(what, error.why))
        }
    }

    /// Whether an error is about what one run holds, so that the others may come.
    private static func isOfOneRun(_ error: any Explained) -> Bool {
        switch error {
        case is TrackingError, is ObjectStorageError: true
        case let error as TransferError: error.code == .damaged
        default: false
        }
    }

    /// How many points were not here.
    private func points(
        of run: SourceRun,
        _ adopted: Adopted,
        _ source: any ImportSource,
        _ state: ImportState
    ) async throws -> Int {
        var adoption = MetricAdoption(
            tracking,
            run: adopted.id,
            isNew: adopted.outcome == .added,
            writes: !options.isDryRun
        )
        var total = 0
        try await source.forEachPoints(of: run) { key, points in
            let added = try await adoption.add(points, of: key)
            total += added
            state.note(.points, .added, Int64(added))
            state.note(.points, .unchanged, Int64(points.count - added))
        }
        return total
    }

    /// Adds what runs measured of models; the points of the runs themselves are there already.
    private func measure(_ metrics: [(run: String, metric: Metric)], _ state: ImportState) async throws {
        guard !options.isDryRun else { return }
        for (run, metrics) in Dictionary(grouping: metrics, by: \.run).sorted(by: { $0.key < $1.key }) {
            do {
                try await tracking.adoptMetrics(metrics.map(\.metric), run: run)
            } catch let error as TrackingError {
                state.skip(.points, SkippedItem("measured values of models in run \(run)", error.why))
            }
        }
    }

    /// Where artefacts lie that come along, though those of their experiment stay elsewhere.
    private func place(_ path: String, _ home: Adopted) -> String? {
        TrackingService.artifactPrefix(of: home.artifactURI) == nil ? TrackingService.artifactScheme + path : nil
    }
}
