// SPDX-License-Identifier: Apache-2.0

import JSONText
import Registry
import Server
import Terminal
import Tracking

/// Everything about one run.
struct RunSheet {
    private let run: Run
    private let experiment: Experiment
    private let courses: MetricCourses
    private let models: [LoggedModel]
    private let versions: [ModelVersion]
    private let artifacts: ArtifactTree?
    private let nowMs: Int64

    /// Reads what belongs to a run.
    init(_ run: Run, in services: ProjectServices) async throws {
        self.run = run
        experiment = try await services.tracking.experiment(id: run.experimentID)
        courses = try await MetricCourses.read(run, services.tracking)
        models = try await services.tracking.models(of: run.id)
        versions = try await services.registry.searchVersions(VersionSearch(runID: run.id), limit: 100).items
        artifacts = try await ArtifactTree.list(run.artifactURI, services.tracking)
        nowMs = services.now()
    }

    // MARK: For people

    func text(_ output: Output) -> String {
        var sheet = Sheet(output)
        sheet.add(facts(output))
        sheet.add("params", run.params.map { ($0.key, $0.value) })
        sheet.add("metrics", MetricTable(run, courses).table(width: output.width.map { $0 - 2 }))
        sheet.add("datasets", datasets)
        sheet.add("models", lines: modelLines)
        sheet.add("tags", run.tags.filter { !Self.shownAbove.contains($0.key) }.map { ($0.key, $0.value) })
        if let artifacts { sheet.add("artefacts", artifacts.table(), hasHead: false, note: artifacts.summary) }
        return sheet.text
    }

    /// Tags whose content the facts tell, or that hold what only a program reads.
    private static let shownAbove: Set<String> = [
        "mlflow.runName", "mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit",
        "mlflow.source.git.branch", "mlflow.source.git.repoURL", "mlflow.log-model.history", "mlflow.note.content",
        "mlflow.parentRunId", "gyre.git.dirty",
    ]

    private func facts(_ output: Output) -> [(name: String, value: String?)] {
        let status = run.status.rawValue.lowercased() + (run.stage == .deleted ? ", deleted" : "")
        let end = run.endMs.map { Moment(ms: $0).text }
        let took = run.duration.map(Humanize.duration)
        let soFar = Humanize.duration(.milliseconds(max(nowMs - run.startMs, 0))) + " so far"
        return [
            ("run", run.id), ("name", run.name), ("experiment", "\(experiment.name) (\(experiment.id))"),
            ("status", status),
            ("started", "\(Moment(ms: run.startMs).text), \(Humanize.ago(run.startMs, nowMs: nowMs))"), ("ended", end),
            ("took", run.status.isOver ? took : took ?? soFar),
            ("user", run.userID.isEmpty ? run.tag("mlflow.user") : run.userID),
            ("source", run.tag("mlflow.source.name")),
            ("commit", commit), ("parent", run.tag("mlflow.parentRunId")), ("note", run.tag("mlflow.note.content")),
            ("artefacts", artifacts.map { $0.count == 0 ? "none" : nil } ?? run.artifactURI),
        ]
    }

    private var commit: String? {
        guard var text = run.tag("mlflow.source.git.commit") else { return nil }
        if let branch = run.tag("mlflow.source.git.branch") { text += " on \(branch)" }
        if run.tag("gyre.git.dirty") == "true" { text += ", with changes" }
        if let remote = run.tag("mlflow.source.git.repoURL") { text += ", \(remote)" }
        return text
    }

    private var datasets: Table {
        var table = Table([("name", .left), ("used for", .left), ("digest", .left), ("source", .left)])
        for input in run.inputs {
            table.add([
                .init(input.name, .name), .init(Self.context(of: input) ?? ""), .init(input.digest),
                .init(Self.address(in: input.source)),
            ])
        }
        return table
    }

    private var modelLines: [String] {
        models.map { "\($0.id)  \($0.name)\($0.status == .ready ? "" : ", not ready")" }
            + versions.map { version in
                let aliases = version.aliases.map { "@\($0)" }.joined(separator: " ")
                return "\(version.name)/\(version.version)" + (aliases.isEmpty ? "" : "  \(aliases)")
            }
    }

    private static func context(of input: DatasetInput) -> String? {
        input.tags.first { $0.key == "mlflow.data.context" }?.value
    }

    /// What MLflow's clients write is a JSON object with the address in it; people read the address.
    private static func address(in source: String) -> String {
        // Text that is no JSON stands for itself.
        (try? JSONDocument(source))?.root["uri"]?.string ?? source
    }

    // MARK: For programs

    var json: String {
        var writer = JSONWriter(nonFinite: .text)
        writer.object { writer in
            run.writeFields(experiment: experiment.name, into: &writer)
            writer.field("duration_seconds", run.duration.map { $0 / .seconds(1) })
            writer.field("artifact_uri", run.artifactURI)
            writer.key("tags")
            writer.object { writer in for tag in run.tags { writer.field(tag.key, tag.value) } }
            writer.key("latest_metrics")
            writer.array { writer in
                for metric in run.metrics {
                    writer.object { writer in
                        writer.field("key", metric.key)
                        writer.field("value", metric.value)
                        writer.field("step", metric.step)
                        writer.field("time", Moment(ms: metric.timestampMs).iso)
                    }
                }
            }
            writer.key("datasets")
            writer.array { writer in
                for input in run.inputs {
                    writer.object { writer in
                        writer.field("name", input.name)
                        writer.field("digest", input.digest)
                        writer.field("context", Self.context(of: input))
                        writer.field("source_type", input.sourceType)
                        writer.field("source", input.source)
                    }
                }
            }
            writer.key("logged_models")
            writer.array { writer in
                for model in models {
                    writer.object { writer in
                        writer.field("model_id", model.id)
                        writer.field("name", model.name)
                        writer.field("status", model.status.rawValue)
                    }
                }
            }
            writer.key("model_versions")
            writer.array { writer in
                for version in versions {
                    writer.object { writer in
                        writer.field("name", version.name)
                        writer.field("version", version.version)
                        writer.key("aliases")
                        writer.array { writer in for alias in version.aliases { writer.string(alias) } }
                    }
                }
            }
            artifacts?.write(into: &writer)
        }
        return writer.text
    }
}
