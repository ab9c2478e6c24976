// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import Pipelines
import Server
import Synchronization
import SystemPackage
import Terminal

/// `gyre get`: data of another repository, without a project.
struct GetVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Download a file or folder of a DVC or git repository.",
        discussion: """
            No clone and no project are needed: of the repository only what is asked for is fetched, and the data comes from \
            its cache or its remote.

            Example:
              gyre get https://github.com/iterative/example-get-started model.pkl
              gyre get ../shared-data features/2026 --rev v1.2 -o features
            """
    )

    @Argument(help: ArgumentHelp("The folder or the URL of the repository.", valueName: "url"))
    var url: String

    @Argument(help: ArgumentHelp("The path in it.", valueName: "path"))
    var path: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where it goes.", valueName: "path"))
    var out: String?

    @Option(help: ArgumentHelp("A branch, a tag or a commit.", valueName: "revision"))
    var rev: String?

    @Option(help: ArgumentHelp("A remote of that repository, in place of its default.", valueName: "name"))
    var remote: String?

    @Flag(help: "Print where the data is in the remote, and fetch nothing.")
    var showUrl = false

    @Flag(name: [.short, .long], help: "Replace what is there.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let target = common.target(out, named: path)
        let bar = FilesBar(common.output, "downloading")
        try await OriginSession.with { session in
            defer { bar.finish() }
            let origin = try await Origin.open(
                url,
                revision: rev,
                from: common.folder,
                clones: session.clones,
                stages: .ofPipelines
            )
            let contents = try session.contents(of: origin, remote: remote)
            if showUrl { return try showAddress(origin, contents) }
            let selection = try await origin.select(path, contents)
            let counter = FilesCounter(total: selection.fileCount, bar)
            try await origin.copy(selection, contents, to: target, force: force) { counter.advance() }
            bar.finish()
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("path", target.string)
                writer.field("commit", origin.commit)
                writer.field("files", selection.fileCount)
            }
            let count = selection.isDirectory ? " (\(selection.fileCount) files)" : ""
            try common.answer(json: writer.text, text: "downloaded `\(target)`\(count)")
        }
    }

    private func showAddress(_ origin: Origin, _ contents: OriginContents) throws {
        guard let output = origin.outputs.first(where: { $0.path == path }), let address = contents.address(of: output)
        else {
            throw ServerError(
                .notFound,
                what: "cannot show the address of `\(path)`",
                why: "`\(url)` has no data of that path, or no remote",
                next: "see what it has by `gyre list \(url) --dvc-only -R`"
            )
        }
        var writer = JSONWriter()
        writer.object { $0.field("url", address) }
        try common.answer(json: writer.text, text: address)
    }
}

/// Counts files for a bar.
final class FilesCounter: Sendable {
    private let done = Atomic(0)
    private let total: Int
    private let progress: DataProgress

    init(total: Int, _ bar: FilesBar) {
        self.total = total
        progress = bar.progress
        progress(0, total)
    }

    func advance() { progress(done.wrappingAdd(1, ordering: .relaxed).newValue, total) }
}

/// `gyre get-url`: a file or folder, without a project.
struct GetURLVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get-url",
        abstract: "Download a file from a URL, or copy a file or folder from a path.",
        discussion: """
            Example:
              gyre get-url https://example.org/train.csv
            """
    )

    @Argument(help: ArgumentHelp("A path, or a URL with `http`, `https`, `s3`, `remote` or `file`.", valueName: "url"))
    var url: String

    @Argument(help: ArgumentHelp("Where it goes.", valueName: "out"))
    var out: String?

    @Flag(name: [.short, .long], help: "Replace what is there.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let target = common.target(out, named: url)
        try await OriginSession.with { session in
            let source = PlainSource(
                url,
                from: common.folder,
                client: session.client,
                others: session.others,
                // Outside of a project there are no remotes to name.
                config: try? DataRepository.open(at: common.folder).config
            )
            try await source.copy(to: target, force: force)
        }
        var writer = JSONWriter()
        writer.object { $0.field("path", target.string) }
        try common.answer(json: writer.text, text: "downloaded `\(target)`")
    }
}
