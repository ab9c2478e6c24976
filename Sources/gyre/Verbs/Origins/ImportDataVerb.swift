// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import Server
import SystemPackage
import Terminal

/// How much of an import happens.
struct ExtentOptions: ParsableArguments {
    @Flag(help: "Write down where the data comes from; it comes with the next `gyre pull`.")
    var noDownload = false

    @Flag(help: "Write down where the data comes from, without looking there.")
    var noExec = false

    @Flag(name: [.short, .long], help: "Replace what is there.")
    var force = false

    func validate() throws {
        if noDownload, noExec { throw ValidationError("--no-download and --no-exec exclude each other") }
    }

    var extent: DataImporter.Extent { noExec ? .noExecution : noDownload ? .noDownload : .whole }
}

/// `gyre import URL PATH`: data of another repository.
struct ImportDataVerb: AsyncParsableCommand, TakesArguments {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Import a file or folder of another DVC or git repository.",
        discussion: """
            The data becomes data of this project, and its `.dvc` file remembers the repository and the commit, so that \
            `gyre update` brings what is new there. Of the other repository only what is needed is fetched. The word `data` \
            can be left out.

            Example:
              gyre import data https://github.com/iterative/example-get-started data/data.xml
              gyre import ../shared-data features --rev v1.2 -o data/features
            """
    )

    @Argument(help: ArgumentHelp("The folder or the URL of the repository.", valueName: "url"))
    var url: String

    @Argument(help: ArgumentHelp("The path in it.", valueName: "path"))
    var path: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where it goes.", valueName: "path"))
    var out: String?

    @Option(help: ArgumentHelp("A branch, a tag or a commit to follow.", valueName: "revision"))
    var rev: String?

    @OptionGroup var extent: ExtentOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try DataRepository.open(at: common.folder)
        let target = try data.relative(common.target(out, named: path))
        let bar = FilesBar(common.output, "importing")
        let result = try await OriginSession.with { session in
            defer { bar.finish() }
            return try await data.staging {
                try await session.importer(data, common, bar).importData(
                    path,
                    of: url,
                    revision: rev,
                    to: target,
                    extent: extent.extent,
                    force: extent.force
                )
            }
        }
        try ImportAnswer(results: [result]).print(common)
    }
}

/// `gyre import-url`: data from a path or a URL.
struct ImportURLVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-url",
        abstract: "Import a file or folder from a path or a bucket, or a file from a URL.",
        discussion: """
            The data becomes data of this project, and its `.dvc` file remembers where it comes from, so that \
            `gyre update` brings what is new there.

            Example:
              gyre import-url https://example.org/train.csv data/train.csv
              gyre import-url s3://bucket/images
              gyre import-url remote://archive/2026/train.csv
            """
    )

    @Argument(help: ArgumentHelp("A path, or a URL with `http`, `https`, `s3`, `remote` or `file`.", valueName: "url"))
    var url: String

    @Argument(help: ArgumentHelp("Where it goes.", valueName: "out"))
    var out: String?

    @Flag(help: "Not supported: put the data straight into a remote.")
    var toRemote = false

    @OptionGroup var extent: ExtentOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        if toRemote { throw ImportAnswer.noDirectTransfer("import-url") }
        let data = try DataRepository.open(at: common.folder)
        let target = try data.relative(common.target(out, named: url))
        let bar = FilesBar(common.output, "importing")
        let result = try await OriginSession.with { session in
            defer { bar.finish() }
            return try await data.staging {
                try await session.importer(data, common, bar)
                    .importURL(url, to: target, extent: extent.extent, force: extent.force)
            }
        }
        try ImportAnswer(results: [result]).print(common)
    }
}

/// `gyre update`: what is new where data came from.
struct UpdateVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Bring what is new where imported data came from.",
        discussion: """
            Example:
              gyre update data/features.dvc --rev v1.3
            """
    )

    @Argument(help: ArgumentHelp("Imported data, or its `.dvc` files; with -R folders of them.", valueName: "target"))
    var targets: [String]

    @Option(help: ArgumentHelp("Another branch, tag or commit to follow from now on.", valueName: "revision"))
    var rev: String?

    @Flag(name: [.customShort("R"), .long], help: "Update all that was imported below these folders.")
    var recursive = false

    @Flag(help: "Write down what is new; it comes with the next `gyre pull`.")
    var noDownload = false

    @Flag(help: "Not supported: put the data straight into a remote.")
    var toRemote = false

    @Flag(name: [.short, .long], help: "Replace content that is in no version.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        if toRemote { throw ImportAnswer.noDirectTransfer("update") }
        let data = try DataRepository.open(at: common.folder)
        var files: [String] = []
        for target in targets {
            let path = common.path(target)
            if recursive, path != data.root, case let relative = try data.relative(path),
                case let inside = try await data.importFiles(below: relative), !inside.isEmpty
            {
                files += inside
            } else if recursive, path == data.root {
                files += try await data.importFiles(below: "")
            } else {
                let relative = try data.relative(path)
                files.append(relative.hasSuffix(".dvc") ? relative : relative + ".dvc")
            }
        }
        let bar = FilesBar(common.output, "updating")
        let results = try await OriginSession.with { session in
            defer { bar.finish() }
            return try await data.staging {
                var results: [DataImporter.Result] = []
                for file in files {
                    results.append(
                        try await session.importer(data, common, bar)
                            .update(file, revision: rev, extent: noDownload ? .noDownload : .whole, force: force)
                    )
                }
                return results
            }
        }
        try ImportAnswer(results: results).print(common)
    }
}

extension CommonOptions {
    /// Where something from elsewhere goes: the place named, in it if it is a folder, or else here by its own name.
    func target(_ out: String?, named source: String) -> FilePath {
        let path = source.contains("://") ? String(source.prefix { $0 != "?" && $0 != "#" }) : source
        let name = FilePath(path).lexicallyNormalized().lastComponent?.string ?? "data"
        guard let out else { return self.path(name) }
        let place = self.path(out)
        return FileSystem.isDirectory(place) ? place.appending(name) : place
    }
}

/// What the commands say about imports.
struct ImportAnswer {
    let results: [DataImporter.Result]

    static func noDirectTransfer(_ verb: String) -> ServerError {
        ServerError(
            .invalidRequest,
            what: "cannot run `gyre \(verb) --to-remote`",
            why: "data goes by way of this machine; straight into a remote is not supported",
            next: "leave `--to-remote` out, and run `gyre push` afterwards"
        )
    }

    func print(_ common: CommonOptions) throws {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("imports")
            writer.array { writer in
                for result in results {
                    writer.object { writer in
                        writer.field("file", result.file)
                        writer.field("path", result.path)
                        writer.field("md5", result.pointer?.md5)
                        writer.field("size", result.pointer?.size)
                        writer.field("changed", result.hasChanged)
                    }
                }
            }
        }
        let lines = results.map { result in
            guard result.hasChanged else { return "`\(result.file)` is up to date" }
            guard let pointer = result.pointer else { return "wrote `\(result.file)`; `gyre pull` brings the data" }
            let count = pointer.fileCount.map { "\($0) files, " } ?? ""
            return "imported `\(pointer.path)` (\(count)\(Humanize.bytes(pointer.size))); commit `\(result.file)`"
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
