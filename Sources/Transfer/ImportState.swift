// SPDX-License-Identifier: Apache-2.0

import Registry
import Synchronization
import Tracking

/// What an import has done so far, told by several tasks.
final class ImportState: Sendable {
    private struct State {
        var report: ImportReport
        /// Where artefacts are now, by the URI that the source had for them.
        var places: [String: String] = [:]
        var runs: Set<String> = []
        var models: Set<String> = []
        var claimed: Set<String> = []
        var staying: [String: Int] = [:]
        var left: [String: Int] = [:]
    }

    private let state: Mutex<State>

    init(isDryRun: Bool) { state = Mutex(State(report: ImportReport(isDryRun: isDryRun))) }

    /// The report, with one line for each store in which artefacts stay.
    func finished() -> ImportReport {
        state.withLock { state in
            for (store, count) in state.staying.sorted(by: { $0.key < $1.key }) {
                let what = count == 1 ? "artefacts of 1 run or model" : "artefacts of \(count) runs or models"
                state.report.skip(.files, SkippedItem(what, "they stay in `\(store)`", isProblem: false), count)
            }
            for (kind, count) in state.left.sorted(by: { $0.key < $1.key }) {
                let what = count == 1 ? "\(kind) of 1 run" : "\(kind) of \(count) runs"
                state.report.note(SkippedItem(what, "runs have no place for them", isProblem: false))
            }
            return state.report
        }
    }

    /// Notes kinds of things that a run has and that do not come.
    func leaves(_ kinds: Set<String>) {
        state.withLock { state in for kind in kinds { state.left[kind, default: 0] += 1 } }
    }

    /// Notes that the artefacts of a run or model stay where they are.
    func stays(_ uri: String) {
        guard let colon = uri.firstRange(of: "://") else { return }
        let store = uri[..<colon.upperBound] + uri[colon.upperBound...].prefix { $0 != "/" }
        state.withLock { $0.staying[String(store), default: 0] += 1 }
    }

    func note(_ kind: TransferCounts.Kind, _ outcome: Adopted.Outcome, _ count: Int64 = 1) {
        state.withLock { $0.report.note(kind, outcome, count) }
    }

    func skip(_ kind: TransferCounts.Kind, _ item: SkippedItem) { state.withLock { $0.report.skip(kind, item) } }

    /// Whether nobody had this run before.
    func claims(run id: String) -> Bool { state.withLock { $0.claimed.insert(id).inserted } }

    /// Notes where the artefacts of a run or model are now.
    func isNamed(_ old: String?, _ new: String, run: String? = nil, model: String? = nil) {
        state.withLock { state in
            if let run { state.runs.insert(run) }
            if let model { state.models.insert(model) }
            if let old, !old.isEmpty { state.places[Self.plain(old)] = new }
        }
    }

    /// Whether a version is of a run or model that came along.
    func knows(_ version: ModelVersionRecord) -> Bool {
        state.withLock { state in
            version.runID.map(state.runs.contains) == true || version.modelID.map(state.models.contains) == true
        }
    }

    /// The URI here of what a URI of the source names; nil if it is none of the artefacts that came along.
    func place(of uri: String) -> String? {
        var folder = Self.plain(uri)
        var rest = ""
        return state.withLock { state in
            while !folder.isEmpty {
                if let place = state.places[folder] { return place + rest }
                guard let slash = folder.lastIndex(of: "/") else { return nil }
                rest = folder[slash...] + rest
                folder = String(folder[..<slash])
            }
            return nil
        }
    }

    /// A path of this machine as people write it in several ways, and any other URI without its last slash.
    static func plain(_ uri: String) -> String {
        var text = uri
        if text.hasPrefix("file:") {
            text = String(text.dropFirst("file:".count))
            if text.hasPrefix("//") { text = String(text.dropFirst(2).drop { $0 != "/" }) }
        }
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
