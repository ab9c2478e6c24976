// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Terminal

/// `gyre cache`: where the cache is, and room in it.
struct CacheVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Choose the cache's folder; keep earlier versions of data as the pieces that differ.",
        discussion: """
            Versions of a large table that was edited share most of their bytes. `pack` keeps those of earlier versions once; \
            the data of the current commit stays as `dvc` reads it, and a checkout of an earlier one unpacks what it needs. \
            Before `dvc` itself reads earlier versions, `export` turns all of it back.

            Example:
              gyre cache pack
              gyre cache show
            """,
        subcommands: [
            CacheDirVerb.self, CachePackVerb.self, CacheExportVerb.self, CacheShowVerb.self, CacheMigrateVerb.self,
        ]
    )
}

/// `gyre cache pack`.
struct CachePackVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Pack the contents that only earlier versions name.",
        discussion: """
            Example:
              gyre cache pack --min-size 4
            """
    )

    @Option(help: ArgumentHelp("Leave contents alone that are smaller than so many MiB.", valueName: "mebibytes"))
    var minSize = 1

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...(1 << 20)).contains(minSize) else { throw ValidationError("--min-size must be 0 or more") }
    }

    func run() async throws {
        let data = try common.data()
        let bar = FilesBar(common.output, "packing")
        let report = try await data.pack(minimum: Int64(minSize) << 20, onProgress: bar.progress)
        bar.finish()
        for md5 in report.damaged {
            common.output.warning("the cache's object \(md5) is damaged and stays; fetch it by `gyre fetch`")
        }
        try ChunkAnswer(report: report, word: "packed").print(common)
        if !report.damaged.isEmpty { throw ExitCode(1) }
    }
}

/// `gyre cache export`.
struct CacheExportVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Turn all that is packed back into the objects that dvc reads.",
        discussion: """
            Example:
              gyre cache export -C ../churn
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let bar = FilesBar(common.output, "unpacking")
        let report = try await data.exportChunks(onProgress: bar.progress)
        bar.finish()
        try ChunkAnswer(report: report, word: "unpacked").print(common)
    }
}

/// `gyre cache migrate`: DVC's, which Gyre does not need.
struct CacheMigrateVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Not supported: move the objects of DVC 2 to the places of DVC 3.",
        discussion: """
            Example:
              dvc cache migrate
            """,
        shouldDisplay: false
    )

    @Flag(help: .hidden)
    var dvcFiles = false

    @Flag(help: .hidden)
    var dry = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        throw UsageError(
            what: "cannot run `gyre cache migrate`",
            why: "it is not supported: objects of DVC 2 are read where they are",
            next: "run `dvc cache migrate` if they must move"
        )
    }
}

/// `gyre cache show`.
struct CacheShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what is packed, and how much room that saves.",
        discussion: """
            Example:
              gyre cache show --json
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try ChunkAnswer(report: try await common.data().chunkReport(), word: nil).print(common)
    }
}

/// What the commands say.
private struct ChunkAnswer {
    let report: ChunkReport
    /// What happened; nil if nothing was to.
    let word: String?

    func print(_ common: CommonOptions) throws {
        var writer = JSONWriter()
        writer.object { writer in
            if let word { writer.field(word, report.count) }
            writer.field("contents", report.packedCount)
            writer.field("size", report.packedSize)
            writer.field("stored", report.storedSize)
            writer.field("damaged", report.damaged)
        }
        var lines = word.map { ["\($0) \(report.count) contents"] } ?? []
        let (size, stored) = (Humanize.bytes(report.packedSize), Humanize.bytes(report.storedSize))
        lines.append("\(report.packedCount) contents of \(size) take \(stored)")
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
