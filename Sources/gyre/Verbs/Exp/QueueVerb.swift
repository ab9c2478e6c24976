// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Experiments
import Files
import JSONText
import Server
import SystemPackage
import Terminal

/// `gyre queue`: experiments that wait.
struct QueueVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Run experiments that wait, each in a work tree of its own.",
        discussion: """
            `gyre exp run --queue` writes them down.

            Example:
              gyre queue start -j 2
            """,
        subcommands: [
            QueueStartVerb.self, QueueStatusVerb.self, QueueStopVerb.self, QueueRemoveVerb.self, QueueLogsVerb.self,
            QueueKillVerb.self,
        ]
    )
}

/// `gyre queue start`.
struct QueueStartVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Work on the queue until nothing waits.",
        discussion: """
            It works in the foreground; an interrupted experiment waits again. Others may start at the same time.

            Example:
              gyre queue start -j 2
            """
    )

    @Option(name: [.short, .long], help: ArgumentHelp("How many run at once.", valueName: "n"))
    var jobs = 1

    @OptionGroup var common: CommonOptions

    func validate() throws { if jobs < 1 { throw ValidationError("--jobs is at least 1") } }

    func run() async throws { try await QueueWork(try ExperimentProject(common), common).run(workers: jobs) }
}

/// `gyre queue status`.
struct QueueStatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "List the queue, and how far it is.",
        discussion: """
            Example:
              gyre queue status --json
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try ExperimentProject(common).runner.queue
        let entries = try queue.entries().map { entry in
            var entry = entry
            // Its worker died; the next one takes it.
            if queue.isInterrupted(entry) { entry.state = .queued }
            return entry
        }
        let workers = try queue.workerCount()
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("workers", workers)
            writer.key("entries")
            writer.raw(QueueList(entries).json)
        }
        let table = QueueList(entries).table(nowMs: Session.now())
        let head = entries.isEmpty ? "the queue is empty" : common.output.text(of: table)
        let tail = "\(workers) worker process\(workers == 1 ? "" : "es")"
        try common.answer(json: writer.text, text: "\(head)\n\(tail)")
    }
}

/// `gyre queue stop`.
struct QueueStopVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Have workers end when what they run is done.",
        discussion: """
            Example:
              gyre queue stop --kill
            """
    )

    @Flag(help: "End what runs, too.")
    var kill = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let count = try ExperimentProject(common).runner.queue.stop(kills: kill)
        var writer = JSONWriter()
        writer.object { $0.field("workers", count) }
        let text =
            count == 0 ? "nobody works on the queue" : "asked \(count) worker process\(count == 1 ? "" : "es") to end"
        try common.answer(json: writer.text, text: text)
    }
}

/// `gyre queue remove`.
struct QueueRemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove entries of the queue, not their experiments.",
        discussion: """
            Example:
              gyre queue remove --failed
            """,
        aliases: ["rm"]
    )

    @Argument(help: ArgumentHelp("Entries.", valueName: "name"))
    var names: [String] = []

    @Flag(help: "All but those that run.")
    var all = false

    @Flag(help: "All that wait.")
    var queued = false

    @Flag(help: "All that are done.")
    var success = false

    @Flag(help: "All that failed or were ended.")
    var failed = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !names.isEmpty || all || queued || success || failed else {
            throw ValidationError("name entries, or choose them by --all, --queued, --success or --failed")
        }
    }

    func run() async throws {
        let experiments = try ExperimentProject(common)
        let queue = experiments.runner.queue
        var chosen = try names.flatMap { try queue.entries(named: $0) }
        chosen += try queue.entries().filter { entry in
            guard !chosen.contains(entry) else { return false }
            return switch entry.state {
            case .queued: all || queued
            case .success: all || success
            case .failed, .killed: all || failed
            case .running: all && queue.isInterrupted(entry)
            }
        }
        try await queue.remove(chosen)
        try await Self.endSweeps(of: chosen, experiments, common)
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("removed")
            writer.array { writer in for entry in chosen { writer.string(entry.name) } }
        }
        let names = chosen.map(\.name).joined(separator: ", ")
        try common.answer(json: writer.text, text: chosen.isEmpty ? "there is nothing to remove" : "removed \(names)")
    }

    /// Ends the runs above sweeps whose last entry went.
    static func endSweeps(
        of entries: [QueueEntry],
        _ experiments: ExperimentProject,
        _ common: CommonOptions
    ) async throws {
        let parents = Set(entries.compactMap(\.parentRun))
        guard !parents.isEmpty else { return }
        try await Session.withProject(common, at: experiments.workspace) { services in
            try await experiments.runner.endSweeps(parents, services.tracking)
        }
    }
}

/// `gyre queue logs`.
struct QueueLogsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what an experiment wrote.",
        discussion: """
            Example:
              gyre queue logs keen-wren --follow
            """
    )

    @Argument(help: ArgumentHelp("The entry; of several of the name the last.", valueName: "name"))
    var name: String

    @Flag(name: [.short, .long], help: "Wait for more until it ends.")
    var follow = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try ExperimentProject(common).runner.queue
        guard let entry = try queue.entries(named: name).last else { return }
        let path = queue.log(entry)
        guard FileSystem.exists(path) || follow else {
            throw ExperimentsError(
                .unknownExperiment,
                what: "cannot show the log of `\(entry.name)`",
                why: "it did not run yet",
                next: "run `gyre queue start`"
            )
        }
        var offset: Int64 = 0
        while true {
            // Asked before reading, so that its last words are read.
            let isRunning =
                try queue.entries(named: entry.id).last.map { $0.state == .running && queue.isHeld($0) } ?? false
            let start = offset
            let (text, end) = try await BlockingPool.shared.run { try Self.text(of: path, from: start) }
            offset = end
            if !text.isEmpty {
                var writer = JSONWriter()
                writer.object { $0.field("text", text) }
                guard case .written = common.output.part(json: writer.text, text: text) else { return }
            }
            guard follow, isRunning || !FileSystem.exists(path) else { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// What was added to a file since a place in it.
    private static func text(of path: FilePath, from start: Int64) throws -> (text: String, end: Int64) {
        guard FileSystem.exists(path) else { return ("", start) }
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var (bytes, offset): ([UInt8], Int64) = ([], start)
            while bytes.count < 64 << 20 {
                let part = try [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                    count = try file.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
                }
                guard !part.isEmpty else { break }
                offset += Int64(part.count)
                bytes += part
            }
            return (String(decoding: bytes, as: UTF8.self), offset)
        }
    }
}

/// `gyre queue kill`.
struct QueueKillVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "End experiments that run.",
        discussion: """
            Example:
              gyre queue kill keen-wren
            """
    )

    @Argument(help: ArgumentHelp("Entries.", valueName: "name"))
    var names: [String]

    @Flag(name: [.short, .long], help: "At once; it always is.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try ExperimentProject(common).runner.queue
        let entries = try names.compactMap { try queue.entries(named: $0).last }
        for entry in entries { try queue.kill(entry) }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("killed")
            writer.array { writer in for entry in entries { writer.string(entry.name) } }
        }
        try common.answer(json: writer.text, text: "asked \(entries.map(\.name).joined(separator: ", ")) to end")
    }
}
