// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import JSONText
import SystemPackage
import Terminal

/// `gyre remote unchunk`: a remote as DVC knows it.
struct RemoteUnchunkVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unchunk",
        abstract: "Turn all chunks of a remote back into the objects that dvc reads.",
        discussion: """
            Whole objects are sent first; manifests and chunks go when each has its hash. Take `chunking` out of `gyre.yaml`
            before, or the next push makes new ones.

            Example:
              gyre remote unchunk store
            """
    )

    @Argument(help: "The remote; the default one if none is named.")
    var name: String?

    @Option(name: [.short, .long], help: ArgumentHelp("How many transfers at once.", valueName: "number"))
    var jobs: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is at least 1") }
    }

    func run() async throws {
        var options = RemoteOptions()
        (options.remote, options.jobs) = (name, jobs)
        try await RemoteSession.with(common, options) { session in
            let remote = try session.remote()
            let lock = try session.repository.lock()
            defer { lock.release() }
            let (watch, finish) = session.watch("unchunk")
            defer { finish() }
            let folder = session.repository.root.pushing(FilePath(".dvc/tmp/gyre/unchunk"))
            let report = try await Unchunker(of: remote, session.cache, folder: folder, watch: watch).run()
            finish()
            if report.isHeld {
                common.output.warning(
                    "a push to `\(remote.name)` is under way, so that manifests and chunks stay; run it again"
                )
            }
            try TransferText(report: report.transfer, verb: "pushed").check()
            try answer(report)
        }
    }

    private func answer(_ report: Unchunker.Report) throws {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("contents", Int64(report.transfer.moved))
            writer.field("bytes", report.transfer.bytes)
            writer.field("manifests", Int64(report.manifests))
            writer.field("chunks", Int64(report.chunks))
        }
        let count = report.transfer.moved
        try common.answer(
            json: writer.text,
            text: """
                \(count) content\(count == 1 ? "" : "s") sent whole (\(Humanize.bytes(report.transfer.bytes))), \
                \(report.manifests) manifest\(report.manifests == 1 ? "" : "s") and \(report.chunks) \
                chunk\(report.chunks == 1 ? "" : "s") removed
                """
        )
    }
}
