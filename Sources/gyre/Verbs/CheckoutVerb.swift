// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Diagnostics
import JSONText
import Server
import Terminal

/// `gyre checkout`: puts versioned data into the work tree.
struct CheckoutVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout",
        abstract: "Put the data that the current commit names into the folder.",
        discussion: """
            Example:
              git switch main && gyre checkout
            """
    )

    @Argument(help: ArgumentHelp("Only these; all if none are named.", valueName: "path"))
    var paths: [String] = []

    @Flag(help: "Overwrite content that is in no version.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try DataRepository.open(at: try common.workspace().root)
        let wanted = Set(try paths.map { try data.relative(common.path($0)) })
        let known = try await data.pointers()
        if let unknown = wanted.subtracting(known.map(\.path)).sorted().first {
            throw ServerError(
                .notFound,
                what: "cannot check out `\(unknown)`",
                why: "the current commit names no data of that path",
                next: nearest(to: unknown, among: known.map(\.path)).map { "did you mean `\($0)`?" }
                    ?? "version it by `gyre add \(unknown)`"
            )
        }
        let pointers = known.filter { wanted.isEmpty || wanted.contains($0.path) }
        let changed = try await data.checkout(pointers, force: force)
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("changed")
            writer.array { writer in for path in changed { writer.string(path) } }
        }
        try common.output.answer(
            json: writer.text,
            text: changed.isEmpty
                ? "all \(pointers.count) data paths are up to date" : "restored \(changed.joined(separator: ", "))"
        )
    }
}
