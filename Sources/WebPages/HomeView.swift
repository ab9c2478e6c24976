// SPDX-License-Identifier: Apache-2.0

/// What the template of the home page is filled with.
struct HomeView {
    private let page: HomePage

    init(_ page: HomePage) { self.page = page }

    var content: [String: Any] {
        var content = Templates.frame(project: page.project, title: "Overview", refreshes: true)
        content["tiles"] = tiles
        content["services"] = page.services.map(service)
        content["models"] = page.models.map(model)
        content["hasModels"] = !page.models.isEmpty
        content["experiments"] = page.experiments.map(experiment)
        content["hasExperiments"] = !page.experiments.isEmpty
        content["runs"] = RunTable(page.runs, nowMs: page.nowMs).content
        content["filter"] = filter
        content["errors"] = page.errors.map(error)
        content["hasErrors"] = !page.errors.isEmpty
        content["errorCounts"] = page.errorSummary.map(counts) ?? false
        content["turns"] = page.turns.map(turn)
        content["hasTurns"] = !page.turns.isEmpty
        return content
    }

    // MARK: The strip on top: one tile for each part of the cycle

    private var tiles: [[String: Any]] {
        let newest = page.runs.first
        let champion = page.models.lazy
            .flatMap { model in model.versions.map { (model.name, $0) } }
            .first { $0.1.aliases.contains("champion") }
        let live = page.services.first { $0.version != nil }
        let runTotal = page.runCount ?? page.runs.count
        return [
            tile(
                "Runs",
                Format.count(runTotal),
                newest.map { "last \(Format.age($0.startMs, nowMs: page.nowMs))" } ?? "nothing is trained yet",
                "#runs"
            ),
            tile("Champion", champion.map { "v\($0.1.number)" }, champion?.0 ?? "no version has passed yet", "#models"),
            tile(
                "Live",
                live?.version.map { "v\($0)" },
                live.map { "\(Format.count($0.requestCount)) requests, p99 \(Format.milliseconds($0.p99Milliseconds))" }
                    ?? "nothing is served yet",
                "#service"
            ),
            waiting,
            tile(
                "Last turn",
                page.turns.first?.state,
                page.turns.first.map { turn in
                    let version = turn.version.map { ", v\($0)" } ?? ""
                    return "\(Format.age(turn.startedMs, nowMs: page.nowMs))\(version)"
                } ?? "the loop has not run yet",
                "#loop"
            ),
        ]
    }

    private var waiting: [String: Any] {
        guard let summary = page.errorSummary else {
            return tile("Errors waiting", nil, "no truth has arrived yet", "#errors")
        }
        guard let needed = summary.needed, needed > 0 else {
            return tile("Errors waiting", Format.count(summary.new), "for the next data version", "#errors")
        }
        var tile = tile("Errors waiting", Format.count(summary.new), "retrains at \(needed)", "#errors")
        tile["progress"] = ["value": min(max(summary.new, 0), needed), "max": needed]
        return tile
    }

    private func tile(_ name: String, _ value: String?, _ detail: String?, _ link: String) -> [String: Any] {
        ["name": name, "value": value ?? Format.missing, "detail": detail ?? "", "link": link, "progress": false]
    }

    // MARK: Sections

    private func service(_ card: ServiceCard) -> [String: Any] {
        var example: Any = false
        if let address = card.address, let body = card.exampleBody {
            let data = Self.shellQuoted(body)
            example = [
                "command":
                    "curl \(Self.shellQuoted(address)) \\\n  -H 'Content-Type: application/json' \\\n  -d \(data)"
            ]
        }
        return [
            "model": card.model,
            "version": card.version.map { "v\($0)" } ?? Format.missing,
            "state": card.isReady
                ? Badge(text: "ready", tone: .good).content
                : Badge(text: card.version == nil ? "nothing live" : "not ready", tone: .bad).content,
            "run": Link.run(card.runID),
            "address": card.address ?? Format.missing,
            "since": Time.content(card.sinceMs, nowMs: page.nowMs),
            "requests": Format.count(card.requestCount),
            "median": Format.milliseconds(card.medianMilliseconds),
            "p99": Format.milliseconds(card.p99Milliseconds),
            "dropped": Format.count(card.droppedCount),
            "drift": Format.share(card.driftShare),
            "example": example,
        ]
    }

    private func model(_ row: ModelRow) -> [String: Any] {
        let keys = RunTable.commonMetrics(row.versions.map(\.metrics))
        let columns = keys.map { key in Format.column(row.versions.map { $0.metrics[key] }) }
        return [
            "name": row.name,
            "metricNames": keys,
            "hasVersions": !row.versions.isEmpty,
            "versions": row.versions.enumerated().map { index, version -> [String: Any] in
                [
                    "number": "v\(version.number)",
                    "aliases": version.aliases.map {
                        Badge(text: $0, tone: $0 == "champion" ? .accent : .plain).content
                    },
                    "verdict": version.passed.map {
                        Badge(text: $0 ? "passed" : "refused", tone: $0 ? .good : .bad).content
                    } ?? Badge(text: "not judged", tone: .plain).content,
                    "note": version.note ?? "",
                    "run": Link.run(version.runID),
                    "created": Time.content(version.createdMs, nowMs: page.nowMs),
                    "metrics": columns.map { $0[index] },
                ]
            },
        ]
    }

    private func experiment(_ row: ExperimentRow) -> [String: Any] {
        [
            "id": row.id,
            "name": row.name,
            "url": "/?experiment=\(Format.urlSegment(row.id))#runs",
            "isChosen": row.id == page.experimentID,
            "runCount": Format.count(row.runCount),
            "last": Time.content(row.lastRunMs, nowMs: page.nowMs),
        ]
    }

    private var filter: Any {
        guard let id = page.experimentID else { return false }
        return ["experiment": page.experiments.first { $0.id == id }?.name ?? id]
    }

    private func error(_ row: ErrorRow) -> [String: Any] {
        [
            "kind": Badge.error(row.kind).content,
            "predicted": row.predicted,
            "truth": row.truth ?? Format.missing,
            "score": row.score.map { Format.fixed($0) } ?? Format.missing,
            "version": "v\(row.version)",
            "when": Time.content(row.predictedMs, nowMs: page.nowMs),
            "data": row.dataVersion.map { Link.digest($0) } ?? Link(text: "waiting").content,
            "comment": row.comment ?? "",
            "id": row.predictionID,
        ]
    }

    private func counts(_ summary: ErrorSummary) -> [String: Any] {
        [
            "falseNegatives": Format.count(summary.falseNegatives),
            "falsePositives": Format.count(summary.falsePositives),
            "others": summary.others > 0 ? ["count": Format.count(summary.others)] : false,
            "labels": Format.count(summary.labels),
            "verdicts": Format.count(summary.verdicts),
        ]
    }

    private func turn(_ row: TurnRow) -> [String: Any] {
        [
            "number": Format.count(row.number),
            "state": Badge.turn(row.state).content,
            "started": Time.content(row.startedMs, nowMs: page.nowMs),
            "took": Format.duration(fromMs: row.startedMs, toMs: row.endedMs),
            "errors": Format.count(row.errors),
            "run": Link.run(row.runID),
            "version": row.version.map { "v\($0)" } ?? Format.missing,
            "note": row.note ?? "",
        ]
    }

    /// Quotes a word for a POSIX shell, so that the command can be pasted whatever it holds.
    private static func shellQuoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
