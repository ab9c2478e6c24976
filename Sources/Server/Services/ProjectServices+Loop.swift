// SPDX-License-Identifier: Apache-2.0

import Evaluation
package import Feedback
import Files
package import Monitoring
import Pipelines
import Registry
import SystemPackage
import Tables
import Tracking

extension ProjectServices {
    /// The loop of the project.
    ///
    /// - Parameter trackingURL: Where retraining finds the tracking server.
    /// - Returns: The loop.
    package func feedbackLoop(trackingURL: String) -> FeedbackLoop? {
        guard let errors = project.loop.errors, let target = project.model.target else { return nil }
        let services = self
        return FeedbackLoop(
            root: workspace.root,
            scratch: workspace.scratch,
            database: database,
            feedback: feedback,
            errorTable: ErrorTable(engine: { try await services.runtimes.tables() }),
            plan: LoopPlan(
                model: project.model.name,
                target: target,
                errorTable: errors,
                rules: project.loop.retrainWhen,
                promotesAutomatically: project.loop.promotesAutomatically
            ),
            retrain: { root, turn in try await services.retrain(in: root, turn, trackingURL) },
            judge: { run, root, promotes in
                let result = try await Promoter(services: services).promote(run: run, root: root, movesAlias: promotes)
                return Judgement(
                    passed: result.report.verdict.passed,
                    version: result.version.map { String($0.version) },
                    note: result.report.comparison
                )
            },
            championCommit: { try await services.championCommit() },
            driftShare: { try await services.drift()?.share },
            now: now
        )
    }

    private func retrain(in root: FilePath, _ turn: Turn, _ url: String) async throws -> String {
        var options = ReproduceOptions(experiment: project.project, trackingURL: url)
        options.python = try runtimes.python()
        // What comes from the cache logs no model.
        options.usesRunCache = false
        options.runName = "retrain-\(turn.id)"
        options.tags = [KeyValue("gyre.turn", String(turn.id)), KeyValue("gyre.errors", turn.dataVersion ?? "")]
        let result = try await PipelineRunner(root: root, tracking: tracking).reproduce(options)
        guard let run = result.runID else {
            throw ServerError(
                .notFound,
                what: "cannot retrain",
                why: "no stage of `dvc.yaml` depends on the error table"
            )
        }
        return run
    }

    private func championCommit() async throws -> String? {
        guard let champion = try await registry.version(model: project.model.name, alias: RegistryService.champion),
            let run = champion.runID
        else { return nil }
        return try await tracking.run(id: run).tag("mlflow.source.git.commit")
    }

    /// How far the last day's inputs are from the reference; nil if there is no reference or no prediction.
    package func drift() async throws -> DriftReport? {
        guard let reference = project.monitoring.reference.map({ workspace.root.pushing($0) }),
            FileSystem.exists(reference)
        else { return nil }
        let runtimes = runtimes
        let live = try await inferenceLog.recent(
            model: project.model.name,
            sinceMs: now() - 86_400_000,
            limit: 5_000,
            engine: { try await runtimes.tables() }
        )
        guard live.count >= 10 else { return nil }
        return DriftReport(live: live, reference: try await runtimes.tables().read(reference))
    }
}
