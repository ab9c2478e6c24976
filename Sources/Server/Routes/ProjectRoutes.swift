// SPDX-License-Identifier: Apache-2.0

package import Feedback
import HTTPTypes
import Hummingbird
package import JSONText
package import Lineage
import Monitoring
import Serving

/// Gyre's own API besides feedback: `/api/gyre/v1/{status,lineage,predictions}`.
struct ProjectRoutes: Sendable {
    let services: ProjectServices
    let live: LiveModels

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("status") { _, _ in try await status() }
        group.get("lineage/**") { _, context in
            let id = context.parameters.getCatchAll().joined(separator: "/")
            let node = try await services.lineage.walk(from: id)
            return Response.json { node.write(into: &$0) }
        }
        group.get("predictions/:id") { _, context in
            let id = try context.parameters.require("id")
            let services = services
            guard let prediction = try await services.findPredictions([id]).first else {
                throw ServerError(
                    .notFound,
                    what: "cannot find the prediction `\(id.prefix(100))`",
                    why: "the inference log has none of that id"
                )
            }
            return Response.json { prediction.write(into: &$0) }
        }
        // Else a path that is not ours would be answered in the shape of MLflow's API, which lies around it.
        for method in [HTTPRequest.Method.get, .post] {
            group.on("**", method: method) { _, _ -> Response in throw HTTPError(.notFound) }
        }
    }

    private func status() async throws -> Response {
        let counts = try await services.feedback.counts()
        let turns = try await FeedbackLoop.turns(in: services.database, limit: 10)
        let models = live.serving.models
        let dropped = services.inferenceLog.dropped
        return .json { writer in
            writer.object { writer in
                writer.field("project", services.project.project)
                writer.key("live")
                writer.array { writer in
                    for model in models {
                        writer.object { writer in
                            writer.field("model", model.name)
                            writer.field("version", model.version)
                            writer.field("run_id", model.runID)
                        }
                    }
                }
                writer.key("errors")
                writer.object { writer in
                    for (kind, count) in counts.byKind.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                        writer.field(kind.rawValue, count)
                    }
                    writer.field("new", counts.new)
                }
                writer.field("labels", counts.labels)
                writer.field("verdicts", counts.verdicts)
                writer.field("dropped_predictions", dropped)
                writer.key("turns")
                writer.array { writer in for turn in turns { turn.write(into: &writer) } }
            }
        }
    }
}

extension Turn {
    /// The turn as the API and `--json` show it.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("turn", id)
            writer.field("state", state.rawValue)
            writer.field("started_ms", startedMs)
            writer.field("ended_ms", endedMs)
            writer.field("errors", errors)
            writer.field("branch", branch)
            writer.field("data_version", dataVersion)
            writer.field("commit", commit)
            writer.field("run_id", runID)
            writer.field("version", version)
            writer.field("note", note)
        }
    }
}

extension LoggedPrediction {
    /// The prediction as the API shows it.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("prediction_id", id)
            writer.field("model", model)
            writer.field("version", version)
            writer.field("run_id", runID)
            writer.field("time_ms", timeMs)
            writer.field("duration_ns", durationNs)
            writer.field("label", label)
            writer.field("score", score)
            writer.key("features")
            writer.object { writer in
                for feature in features {
                    switch feature.value {
                    case .number(let value): writer.field(feature.name, value)
                    case .text(let value): writer.field(feature.name, value)
                    }
                }
            }
        }
    }
}

extension LineageNode {
    /// The node with its links as one JSON object.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("kind", kind.rawValue)
            writer.field("id", id)
            for fact in facts { writer.field(fact.name, fact.value) }
            for (name, nodes) in [("origins", origins), ("results", results)] where !nodes.isEmpty {
                writer.key(name)
                writer.array { writer in for node in nodes { node.write(into: &writer) } }
            }
        }
    }
}
