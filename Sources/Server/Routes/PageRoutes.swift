// SPDX-License-Identifier: Apache-2.0

import Feedback
import HTTPTypes
import Hummingbird
import JSONText
import Monitoring
import NIOCore
import Registry
import Serving
import Tracking
import WebPages

/// The web page.
struct PageRoutes: Sendable {
    let services: ProjectServices
    let live: LiveModels
    let drift: DriftWatch

    func add(to router: Router<some RequestContext>) {
        router.get("") { request, _ in
            let experiment = request.uri.queryParameters.get("experiment")
            return Response.page(.ok, try await home(experiment, request).render())
        }
        router.get("runs/:id") { _, context in
            Response.page(.ok, try await run(try context.parameters.require("id")).render())
        }
    }

    // MARK: View models

    private func home(_ experiment: String?, _ request: Request) async throws -> HomePage {
        let experiments = try await services.tracking.searchExperiments(limit: 200)
        let ids = experiment.map { [$0] } ?? experiments.map(\.id)
        let runs = try await services.tracking.searchRuns(
            RunSearch(experimentIDs: experiment.map { [$0] }, filter: RunSearch.withoutStages, limit: 100)
        )
        let names = Dictionary(experiments.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let counts = try await services.tracking.runCounts()
        let feedback = try await services.feedback.counts()
        let errors = try await services.feedback.errors(limit: 50).errors
        let turns = try await FeedbackLoop.turns(in: services.database, limit: 20)
        return HomePage(
            project: services.project.project,
            nowMs: services.now(),
            experimentID: experiment,
            experiments: experiments.map { experiment in
                let count = counts[experiment.id]
                return ExperimentRow(
                    id: experiment.id,
                    name: experiment.name,
                    runCount: count?.runs ?? 0,
                    lastRunMs: count?.lastStartMs
                )
            },
            runs: runs.map { RunRow($0, experiment: names[$0.experimentID] ?? $0.experimentID) },
            runCount: ids.compactMap { counts[$0]?.runs }.reduce(0, +),
            models: try await models(),
            services: [try await service(request)],
            errors: errors.map(ErrorRow.init),
            errorSummary: ErrorSummary(
                falseNegatives: feedback.byKind[.falseNegative] ?? 0,
                falsePositives: feedback.byKind[.falsePositive] ?? 0,
                others: (feedback.byKind[.wrongClass] ?? 0) + (feedback.byKind[.complaint] ?? 0),
                new: feedback.new,
                needed: services.project.loop.retrainWhen.first { $0.quantity == .newErrors }.map {
                    Int($0.bound.rounded(.up))
                },
                labels: feedback.labels,
                verdicts: feedback.verdicts
            ),
            turns: turns.map(TurnRow.init)
        )
    }

    private func models() async throws -> [ModelRow] {
        var rows: [ModelRow] = []
        for model in try await services.registry.searchModels(limit: 50) {
            var versions: [ModelRow.Version] = []
            for version in try await services.registry.searchVersions(VersionSearch(model: model.name), limit: 50) {
                let verdict = try await services.registry.verdicts(model: model.name, version: version.version).first
                let report = try verdict.map { try JSONDocument($0.report).root["metrics"] }
                var metrics: [String: Double] = [:]
                for name in ["recall", "precision", "roc_auc", "errors.recall"] {
                    metrics[name] = report??[name]?.double
                }
                versions.append(
                    ModelRow.Version(
                        number: String(version.version),
                        aliases: version.aliases,
                        createdMs: version.createdMs,
                        runID: version.runID,
                        passed: verdict?.passed,
                        metrics: metrics
                    )
                )
            }
            rows.append(ModelRow(name: model.name, versions: versions))
        }
        return rows
    }

    private func service(_ request: Request) async throws -> ServiceCard {
        let name = services.project.model.name
        var card = ServiceCard(model: name, droppedCount: services.inferenceLog.dropped)
        guard let model = live.serving.models.first(where: { $0.name == name }) else { return card }
        card.version = model.version
        card.runID = model.runID
        card.isReady = true
        card.sinceMs = live.sinceMs
        let times = live.times
        card.requestCount = times.count
        card.medianMilliseconds = times.median
        card.p99Milliseconds = times.p99
        card.driftShare = await drift.share()
        card.address = "http://\(request.head.authority ?? "127.0.0.1")/invocations"
        var body = JSONWriter()
        body.object { body in
            body.key("dataframe_records")
            body.array { body in
                body.object { body in
                    for column in model.columns {
                        if column.kind == .text { body.field(column.name, "") } else { body.field(column.name, 0) }
                    }
                }
            }
        }
        card.exampleBody = body.text
        return card
    }

    /// What MLflow's clients write is a JSON object with the address in it; people read the address.
    private static func address(in source: String) -> String {
        // Text that is no JSON stands for itself.
        (try? JSONDocument(source))?.root["uri"]?.string ?? source
    }

    private func run(_ id: String) async throws -> RunPage {
        let run = try await services.tracking.run(id: id)
        let experiment = try await services.tracking.experiment(id: run.experimentID)
        let versions = try await services.registry.searchVersions(VersionSearch(runID: id), limit: 100)
        return RunPage(
            project: services.project.project,
            nowMs: services.now(),
            run: RunRow(run, experiment: experiment.name),
            experimentID: experiment.id,
            params: run.params.map { RunPage.Pair($0.key, $0.value) },
            metrics: run.metrics.map { RunPage.Metric($0.key, $0.value, step: $0.step, timestampMs: $0.timestampMs) },
            tags: run.tags.map { RunPage.Pair($0.key, $0.value) },
            inputs: run.inputs.map { input in
                RunPage.Input(
                    input.name,
                    context: input.tags.first { $0.key == "mlflow.data.context" }?.value,
                    digest: input.digest,
                    source: Self.address(in: input.source)
                )
            },
            versions: versions.map { ($0.name, String($0.version)) },
            artifactLocation: run.artifactURI
        )
    }
}

extension RunRow {
    init(_ run: Run, experiment: String) {
        self.init(
            id: run.id,
            name: run.name,
            experiment: experiment,
            status: run.status.rawValue,
            startMs: run.startMs,
            endMs: run.endMs,
            user: run.userID,
            commit: run.tag("mlflow.source.git.commit"),
            params: Dictionary(run.params.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
            metrics: Dictionary(run.metrics.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        )
    }
}

extension ErrorRow {
    init(_ error: GatheredError) {
        self.init(
            predictionID: error.id,
            kind: error.kind.rawValue,
            version: error.version,
            predicted: error.predicted,
            truth: error.truth,
            score: error.score,
            predictedMs: error.predictedMs,
            comment: error.comment,
            dataVersion: error.dataVersion
        )
    }
}

extension TurnRow {
    init(_ turn: Turn) {
        self.init(
            number: turn.id,
            state: turn.state.rawValue,
            startedMs: turn.startedMs,
            endedMs: turn.endedMs,
            errors: turn.errors,
            runID: turn.runID,
            version: turn.version,
            note: turn.note
        )
    }
}
