// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import JSONText
import Server
import Terminal

/// `gyre errors`: what the model got wrong in service.
struct ErrorsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors",
        abstract: "List the false negatives, false positives and complaints that gathered.",
        discussion: """
            Example:
              gyre errors -n 20
            """
    )

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("At most this many, newest first.", valueName: "count")
    )
    var limit = 50

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...1_000).contains(limit) {
            throw ValidationError("At least 1 and at most 1000 can be listed, not \(limit).")
        }
    }

    func run() async throws {
        try await Session.withProject(common) { services in
            _ = try await services.feedback.gather()
            let errors = try await services.feedback.errors(limit: limit).errors
            var writer = JSONWriter()
            writer.array { writer in for error in errors { error.write(into: &writer) } }
            var table = Table([
                ("prediction", .left), ("kind", .left), ("version", .right), ("predicted", .right), ("truth", .right),
                ("score", .right), ("data", .left), ("comment", .left),
            ])
            for error in errors {
                table.add([
                    .init(error.id, .name), .init(error.kind.rawValue.replacing("_", with: " ")), .init(error.version),
                    .init(error.predicted), .init(error.truth ?? "–"),
                    .init(error.score.map { Humanize.fixed($0, 3) } ?? "–"),
                    .init(error.dataVersion.map { String($0.prefix(12)) } ?? "waits"), .init(error.comment ?? ""),
                ])
            }
            try common.output.answer(
                json: writer.text,
                text: errors.isEmpty ? "no errors gathered" : common.output.text(of: table)
            )
        }
    }
}
