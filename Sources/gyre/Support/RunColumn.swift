// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText
import Server
import Terminal
import Tracking

/// What a list shows of each run, by a name that its JSON has too.
struct RunColumn: Hashable {
    /// What a run has of its own.
    enum Attribute: String, CaseIterable {
        case runID = "run_id"
        case name
        case status
        case experiment
        case experimentID = "experiment_id"
        case started
        case ended
        case duration
        case user
        case commit
        case stage = "lifecycle_stage"
    }

    private enum Kind: Hashable {
        case attribute(Attribute)
        case param(String)
        case metric(String)
        case tag(String)
    }

    private let kind: Kind
    private let title: String

    static let runID = RunColumn(.attribute(.runID), "run")
    static let name = RunColumn(.attribute(.name), "name")
    static let status = RunColumn(.attribute(.status), "status")
    static let started = RunColumn(.attribute(.started), "started")

    static func param(_ key: String) -> RunColumn { RunColumn(.param(key), key) }
    static func metric(_ key: String) -> RunColumn { RunColumn(.metric(key), key) }

    private init(_ kind: Kind, _ title: String) {
        self.kind = kind
        self.title = title
    }

    /// The column of a name, as the search language spells it too.
    ///
    /// - Throws: ``UsageError`` with the nearest name.
    init(_ name: String) throws(UsageError) {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        let key = parts.count == 2 ? parts[1].filter { $0 != "`" } : ""
        title = name
        switch parts.first {
        case "params" where !key.isEmpty, "param" where !key.isEmpty: kind = .param(key)
        case "metrics" where !key.isEmpty, "metric" where !key.isEmpty: kind = .metric(key)
        case "tags" where !key.isEmpty, "tag" where !key.isEmpty: kind = .tag(key)
        default:
            let own = ["attributes", "attribute"].contains(parts.first) ? key : name
            let synonyms: [String: Attribute] = [
                "run": .runID, "id": .runID, "run_name": .name, "start_time": .started, "end_time": .ended,
                "user_id": .user, "stage": .stage,
            ]
            guard let attribute = Attribute(rawValue: own) ?? synonyms[own] else {
                let names = Attribute.allCases.map(\.rawValue)
                throw UsageError(
                    what: "cannot show the column `\(name)`",
                    why: "there is none of that name",
                    next: nearest(to: own, among: names).map { "did you mean `\($0)`?" }
                        ?? "columns are \(names.joined(separator: ", ")), params.NAME, metrics.NAME, tags.NAME"
                )
            }
            kind = .attribute(attribute)
        }
    }

    /// The column of a table.
    var column: Table.Column {
        switch kind {
        case .attribute(.runID): .init(title, .left, .shorten(to: 12))
        case .attribute(.status), .attribute(.started), .attribute(.ended), .attribute(.duration),
            .attribute(.experimentID), .attribute(.stage):
            .init(title, .left, .never)
        case .attribute(.commit): .init(title, .left, .shorten(to: 12))
        case .attribute: .init(title, .left, .cut(downTo: 8), limit: 80)
        case .metric: .init(title, .right, .cut(downTo: 8), limit: 80)
        // A value of thousands of characters would leave no table.
        case .param, .tag: .init(title, .right, .cut(downTo: 8), limit: 80)
        }
    }

    /// The cell of a run.
    func cell(_ run: Run, nowMs: Int64, _ names: ExperimentNames) -> Table.Cell {
        switch kind {
        case .attribute(.runID): return .init(run.id, .name)
        case .attribute(.status): return .init(run.status.rawValue.lowercased(), run.status.tone)
        case .attribute(.started): return .init(Humanize.ago(run.startMs, nowMs: nowMs))
        case .attribute(.ended): return .init(run.endMs.map { Humanize.ago($0, nowMs: nowMs) } ?? "–")
        case .attribute(.duration): return .init(run.duration.map(Humanize.duration) ?? "–")
        case .metric(let key): return .init(run.metric(key).map { Humanize.fixed($0, 4) } ?? "–")
        default: return .init(text(run, names) ?? "–")
        }
    }

    /// Writes the value of a run as a member of that name.
    func write(_ run: Run, _ names: ExperimentNames, into writer: inout JSONWriter) {
        switch kind {
        case .metric(let key): writer.field(title, run.metric(key))
        case .attribute(.duration):
            writer.field(
                title,
                run.endMs.map { Double($0.subtractingReportingOverflow(run.startMs).partialValue) / 1_000 }
            )
        default: writer.field(title, text(run, names))
        }
    }

    private func text(_ run: Run, _ names: ExperimentNames) -> String? {
        switch kind {
        case .param(let key): run.param(key)
        case .tag(let key): run.tag(key)
        case .metric: nil
        case .attribute(let attribute):
            switch attribute {
            case .runID: run.id
            case .name: run.name
            case .status: run.status.rawValue
            case .experiment: names[run.experimentID]
            case .experimentID: run.experimentID
            case .started: Moment(ms: run.startMs).iso
            case .ended: run.endMs.map { Moment(ms: $0).iso }
            case .duration: nil
            case .user: run.userID.isEmpty ? run.tag("mlflow.user") : run.userID
            case .commit: run.tag("mlflow.source.git.commit")
            case .stage: run.stage.rawValue
            }
        }
    }
}

/// The names of the experiments that some runs belong to.
struct ExperimentNames {
    private let names: [String: String]

    /// Reads the names, each once.
    init(_ list: RunList, _ services: ProjectServices) async throws {
        var names: [String: String] = [:]
        for id in Set(list.runs.map(\.experimentID)) {
            names[id] = try await services.tracking.experiment(id: id).name
        }
        self.names = names
    }

    /// The name, or else the id itself.
    subscript(_ id: String) -> String { names[id] ?? id }
}

extension RunStatus {
    /// The colour of its meaning.
    var tone: Tone {
        switch self {
        case .finished: .good
        case .running, .scheduled: .warning
        case .failed, .killed: .bad
        }
    }

    /// Whether nothing more comes.
    var isOver: Bool { ![.running, .scheduled].contains(self) }
}

extension Run {
    /// How long it took; nil while it goes on.
    var duration: Duration? {
        guard let endMs else { return nil }
        let (ms, overflows) = endMs.subtractingReportingOverflow(startMs)
        return overflows ? nil : .milliseconds(ms)
    }
}
