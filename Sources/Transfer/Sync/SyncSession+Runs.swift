// SPDX-License-Identifier: Apache-2.0

import JSONText
import ObjectStorage
import Tracking

extension SyncSession {
    /// Sends the runs of an experiment, and the deletion of those that were deleted.
    func sendRuns(of experiment: Experiment) async throws {
        var token: PageToken?
        repeat {
            let page = try await tracking.searchRuns(
                RunSearch(experimentIDs: [experiment.id], view: .all, after: token, limit: SyncWire.itemLimit)
            )
            try await send(page.items, of: experiment.name)
            token = page.next
        } while token != nil
    }

    /// Sends some runs, several at a time.
    func send(_ runs: [Run], of experiment: String) async throws {
        let marks = try await tracking.historyMarks(runs: runs.map(\.id))
        var items: [SyncItem] = []
        for run in runs { items.append(try await item(run, experiment, marks[run.id] ?? "")) }
        let lacking = try await lacking(items, .run)
        for run in runs where lacking.contains(run.id) && run.stage == .active {
            // One that a run made since models were looked at must be there before the run that names it.
            for model in run.modelInputs + run.modelOutputs.map(\.modelID) { try await sendModel(model) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for (run, item) in zip(runs, items) {
                try Task.checkCancellation()
                guard lacking.contains(run.id) else {
                    if run.stage == .active {
                        notes.note(.runs, .unchanged)
                        syncer.progress(.runs(1))
                    }
                    continue
                }
                if running == Syncer.width {
                    try await group.next()
                    running -= 1
                }
                running += 1
                group.addTask {
                    try await noting(.runs, "run \(run.id) (\(run.name.prefix(60)))") {
                        guard run.stage == .active else { return try await sendDeletion(run, item.fingerprint) }
                        try await send(run, experiment, item.fingerprint)
                    }
                    if run.stage == .active { syncer.progress(.runs(1)) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func record(_ run: Run) -> RunRecord {
        var record = RunRecord(run, experimentID: "")
        record.artifactURI = SyncPlace.foreign(run.artifactURI)
        return record
    }

    private func item(_ run: Run, _ experiment: String, _ marks: String) async throws -> SyncItem {
        guard run.stage == .active else {
            return SyncItem(name: run.id, fingerprint: "deleted")
        }
        let record = record(run)
        var fingerprint = Fingerprint("run", marks) { record.write(experiment: experiment, into: &$0) }
        try await fingerprint.add(
            filesBelow: TrackingService.artifactPrefix(of: run.artifactURI),
            tracking.artifacts
        )
        return SyncItem(name: run.id, fingerprint: fingerprint.text)
    }

    private func sendDeletion(_ run: Run, _ fingerprint: String) async throws {
        let outcome = try await take("deletions") { body in
            body.field("run", run.id)
            body.field("fingerprint", fingerprint)
        }
        // One that was deleted before it was ever sent is nobody's loss.
        if let outcome { notes.note(.runs, outcome) }
    }

    private func send(_ run: Run, _ experiment: String, _ fingerprint: String) async throws {
        let record = record(run)
        // A link to a model that is not there is left out, so the run must be sent again when the model is.
        let hasModels = notes.hasAll(run.modelInputs + run.modelOutputs.map(\.modelID))
        let fingerprint = hasModels ? fingerprint : nil
        func take(isComplete: Bool, _ fingerprint: String?) async throws -> Adopted.Outcome {
            try await self.take("runs") { body in
                body.key("run")
                record.write(experiment: experiment, into: &body)
                body.field("complete", isComplete)
                body.field("fingerprint", fingerprint)
            } ?? .unchanged
        }
        let files = SyncFiles(session: self, owner: .run(run.id), uri: run.artifactURI, isNew: false)
        let hasFiles = try await files.areThere
        guard hasFiles || !run.metrics.isEmpty else {
            return notes.note(.runs, try await take(isComplete: true, fingerprint))
        }
        var outcome = try await take(isComplete: false, nil)
        let isNew = outcome == .added
        let points = try await SyncPoints(session: self, run: run.id, isNew: isNew)
            .send(Array(Set(run.metrics.map(\.key))).sorted())
        let sent = try await files.with(isNew: isNew).send()
        if !isDryRun {
            let rest = try await take(isComplete: true, sent.isWhole ? fingerprint : nil)
            if outcome == .unchanged { outcome = rest }
        }
        if outcome == .unchanged, points + sent.count > 0 { outcome = .grown }
        notes.note(.runs, outcome)
    }
}
