// SPDX-License-Identifier: Apache-2.0

import JSONText
import Synchronization
import Terminal
import Transfer

/// What a sync brought, for people and for programs.
struct SyncText {
    /// As many lines about conflicts as fit on a screen.
    private static let shown = 20

    private let report: SyncReport

    init(_ report: SyncReport) { self.report = report }

    func print(_ output: Output) throws {
        var writer = JSONWriter()
        report.write(into: &writer)
        try output.answer(json: writer.text, text: text(output))
    }

    private func text(_ output: Output) -> String {
        var table = Table([
            (report.isDryRun ? "would be sent" : "", .left), ("new", .right), ("grown", .right), ("unchanged", .right),
            ("conflicting", .right),
        ])
        for kind in SyncReport.Kind.allCases where kind != .bytes {
            let count = report[kind]
            guard count != SyncReport.Count() else { continue }
            table.add([
                .init(kind.rawValue.replacing("_", with: " ")), .init("\(count.new)", count.new > 0 ? .good : nil),
                .init("\(count.grown)"), .init("\(count.unchanged)"),
                .init("\(count.conflicting)", count.conflicting > 0 ? .bad : nil),
            ])
        }
        let bytes = report[.bytes]
        if bytes != SyncReport.Count() {
            table.add([
                "artifact bytes", .init(Humanize.bytes(bytes.new)), .init(Humanize.bytes(bytes.grown)), "0", "0",
            ])
        }
        if table.isEmpty { return "there is nothing to sync" }
        var lines = [output.text(of: table)]
        for conflict in report.conflicts.prefix(Self.shown) {
            lines.append("\(output.paint("conflict", .bad)) \(conflict.what): \(conflict.why)")
            if let next = conflict.next { lines.append("  next: \(next)") }
        }
        let rest = report.conflictCount - Self.shown
        if rest > 0 { lines.append("and \(rest) more; `--json` lists them") }
        return lines.joined(separator: "\n")
    }
}

/// A bar that begins when it is known how much there is.
final class SyncBar: Sendable {
    private let output: Output
    private let title: String
    private let bar = Mutex<ProgressBar?>(nil)

    init(_ output: Output, _ title: String) {
        self.output = output
        self.title = title
    }

    func note(_ progress: Syncer.Progress) {
        switch progress {
        case .begin(let runs):
            let started = output.bar("\(title) runs", total: runs)
            bar.withLock { $0 = started }
        case .runs(let count): bar.withLock { $0 }?.advance(by: count)
        }
    }

    func finish() { bar.withLock { $0 }?.finish() }
}
