// SPDX-License-Identifier: Apache-2.0

import Feedback
import JSONText
import Registry
import Server

/// Where a project stands: champion, errors, turns of the loop.
struct Standing: Sendable {
    let lines: [String]
    let json: String

    static func look(_ services: ProjectServices) async throws -> Standing {
        let counts = try await services.feedback.counts()
        let turns = try await FeedbackLoop.turns(in: services.database, limit: 5)
        let champion = try await services.registry.version(
            model: services.project.model.name,
            alias: RegistryService.champion
        )
        let server = ServerFile(workspace: services.workspace).running()
        var writer = JSONWriter(pretty: true)
        writer.object { writer in
            writer.field("project", services.project.project)
            writer.field("server", server?.url)
            writer.field("champion", champion.map { String($0.version) })
            writer.field("labels", counts.labels)
            writer.field("new_errors", counts.new)
            writer.key("turns")
            writer.array { writer in for turn in turns { turn.write(into: &writer) } }
        }
        var lines = [
            "project   \(services.project.project)",
            "server    \(server?.url ?? "not running; start it by `gyre up`")",
            "champion  \(champion.map { "\($0.name)/\($0.version)" } ?? "none yet")",
            "labels    \(counts.labels)", "errors    \(counts.new) wait for the next data version",
        ]
        if let turn = turns.first { lines.append("loop      turn \(turn.id) \(turn.state.rawValue): \(turn.note)") }
        return Standing(lines: lines, json: writer.text)
    }
}
