// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Experiments
import JSONText
import Pipelines
import Server
import Terminal
import Tracking

/// Queues experiments and works on the queue, told on stderr.
struct QueueWork {
    private let experiments: ExperimentProject
    private let common: CommonOptions

    init(_ experiments: ExperimentProject, _ common: CommonOptions) {
        (self.experiments, self.common) = (experiments, common)
    }

    private var runner: ExperimentRunner { experiments.runner }

    /// Works on all that waits.
    func run(workers: Int) async throws {
        let ended = try await Self.withTracking(common, experiments) { setting in
            let setting = watched(setting, workers: workers)
            let ended = try await runner.work(setting)
            try await runner.endSweeps(Set(ended.compactMap(\.parentRun)), setting.tracking)
            return ended
        }
        guard !ended.isEmpty else { return try common.answer(json: "[]", text: "nothing waits in the queue") }
        try await tell(ended)
    }

    /// Queues what is asked for, and runs it.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - settings: What a sweep varies; empty if it is none.
    ///   - onlyQueue: Whether it waits for others to run it.
    ///   - workers: How many run at once.
    /// - Throws: ``ExperimentsError``, errors of the rooms below.
    func run(_ request: ExperimentRequest, settings: [String], onlyQueue: Bool, workers: Int) async throws {
        let ended = try await Self.withTracking(common, experiments) { setting -> [QueueEntry] in
            let parent =
                settings.isEmpty
                ? nil
                : try await runner.beginSweep(
                    settings,
                    name: request.name,
                    experiment: setting.options.experiment,
                    setting.tracking
                )
            let parents = Set([parent].compactMap(\.self))
            let entries: [QueueEntry]
            do {
                entries = try await runner.enqueue(request, parentRun: parent)
            } catch {
                try await runner.endSweeps(parents, setting.tracking)
                throw error
            }
            if onlyQueue { return entries }
            var own = watched(setting, workers: workers)
            // Nobody waits for what an interrupted command began.
            own.requeues = false
            let (runner, tracking) = (runner, setting.tracking)
            do {
                let ended = try await runner.work(own, only: Set(entries.map(\.id)))
                try await runner.endSweeps(parents, tracking)
                return ended
            } catch {
                // The task may be cancelled already.
                try await Task.detached {
                    let names = Set(entries.map(\.id))
                    let open = try runner.queue.entries().filter { names.contains($0.id) && $0.state == .queued }
                    try await runner.queue.remove(open)
                    try await runner.endSweeps(parents, tracking)
                }.value
                throw error
            }
        }
        if onlyQueue { return try print(ended) }
        try await tell(ended)
    }

    // MARK: Parts

    private func print(_ entries: [QueueEntry]) throws {
        let lines = entries.map { entry in
            let params = entry.params.isEmpty ? "" : ": \(entry.params.joined(separator: " "))"
            return "queued \(common.output.paint(entry.name, .name))\(params)"
        }
        try common.answer(json: QueueList(entries).json, text: lines.joined(separator: "\n"))
    }

    private func tell(_ ended: [QueueEntry]) async throws {
        let commits = Set(ended.compactMap(\.commit))
        let made = try await experiments.store.all().filter { commits.contains($0.commit) }
        try await ExperimentResults(experiments, common).print(made, failed: ended.filter { $0.state != .success })
    }

    private func watched(_ setting: ExperimentRunner.Setting, workers: Int) -> ExperimentRunner.Setting {
        let output = common.output
        var options = setting.options
        // Workers share the cores.
        options.jobs = 1
        return ExperimentRunner.Setting(tracking: setting.tracking, options: options, workers: workers) { event in
            func name(_ entry: QueueEntry) -> String { output.paint(entry.name, .name, on: .error) }
            switch event {
            case .began(let entry):
                output.progress(
                    "\(name(entry)) begins\(entry.params.isEmpty ? "" : ": \(entry.params.joined(separator: " "))")"
                )
            case .pipeline(let entry, let event):
                guard let line = event.line else { return }
                // What stages write is in the log.
                if case .line = event {
                    output.detail("\(name(entry)) \(line)")
                } else {
                    output.progress("\(name(entry)) \(line)")
                }
            case .ended(let entry):
                let end = entry.problem.map { "\(entry.state.rawValue): \($0)" } ?? "\(entry.state.rawValue)"
                output.progress("\(name(entry)) ended: \(end)")
            }
        }
    }

    /// Opens what running needs: the project's tracking, at an address that stages find.
    static func withTracking<Value: Sendable>(
        _ common: CommonOptions,
        _ experiments: ExperimentProject,
        _ body: @escaping @Sendable (ExperimentRunner.Setting) async throws -> Value
    ) async throws -> Value {
        try await Session.withProject(common, at: experiments.workspace) { services in
            try await TrackingServer.with(services, logger: Session.quietLogger) { url in
                var options = ReproduceOptions(experiment: services.project.project, trackingURL: url)
                options.python = try services.runtimes.python()
                options.gyreVersion = gyreVersion
                return try await body(
                    ExperimentRunner.Setting(tracking: services.tracking, options: options, workers: 1) { _ in }
                )
            }
        }
    }
}

/// Entries of the queue, for people and programs.
struct QueueList {
    private let entries: [QueueEntry]

    init(_ entries: [QueueEntry]) { self.entries = entries }

    var json: String {
        var writer = JSONWriter()
        writer.array { writer in
            for entry in entries {
                writer.object { writer in
                    writer.field("id", entry.id)
                    writer.field("name", entry.name)
                    writer.field("state", entry.state.rawValue)
                    writer.field("baseline", entry.baseline)
                    writer.key("params")
                    writer.array { writer in for param in entry.params { writer.string(param) } }
                    writer.field("created_ms", entry.createdMs)
                    writer.field("run", entry.run)
                    writer.field("commit", entry.commit)
                    writer.field("problem", entry.problem)
                }
            }
        }
        return writer.text
    }

    func table(nowMs: Int64) -> Table {
        var table = Table([("name", .left), ("state", .left), ("queued", .left), ("parameters", .left), ("why", .left)])
        for entry in entries {
            let tone: Tone =
                switch entry.state {
                case .success: .good
                case .failed, .killed: .bad
                case .queued, .running: .quiet
                }
            table.add([
                .init(entry.name, .name), .init(entry.state.rawValue, tone),
                .init(Humanize.ago(entry.createdMs, nowMs: nowMs)), .init(entry.params.joined(separator: " ")),
                .init(entry.problem ?? ""),
            ])
        }
        return table
    }
}
