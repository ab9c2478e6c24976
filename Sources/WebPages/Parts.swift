// SPDX-License-Identifier: Apache-2.0

/// A word in a coloured field; the word alone says everything.
struct Badge {
    enum Tone: String { case good, bad, busy, accent, plain }

    let text: String
    let tone: Tone

    var content: [String: Any] { ["text": text, "tone": tone.rawValue] }

    /// The status of a run.
    static func run(_ status: String) -> Badge {
        switch status {
        case "FINISHED": Badge(text: "finished", tone: .good)
        case "RUNNING": Badge(text: "running", tone: .busy)
        case "SCHEDULED": Badge(text: "scheduled", tone: .plain)
        case "FAILED": Badge(text: "failed", tone: .bad)
        case "KILLED": Badge(text: "killed", tone: .bad)
        default: Badge(text: status, tone: .plain)
        }
    }

    /// The kind of an error.
    static func error(_ kind: String) -> Badge {
        switch kind {
        case "false_negative": Badge(text: "false negative", tone: .bad)
        case "false_positive": Badge(text: "false positive", tone: .busy)
        case "wrong_class": Badge(text: "wrong class", tone: .bad)
        default: Badge(text: kind, tone: .plain)
        }
    }

    /// The state of a turn.
    static func turn(_ state: String) -> Badge {
        switch state {
        case "promoted": Badge(text: state, tone: .good)
        case "running", "waiting": Badge(text: state, tone: .busy)
        case "refused", "failed", "interrupted": Badge(text: state, tone: .bad)
        default: Badge(text: state, tone: .plain)
        }
    }
}

/// A text that may lead somewhere, and may be short for something longer.
struct Link {
    let text: String
    var url: String?
    var whole: String?

    var content: [String: Any] {
        ["text": text, "url": url.map { ["to": $0] } ?? false, "whole": whole ?? text]
    }

    /// A run by its id; `–` for none.
    static func run(_ id: String?) -> [String: Any] {
        guard let id, !id.isEmpty else { return Link(text: Format.missing).content }
        return Link(text: Format.short(id), url: "/runs/\(Format.urlSegment(id))", whole: id).content
    }

    /// A digest or commit, short.
    static func digest(_ id: String?) -> [String: Any] {
        guard let id, !id.isEmpty else { return Link(text: Format.missing).content }
        return Link(text: Format.short(id), whole: id).content
    }
}

/// A point in time: its age for people, the exact time for machines and on hover.
enum Time {
    static func content(_ timeMs: Int64?, nowMs: Int64) -> [String: Any] {
        ["age": Format.age(timeMs, nowMs: nowMs), "exact": Format.iso(timeMs).map { ["iso": $0] } ?? false]
    }
}
