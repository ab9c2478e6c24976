// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tracking

extension SyncSession {
    /// Sends the logged models of an experiment; those that were deleted stay where they are.
    func sendModels(of experiment: Experiment) async throws {
        var token: PageToken?
        repeat {
            let page = try await tracking.searchModels(experimentIDs: [experiment.id], after: token, limit: 100)
            try await send(page.items, of: experiment.name)
            token = page.next
        } while token != nil
    }

    /// Sends a logged model, if that was not done yet and it is in use.
    func sendModel(_ id: String) async throws {
        guard notes.isUnknown(model: id) else { return }
        do {
            let model = try await tracking.model(id: id)
            try await send([model], of: try await tracking.experiment(id: model.experimentID).name)
        } catch let error as TrackingError where error.code == .notFound {
            // It was deleted, and the links to it with it.
            notes.isKnown(model: id)
        }
    }

    private func send(_ models: [LoggedModel], of experiment: String) async throws {
        let counts = try await tracking.modelMetricCounts(models.map(\.id))
        var items: [SyncItem] = []
        for model in models {
            let record = record(model)
            var fingerprint = Fingerprint("model", "\(counts[model.id] ?? 0)") {
                record.write(experiment: experiment, into: &$0)
            }
            try await fingerprint.add(
                filesBelow: TrackingService.artifactPrefix(of: model.artifactURI),
                tracking.artifacts
            )
            items.append(SyncItem(name: model.id, fingerprint: fingerprint.text))
        }
        let lacking = try await lacking(items, .model)
        for (model, item) in zip(models, items) {
            try Task.checkCancellation()
            notes.isKnown(model: model.id)
            guard lacking.contains(model.id) else {
                notes.note(.models, .unchanged)
                continue
            }
            let isTaken = try await noting(.models, "logged model \(model.id)") {
                try await send(model, experiment, item.fingerprint, hasMetrics: counts[model.id] ?? 0 > 0)
            }
            if !isTaken { notes.isRefused(model: model.id) }
        }
    }

    private func record(_ model: LoggedModel) -> ModelRecord {
        var record = ModelRecord(
            id: model.id,
            experimentID: "",
            name: model.name,
            status: model.status,
            createdMs: model.createdMs,
            updatedMs: model.updatedMs
        )
        record.artifactURI = SyncPlace.foreign(model.artifactURI)
        record.modelType = model.modelType
        record.sourceRunID = model.sourceRunID
        record.params = model.params
        record.tags = model.tags
        return record
    }

    private func send(
        _ model: LoggedModel,
        _ experiment: String,
        _ fingerprint: String,
        hasMetrics: Bool
    ) async throws {
        let record = record(model)
        func take(isComplete: Bool, _ fingerprint: String?) async throws -> Adopted.Outcome {
            try await self.take("models") { body in
                body.key("model")
                record.write(experiment: experiment, into: &body)
                body.field("complete", isComplete)
                body.field("fingerprint", fingerprint)
            } ?? .unchanged
        }
        var outcome = try await take(isComplete: false, nil)
        let files = SyncFiles(
            session: self,
            owner: .model(model.id),
            uri: model.artifactURI,
            isNew: outcome == .added
        )
        let sent = try await files.send()
        if !isDryRun {
            let added = hasMetrics ? try await sendMetrics(of: model.id) : 0
            let rest = try await take(isComplete: true, sent.isWhole ? fingerprint : nil)
            if outcome == .unchanged { outcome = rest }
            if outcome == .unchanged, added + sent.count > 0 { outcome = .grown }
        }
        notes.note(.models, outcome)
    }

    /// How many measured values the server did not have.
    private func sendMetrics(of model: String) async throws -> Int {
        var added = 0
        var last: (metric: Metric, run: String)?
        repeat {
            let page = try await tracking.modelMetrics(of: model, after: last, limit: 1_000)
            guard !page.isEmpty else { break }
            let answer = try await calls.post("model-metrics") { body in
                body.field("model", model)
                body.key("metrics")
                body.array { body in
                    for (metric, run) in page { SyncWire.write(metric, run: run, into: &body) }
                }
            }
            added += Int(try answer.requiredNumber("added"))
            last = page.last
        } while last != nil
        return added
    }
}
