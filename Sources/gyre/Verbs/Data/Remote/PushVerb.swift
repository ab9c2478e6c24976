// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import JSONText
import Terminal

/// `gyre push`: data to its remote, then code to its own.
struct PushVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send data to the remote, and then the code's commits.",
        discussion: """
            Sent is what the remote lacks of the data that the work tree names, and that the commits name which the branch's
            upstream lacks. The commits follow when all of their data is there: nobody can then fetch a commit without its
            data. With targets, `-r` or `--data-only` the code stays.

            With `data: {chunking: true}` in `gyre.yaml` contents of 4 MiB and more go as chunks that versions share, which
            `dvc` cannot read; `gyre remote unchunk` turns them back.

            Example:
              gyre push
              gyre push data/train.csv -r archive
            """
    )

    @OptionGroup var scope: ScopeOptions
    @OptionGroup var remote: RemoteOptions

    @Flag(help: "Send no commits.")
    var dataOnly = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await RemoteSession.with(common, remote) { session in
            var wanted = try await scope.scope(in: session.repository, common)
            let code = try await codeToPush(session)
            if code != nil { wanted.commits += try await Git(root: session.repository.root).unpushedData() }
            let outputs = try await session.reader.outputs(wanted)
            let report = try await Self.push(outputs, hasRunCache: scope.runCache, session)
            let text = TransferText(report: report, verb: "pushed")
            do {
                try text.check()
            } catch let error as DataRemotesError {
                guard let code else { throw error }
                throw DataRemotesError(
                    .dataNotPushed,
                    what: "cannot push \(code.commits) commit\(code.commits == 1 ? "" : "s") to `\(code.upstream)`",
                    why: "not all of their data is on the remote: \(error.what), because \(error.why)",
                    next: error.next ?? "run it again",
                    cause: error
                )
            }
            if code != nil { try await Git(root: session.repository.root).push() }
            try answer(text, code)
        }
    }

    /// What the branch's upstream lacks; nil if no code is to be pushed.
    private func codeToPush(_ session: RemoteSession) async throws -> (upstream: String, commits: Int)? {
        guard !dataOnly, scope.targets.isEmpty, remote.remote == nil else { return nil }
        let git = Git(root: session.repository.root)
        guard try await git.isRepository(), let upstream = try await git.upstream() else { return nil }
        let commits = try await git.unpushed().count
        return commits > 0 ? (upstream, commits) : nil
    }

    /// Sends the contents of outputs that their remotes lack.
    static func push(
        _ outputs: [SelectedOutput],
        hasRunCache: Bool,
        _ session: RemoteSession
    ) async throws -> TransferReport {
        var outputs = outputs
        let lock = try await session.repository.waitForLock(reading: [], writing: [])
        defer { lock.release() }
        let (watch, finish) = session.watch("push")
        defer { finish() }
        var total = TransferReport()
        if hasRunCache {
            outputs += try await RunCacheTransfer(session.cache, session.remote(), watch: watch).outputs()
        }
        let chunking = try session.chunking()
        for (remote, outputs) in try session.byRemote(outputs, where: \.isShared) {
            let pusher = Pusher(from: session.cache, to: remote, watch: watch, chunking: chunking)
            total.add(try await pusher.push(outputs))
        }
        if hasRunCache, total.failed.isEmpty {
            total.moved += try await RunCacheTransfer(session.cache, session.remote(), watch: watch).push()
        }
        return total
    }

    private func answer(_ text: TransferText, _ code: (upstream: String, commits: Int)?) throws {
        var writer = JSONWriter()
        writer.object { writer in
            text.write(into: &writer)
            writer.field("saved", text.report.saved)
            writer.field("commits", Int64(code?.commits ?? 0))
        }
        var lines = [text.line].compactMap(\.self)
        if text.report.saved > 0 {
            let (sent, saved) = (Humanize.bytes(text.report.bytes), Humanize.bytes(text.report.saved))
            lines.append("\(sent) sent, \(saved) were there as chunks")
        }
        if let code {
            lines.append("\(code.commits) commit\(code.commits == 1 ? "" : "s") pushed to \(code.upstream)")
        }
        if lines.isEmpty { lines = ["Everything is up to date."] }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
