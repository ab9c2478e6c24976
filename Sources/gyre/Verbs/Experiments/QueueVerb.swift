// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Experiments
import Files
import JSONText
import Server
import SystemPackage
import Terminal

/// `gyre queue`: experiments that wait, run and ended.
struct QueueVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Work on queued experiments.",
        discussion: """
            Example:
              gyre queue start -j 2
            """,
        subcommands: [
            QueueStartVerb.self, QueueStatusVerb.self, QueueStopVerb.self, QueueRemoveVerb.self, QueueLogsVerb.self,
            QueueKillVerb.self,
        ]
    )
}

/// `gyre queue start`: runs what waits.
struct QueueStartVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Run what is queued until nothing waits any more.",
        discussion: """
            It stays in the foreground, unlike DVC's. After Ctrl-C, and after a kill, what was under way waits again. Several may \
            work on one queue.

            Example:
              gyre queue start -j 2
            """
    )

    @Option(name: [.short, .long], help: ArgumentHelp("How many experiments run at once.", valueName: "n"))
    var jobs = 1

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if jobs < 1 { throw ValidationError("--jobs is at least 1") }
    }

    func run() async throws {
        try await ExperimentSession.with(common) { try await Self.start($0, jobs) }
    }

    /// Works, and prints what came out.
    static func start(_ session: ExperimentSession, _ jobs: Int) async throws {
        let ended = try await session.work(workers: jobs)
        let text = ended.isEmpty ? "No experiments are queued." : ExpRunVerb.text(ended)
        if session.output.json || !session.output.quiet && !text.isEmpty {
            try session.output.answer(
                json: ExperimentReport.json(ended.map { ExperimentReport($0, session.runner.queue) }),
                text: text
            )
        }
        try ExperimentSession.check(ended)
    }
}

/// `gyre queue status`: what waits, runs and ended.
struct QueueStatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what waits, runs and ended, and how many work on it.",
        discussion: """
            Example:
              gyre queue status --json
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await ExperimentSession.with(common) { session in
            let queue = session.runner.queue
            let entries = try queue.entries()
            let workers = try queue.workerCount()
            let reports = entries.map { ExperimentReport($0, queue) }
            let now = Session.now() / 1_000
            var table = Table(["Task", "Name", "Created", "Status"].map { ($0, .left) })
            for (entry, report) in zip(entries, reports) {
                table.add([
                    .init(String(entry.snapshot.prefix(7))), .init(entry.name),
                    .init(LocalTime.short(entry.createdMs / 1_000, now: now)),
                    .init(report.status.prefix(1).uppercased() + report.status.dropFirst()),
                ])
            }
            let list = entries.isEmpty ? "No experiment tasks in the queue." : common.output.text(of: table)
            let busy = min(workers, reports.filter { $0.status == "running" }.count)
            try common.answer(
                json: "{\"tasks\":\(ExperimentReport.json(reports)),\"workers\":\(workers)}",
                text: "\(list)\n\nWorker status: \(busy) active, \(workers - busy) idle"
            )
        }
    }
}

/// `gyre queue stop`: has workers take nothing more.
struct QueueStopVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Have all workers end after what they run now.",
        discussion: """
            Example:
              gyre queue stop --kill
            """
    )

    @Flag(help: "End what runs, too.")
    var kill = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await ExperimentSession.with(common) { session in
            let count = try session.runner.queue.stop(kills: kill)
            try common.answer(
                json: "{\"workers\":\(count)}",
                text: kill
                    ? "Queue workers will stop, and running tasks are killed."
                    : "Queue workers will stop after running tasks finish."
            )
        }
    }
}

/// `gyre queue remove`: removes entries.
struct QueueRemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove tasks from the queue; experiments that came out stay.",
        discussion: """
            Example:
              gyre queue remove --failed
            """,
        aliases: ["rm"]
    )

    @Argument(help: ArgumentHelp("Tasks, by name or id.", valueName: "task"))
    var tasks: [String] = []

    @Flag(help: "All that do not run.")
    var all = false

    @Flag(help: "All that wait.")
    var queued = false

    @Flag(help: "All that came to a good end.")
    var success = false

    @Flag(help: "All that failed or were killed.")
    var failed = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if tasks.isEmpty, !all, !queued, !success, !failed {
            throw ValidationError("Name tasks, or use --all, --queued, --success or --failed.")
        }
    }

    func run() async throws {
        try await ExperimentSession.with(common) { session in
            let queue = session.runner.queue
            var chosen = try tasks.flatMap { try queue.entries(named: $0) }
            for entry in try queue.entries() where isMeant(entry, queue) && !chosen.contains(entry) {
                chosen.append(entry)
            }
            try await queue.remove(chosen)
            try await session.runner.endParents(session.services.tracking)
            let names = chosen.map(\.name)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("removed", names)
            }
            try common.answer(
                json: writer.text,
                text: names.isEmpty
                    ? "No tasks in the queue are such." : "Removed tasks in queue: \(names.joined(separator: ", "))"
            )
        }
    }

    private func isMeant(_ entry: QueueEntry, _ queue: ExperimentQueue) -> Bool {
        switch entry.state {
        case .queued: all || queued
        case .running: (all || queued) && queue.isInterrupted(entry)
        case .success: all || success
        case .failed, .killed: all || failed
        }
    }
}

/// `gyre queue logs`: what an experiment wrote.
struct QueueLogsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what an experiment wrote.",
        discussion: """
            With --json each line is a document.

            Example:
              gyre queue logs -f brave-lark
            """
    )

    @Argument(help: ArgumentHelp("The task, by name or id.", valueName: "task"))
    var task: String

    @Flag(name: [.short, .long], help: "Go on until it ended.")
    var follow = false

    @Option(name: [.short, .long], help: .hidden)
    var encoding: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try ExpVerb.refuse(
            [(!["utf-8", "utf8", nil].contains(encoding?.lowercased()), "--encoding", "logs are UTF-8")],
            to: "show the log"
        )
        try await ExperimentSession.with(common) { session in
            let queue = session.runner.queue
            guard let entry = try queue.entries(named: task).last else { return }
            let log = LineReader(of: queue.log(entry))
            while true {
                // What it writes after this look is read in the next round.
                let goesOn = follow && queue.isHeld(entry)
                while let line = try await log.next() {
                    var writer = JSONWriter()
                    writer.object { $0.field("line", line) }
                    guard try common.output.stream(json: writer.text, text: line) else { return }
                }
                guard goesOn else { return }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}

/// `gyre queue kill`: ends experiments that run.
struct QueueKillVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "End experiments that run; the queue goes on.",
        discussion: """
            Example:
              gyre queue kill brave-lark
            """
    )

    @Argument(help: ArgumentHelp("Tasks, by name or id.", valueName: "task"))
    var tasks: [String]

    @Flag(name: [.short, .long], help: "Accepted as in DVC; what does not end within seconds is killed anyway.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await ExperimentSession.with(common) { session in
            let queue = session.runner.queue
            // The newest of a name: those before it have ended.
            let entries = try tasks.compactMap { try queue.entries(named: $0).last }
            for entry in entries { try queue.kill(entry) }
            for _ in 0..<150 where entries.contains(where: queue.isHeld) {
                try await Task.sleep(for: .milliseconds(100))
            }
            let names = entries.map(\.name)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("killed", names)
            }
            try common.answer(
                json: writer.text,
                text: names.map { "'\($0)' has been killed." }.joined(separator: "\n")
            )
        }
    }
}
