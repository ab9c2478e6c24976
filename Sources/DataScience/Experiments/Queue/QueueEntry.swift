// SPDX-License-Identifier: Apache-2.0

import JSONText

/// An experiment that was asked for.
package struct QueueEntry: Sendable, Hashable {
    /// How far it is.
    package enum State: String, Sendable {
        /// It waits.
        case queued
        /// A worker has it.
        case running
        /// It is done, and its experiment is there.
        case success
        /// It failed.
        case failed
        /// Somebody ended it.
        case killed
    }

    /// Its own id: when it was queued, and a number.
    package let id: String
    /// The name of the experiment.
    package let name: String
    /// The commit that it begins with.
    package let baseline: String
    /// The work tree when it was queued, with its parameters, as a commit on the baseline.
    package let snapshot: String
    /// The parameters that were set, as they are typed.
    package let params: [String]
    /// When it was queued, milliseconds UTC.
    package let createdMs: Int64
    /// The sweep that it is part of: the run above its own.
    package var parentRun: String?
    /// Only these stages.
    package var targets: [String] = []
    /// The folder that targets count from.
    package var folder = ""
    /// Whether stages run that did not change.
    package var force = false
    /// Whether the targets run alone.
    package var isSingle = false
    /// Whether the targets and what depends on them run.
    package var isDownstream = false
    /// Files and folders that git does not track, to be copied.
    package var copies: [String] = []
    /// What the commit says.
    package var message: String?
    /// How far it is.
    package var state = State.queued
    /// Why it failed.
    package var problem: String?
    /// The run that was tracked.
    package var run: String?
    /// The commit of the experiment.
    package var commit: String?
    /// How often a worker took it.
    package var attempts = 0

    /// An entry that waits.
    package init(
        id: String,
        name: String,
        baseline: String,
        snapshot: String,
        params: [String],
        createdMs: Int64
    ) {
        (self.id, self.name, self.baseline, self.snapshot) = (id, name, baseline, snapshot)
        (self.params, self.createdMs) = (params, createdMs)
    }

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            for (key, text) in [("id", id), ("name", name), ("baseline", baseline), ("snapshot", snapshot)] {
                writer.field(key, text)
            }
            for (key, list) in [("params", params), ("targets", targets), ("copies", copies)] {
                writer.key(key)
                writer.array { writer in for item in list { writer.string(item) } }
            }
            writer.field("created_ms", createdMs)
            writer.field("folder", folder)
            writer.field("force", force)
            writer.field("single", isSingle)
            writer.field("downstream", isDownstream)
            writer.field("state", state.rawValue)
            writer.field("attempts", attempts)
            let texts = [
                ("parent_run", parentRun), ("message", message), ("problem", problem), ("run", run), ("commit", commit),
            ]
            for (key, text) in texts { if let text { writer.field(key, text) } }
        }
        return writer.text + "\n"
    }

    /// Reads what ``json`` wrote; nil for anything else.
    init?(json bytes: [UInt8]) {
        guard let document = try? JSONDocument(bytes) else { return nil }
        let root = document.root
        func list(_ key: String) -> [String] { root[key]?.elements.compactMap(\.string) ?? [] }
        guard let id = root["id"]?.string, let name = root["name"]?.string, let baseline = root["baseline"]?.string,
            let snapshot = root["snapshot"]?.string, let state = root["state"]?.string.flatMap(State.init(rawValue:))
        else { return nil }
        self.init(
            id: id,
            name: name,
            baseline: baseline,
            snapshot: snapshot,
            params: list("params"),
            createdMs: root["created_ms"]?.int64 ?? 0
        )
        (self.targets, self.copies) = (list("targets"), list("copies"))
        folder = root["folder"]?.string ?? ""
        force = root["force"]?.bool ?? false
        isSingle = root["single"]?.bool ?? false
        isDownstream = root["downstream"]?.bool ?? false
        self.state = state
        attempts = Int(root["attempts"]?.int64 ?? 0)
        (parentRun, message) = (root["parent_run"]?.string, root["message"]?.string)
        (problem, run, commit) = (root["problem"]?.string, root["run"]?.string, root["commit"]?.string)
    }
}
