// SPDX-License-Identifier: Apache-2.0

/// What the template of a run's page is filled with.
struct RunView {
    private let page: RunPage

    init(_ page: RunPage) { self.page = page }

    var content: [String: Any] {
        let run = page.run
        let isRunning = run.status == "RUNNING"
        let name = run.name.isEmpty ? Format.short(run.id) : run.name
        var content = Templates.frame(project: page.project, title: name, refreshes: isRunning)
        content["name"] = name
        content["id"] = run.id
        content["experiment"] =
            Link(
                text: run.experiment,
                url: page.experimentID.map { "/?experiment=\(Format.urlSegment($0))#runs" }
            ).content
        content["status"] = Badge.run(run.status).content
        content["start"] = Time.content(run.startMs, nowMs: page.nowMs)
        content["took"] = Format.duration(fromMs: run.startMs, toMs: run.endMs ?? (isRunning ? page.nowMs : nil))
        content["user"] = run.user ?? Format.missing
        content["commit"] = Link.digest(run.commit)
        content["location"] = page.artifactLocation ?? Format.missing
        content["versions"] = page.versions.map { "\($0.model) v\($0.number)" }
        content["hasVersions"] = !page.versions.isEmpty
        content["params"] = page.params.map { ["key": $0.name, "value": $0.value] }
        content["hasParams"] = !page.params.isEmpty
        content["metrics"] = page.metrics.map { metric -> [String: Any] in
            [
                "key": metric.name,
                "value": Format.number(metric.value),
                "exact": metric.value.map { "\($0)" } ?? Format.missing,
                "step": metric.step.map(String.init) ?? Format.missing,
                "when": Time.content(metric.timestampMs, nowMs: page.nowMs),
            ]
        }
        content["hasMetrics"] = !page.metrics.isEmpty
        content["inputs"] = page.inputs.map { input -> [String: Any] in
            [
                "key": input.name,
                "context": input.context ?? Format.missing,
                "digest": Link.digest(input.digest),
                "source": input.source ?? Format.missing,
            ]
        }
        content["hasInputs"] = !page.inputs.isEmpty
        content["tags"] = page.tags.map { ["key": $0.name, "value": $0.value] }
        content["hasTags"] = !page.tags.isEmpty
        return content
    }
}
