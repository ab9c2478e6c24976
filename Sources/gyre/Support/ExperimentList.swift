// SPDX-License-Identifier: Apache-2.0

import JSONText
import Server
import Terminal
import Tracking

/// Experiments with how many runs each has.
struct ExperimentList {
    private let experiments: [Experiment]
    private let counts: [String: (runs: Int, lastStartMs: Int64)]

    /// A list; `counts` are those of all experiments.
    init(_ experiments: [Experiment], counts: [String: (runs: Int, lastStartMs: Int64)]) {
        self.experiments = experiments
        self.counts = counts
    }

    func table(nowMs: Int64) -> Table {
        var table = Table(columns: [
            .init("id", .right, .never), .init("experiment", .left, .cut(downTo: 12)), .init("runs", .right, .never),
            .init("last run", .left, .never), .init("created", .left, .never),
        ])
        for experiment in experiments {
            let count = counts[experiment.id]
            table.add([
                .init(experiment.id), .init(experiment.name, .name), .init(String(count?.runs ?? 0)),
                .init(count.map { Humanize.ago($0.lastStartMs, nowMs: nowMs) } ?? "–"),
                .init(Self.created(experiment).map { Humanize.ago($0, nowMs: nowMs) } ?? "–"),
            ])
        }
        return table
    }

    /// The default experiment is as old as the database, whose age nobody noted.
    static func created(_ experiment: Experiment) -> Int64? { experiment.createdMs > 0 ? experiment.createdMs : nil }

    /// One list.
    var json: String {
        var writer = JSONWriter()
        writer.array { writer in for experiment in experiments { write(experiment, into: &writer) } }
        return writer.text
    }

    /// One object per line.
    var jsonLines: String {
        var writer = JSONWriter()
        for experiment in experiments {
            write(experiment, into: &writer)
            writer.newline()
        }
        return writer.text
    }

    private func write(_ experiment: Experiment, into writer: inout JSONWriter) {
        let count = counts[experiment.id]
        writer.object { writer in
            writer.field("experiment_id", experiment.id)
            writer.field("name", experiment.name)
            writer.field("lifecycle_stage", experiment.stage.rawValue)
            writer.field("runs", count?.runs ?? 0)
            writer.field("last_run", count.map { Moment(ms: $0.lastStartMs).iso })
            writer.field("artifact_location", experiment.artifactLocation)
            writer.key("tags")
            writer.object { writer in for tag in experiment.tags { writer.field(tag.key, tag.value) } }
            writer.field("created", Self.created(experiment).map { Moment(ms: $0).iso })
            writer.field("updated", experiment.updatedMs > 0 ? Moment(ms: experiment.updatedMs).iso : nil)
        }
    }
}

/// Everything about one experiment.
struct ExperimentSheet {
    private let experiment: Experiment
    private let list: ExperimentList
    private let count: (runs: Int, lastStartMs: Int64)?
    private let newest: RunList
    private let names: ExperimentNames
    private let nowMs: Int64

    /// Reads the newest runs of an experiment.
    init(_ experiment: Experiment, in services: ProjectServices) async throws {
        self.experiment = experiment
        let counts = try await services.tracking.runCounts()
        count = counts[experiment.id]
        list = ExperimentList([experiment], counts: counts)
        let search = RunSearch(experimentIDs: [experiment.id], filter: RunSearch.withoutStages, limit: 5)
        newest = RunList(try await services.tracking.searchRuns(search).items)
        names = try await ExperimentNames(newest, services)
        nowMs = services.now()
    }

    func text(_ output: Output) -> String {
        var sheet = Sheet(output)
        let created = ExperimentList.created(experiment)
        sheet.add([
            ("experiment", experiment.name), ("id", experiment.id),
            ("state", experiment.stage == .deleted ? "deleted" : nil), ("created", created.map { Moment(ms: $0).text }),
            ("runs", count.map { "\($0.runs), the last \(Humanize.ago($0.lastStartMs, nowMs: nowMs))" } ?? "none"),
            ("artefacts", experiment.artifactLocation),
        ])
        sheet.add("tags", experiment.tags.map { ($0.key, $0.value) })
        sheet.add("newest runs", newest.table(nowMs: nowMs, names))
        return sheet.text
    }

    /// The experiment as in a list.
    var json: String { list.jsonLines }
}
