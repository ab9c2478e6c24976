// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import JSONText
import Terminal

/// `gyre fetch`: data from its remote into the cache.
struct FetchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Bring data from the remote into the cache.",
        discussion: """
            The work tree stays as it is; `gyre checkout` puts the data there, `gyre pull` does both.

            Example:
              gyre fetch --all-branches
            """
    )

    @OptionGroup var scope: ScopeOptions
    @OptionGroup var remote: RemoteOptions

    @Option(help: ArgumentHelp("Only data below this size in bytes.", valueName: "bytes"))
    var maxSize: Int64?

    @Option(name: .customLong("type"), help: ArgumentHelp("Only metrics, or plots.", valueName: "kind"))
    var kinds: [UsedOutput.Kind] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await RemoteSession.with(common, remote) { session in
            let wanted = try await scope.scope(in: session.repository, common)
            let outputs = try await session.reader.outputs(wanted).filter { selected in
                (maxSize.map { selected.output.size < $0 } ?? true)
                    && (kinds.isEmpty || kinds.contains(selected.output.kind))
            }
            let report = try await Self.fetch(outputs, hasRunCache: scope.runCache, session)
            let text = TransferText(report: report, verb: "fetched")
            try text.check()
            var writer = JSONWriter()
            writer.object { text.write(into: &$0) }
            try common.answer(json: writer.text, text: text.line ?? "Everything is up to date.")
        }
    }

    /// Brings the contents of outputs into the cache.
    static func fetch(
        _ outputs: [SelectedOutput],
        hasRunCache: Bool,
        _ session: RemoteSession
    ) async throws -> TransferReport {
        let lock = try session.repository.lock()
        defer { lock.release() }
        let (watch, finish) = session.watch("fetch")
        defer { finish() }
        var outputs = outputs
        var total = TransferReport()
        if hasRunCache {
            let runs = RunCacheTransfer(session.cache, try session.remote(), watch: watch)
            total.moved += try await runs.fetch()
            outputs += try await runs.outputs()
        }
        for selected in outputs where selected.output.isForeign {
            session.output.warning("`\(selected.output.path)` comes from another repository: `gyre update` brings it")
        }
        for (remote, outputs) in try session.byRemote(outputs, where: \.isFetched) {
            total.add(try await Fetcher(from: remote, to: session.cache, watch: watch).fetch(outputs))
        }
        return total
    }
}

extension UsedOutput.Kind: ExpressibleByArgument {}
