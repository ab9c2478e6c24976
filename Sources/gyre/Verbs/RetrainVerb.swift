// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import JSONText
import Server
import Terminal

/// `gyre retrain`: a turn of the loop, now.
struct RetrainVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrain",
        abstract: "Run a turn of the loop now, whatever its rules say.",
        discussion: """
            The gathered errors become a data version on a branch of its own; a challenger is trained on it, judged against the
            champion, and promoted if it meets the requirements. Exit code 3 means that it does not.

            Example:
              gyre retrain
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let output = common.output
        let turn = try await Session.withProject(common) { services in
            _ = try await services.feedback.gather()
            return try await TrackingServer.with(services, logger: Session.quietLogger) { url in
                guard let loop = services.feedbackLoop(trackingURL: url) else {
                    throw ServerError(
                        .missingSetting,
                        what: "cannot retrain",
                        why: "`gyre.yaml` names no `loop.errors` or no `model.target`",
                        next: "add them; `gyre init --example breast-cancer` shows how"
                    )
                }
                return try await loop.turn()
            }
        }
        var writer = JSONWriter()
        turn.write(into: &writer)
        try output.answer(
            json: writer.text,
            text: "turn \(turn.id) \(turn.state.rawValue) on \(turn.errors) errors: \(turn.note)"
        )
        switch turn.state {
        case .refused: throw ExitCode(3)
        case .failed, .interrupted: throw ExitCode(1)
        case .promoted, .waiting, .running: break
        }
    }
}
