// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import Terminal
import Tracking

/// `gyre runs set-tag`: notes about a run.
struct RunsTagVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-tag",
        abstract: "Set tags of a run.",
        discussion: """
            Example:
              gyre runs set-tag quiet-harbor-680 reviewed=yes team=risk
            """
    )

    @Argument(help: ArgumentHelp("The run, by its id, the beginning of its id, or its name.", valueName: "run"))
    var run: String

    @Argument(help: ArgumentHelp("Tags to set, all of them or none.", valueName: "key=value"))
    var tags: [String]

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let tags = try tags.map { try KeyValue(setting: $0) }
        try await Session.withProject(common) { services in
            let run = try await services.tracking.run(meant: run, view: .activeOnly)
            try await services.tracking.log(.init(tags: tags), run: run.id)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("run_id", run.id)
                writer.key("tags")
                writer.object { writer in for tag in tags { writer.field(tag.key, tag.value) } }
            }
            try common.output.answer(
                json: writer.text,
                text: "\(run.name) (\(run.id.prefix(12))) has \(tags.map(\.key).joined(separator: ", "))"
            )
        }
    }
}

extension KeyValue {
    /// A tag as people write it, `key=value`.
    ///
    /// - Throws: ``UsageError`` for a text without `=` or with nothing before it.
    init(setting text: String) throws(UsageError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw UsageError(
                what: "cannot set the tag `\(text)`",
                why: "it has no `=` with a name before it",
                next: "write for example `reviewed=yes`"
            )
        }
        self.init(parts[0], parts[1])
    }
}
