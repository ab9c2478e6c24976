// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import JSONText
import Registry
import Server
import Terminal

/// `gyre status`: where the project stands.
struct StatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show where the project stands: champion, errors, turns of the loop.",
        discussion: """
            Example:
              gyre status
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
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
            try common.output.answer(json: writer.text, text: lines.joined(separator: "\n"))
        }
    }
}
