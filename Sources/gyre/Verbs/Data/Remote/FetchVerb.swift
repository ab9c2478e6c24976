// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import Diagnostics
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
            let report = try await Self.fetch(outputs, hasRunCache: scope.runCache, session).report
            let text = TransferText(report: report, verb: "fetched")
            try text.check()
            var writer = JSONWriter()
            writer.object { text.write(into: &$0) }
            try common.answer(json: writer.text, text: text.line ?? "Everything is up to date.")
        }
    }

    /// What came, and the contents of imports whose file does not say them.
    typealias Fetched = (report: TransferReport, imports: [UsedOutput: DataPointer])

    /// Brings the contents of outputs into the cache.
    static func fetch(_ outputs: [SelectedOutput], hasRunCache: Bool, _ session: RemoteSession) async throws -> Fetched
    {
        // They take the lock themselves.
        var (total, imports) = try await fetchImports(outputs, session)
        let lock = try await session.repository.waitForLock(reading: [], writing: [])
        defer { lock.release() }
        let (watch, finish) = session.watch("fetch")
        defer { finish() }
        var outputs = outputs
        if hasRunCache {
            let runs = RunCacheTransfer(session.cache, try session.remote(), watch: watch)
            total.moved += try await runs.fetch()
            outputs += try await runs.outputs()
        }
        for (remote, outputs) in try session.byRemote(outputs, where: \.isFetched) {
            total.add(try await Fetcher(from: remote, to: session.cache, watch: watch).fetch(outputs))
        }
        return (total, imports)
    }

    /// Brings what was imported from where it came from; one that cannot be had holds up no others.
    private static func fetchImports(_ outputs: [SelectedOutput], _ session: RemoteSession) async throws -> Fetched {
        var report = TransferReport()
        var imports: [UsedOutput: DataPointer] = [:]
        let bar = FilesBar(session.output, "importing")
        defer { bar.finish() }
        for output in outputs.map(\.output) where output.isForeign && output.isCached && imports[output] == nil {
            guard let source = output.source, !(try await session.cache.holds(output)) else { continue }
            do {
                let pointer = try await session.importer(bar).fetch(source, at: output.path)
                imports[output] = pointer
                report.moved += pointer.fileCount ?? 1
                report.bytes += pointer.size
            } catch let error as any Explained {
                report.failed.append((output.path, error))
            }
        }
        return (report, imports)
    }
}

extension UsedOutput.Kind: ExpressibleByArgument {}
