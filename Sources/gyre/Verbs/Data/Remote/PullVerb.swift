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
            let outputs = try await session.reader.outputs(wanted)
            let report = try await FetchVerb.fetch(outputs, hasRunCache: scope.runCache, session)
            var options = CheckoutOptions(force: force)
            // What could be fetched gets its place, and the rest is told.
            options.allowsMissing = true
            var here = wanted
            here.commits = []
            let pointers = try await session.reader.outputs(here)
                .filter { $0.output.isCached && $0.part == nil }.map(\.output.pointer)
            let checkout = try await session.repository.checkout(pointers, options)
            let text = TransferText(report: report, verb: "fetched")
            try text.check(allowsMissing: true)
            if !allowMissing, let missing = checkout.missing.first { throw lost(missing, checkout.missing.count - 1) }
            try answer(text, checkout)
        }
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

extension UsedOutput {
    /// The pointer that a checkout takes.
    var pointer: DataPointer {
        DataPointer(
            path: path,
            md5: object.md5,
            size: size,
            fileCount: fileCount,
            isExecutable: isExecutable,
            isLegacy: object.isLegacy
        )
    }
}
