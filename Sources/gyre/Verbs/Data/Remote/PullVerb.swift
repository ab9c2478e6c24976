// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import JSONText
import Terminal

/// `gyre pull`: data from its remote into the work tree.
struct PullVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Bring data from the remote into the folder.",
        discussion: """
            Content that is in no version is not overwritten unless `--force` is given.

            Example:
              git pull && gyre pull
            """
    )

    @OptionGroup var scope: ScopeOptions
    @OptionGroup var remote: RemoteOptions

    @Flag(name: [.short, .long], help: "Overwrite content that is in no version.")
    var force = false

    @Flag(help: "What is nowhere is no error.")
    var allowMissing = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await RemoteSession.with(common, remote) { session in
            let wanted = try await scope.scope(in: session.repository, common)
            let (report, checkout) = try await Self.pull(
                wanted,
                hasRunCache: scope.runCache,
                CheckoutOptions(force: force),
                session
            )
            let text = TransferText(report: report, verb: "fetched")
            try text.check(allowsMissing: true)
            if !allowMissing, let missing = checkout.missing.first { throw lost(missing, checkout.missing.count - 1) }
            try answer(text, checkout)
        }
    }

    /// Brings the data of a scope into the cache, and that of the work tree to its place.
    static func pull(
        _ scope: DataScope,
        hasRunCache: Bool,
        _ options: CheckoutOptions,
        _ session: RemoteSession
    ) async throws -> (report: TransferReport, checkout: CheckoutReport) {
        let outputs = try await session.reader.outputs(scope)
        let (report, imports) = try await FetchVerb.fetch(outputs, hasRunCache: hasRunCache, session)
        var options = options
        // What could be fetched gets its place, and the rest is told.
        options.allowsMissing = true
        var here = scope
        here.commits = []
        let choices = try await session.reader.outputs(here).compactMap { selected -> OutputTargets.Choice? in
            let output = selected.output
            guard output.isCached, let pointer = imports[output] ?? output.pointer else { return nil }
            return OutputTargets.Choice(
                output: TrackedOutput(path: output.path, pointer: pointer, file: output.file, stage: output.stage),
                part: pointer.isDirectory ? selected.part : nil
            )
        }
        return (report, try await session.repository.checkout(choices, options))
    }

    private func lost(_ path: String, _ rest: Int) -> DataRemotesError {
        DataRemotesError(
            .missingContent,
            what: "cannot restore `\(path)`" + (rest > 0 ? " and \(rest) more" : ""),
            why: "neither the cache nor the remote has its content",
            next: "run `gyre push` where it is, or pass `--allow-missing`"
        )
    }

    private func answer(_ text: TransferText, _ checkout: CheckoutReport) throws {
        var writer = JSONWriter()
        writer.object { writer in
            text.write(into: &writer)
            for kind in CheckoutReport.Kind.allCases {
                writer.key(kind.rawValue)
                writer.array { writer in
                    for change in checkout.changes where change.kind == kind { writer.string(change.path) }
                }
            }
        }
        let letters: [CheckoutReport.Kind: String] = [.modified: "M", .added: "A", .deleted: "D"]
        var lines = checkout.changes.map { "\(letters[$0.kind] ?? "")\t\($0.path)\($0.isDirectory ? "/" : "")" }
        let counts = CheckoutReport.Kind.allCases.compactMap { kind in
            checkout.files[kind].map { "\($0) file\($0 == 1 ? "" : "s") \(kind.rawValue)" }
        }
        let words = [text.line].compactMap(\.self) + counts
        lines.append(words.isEmpty ? "Everything is up to date." : words.joined(separator: " and "))
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
