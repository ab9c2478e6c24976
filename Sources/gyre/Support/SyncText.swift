// SPDX-License-Identifier: Apache-2.0

import JSONText
import Terminal
import Transfer

/// What a sync brought, for people and for programs.
struct SyncText {
    private let report: SyncReport

    init(_ report: SyncReport) { self.report = report }

    func print(_ output: Output) throws {
        var writer = JSONWriter()
        report.write(into: &writer)
        try output.answer(json: writer.text, text: text(output))
    }

    private func text(_ output: Output) -> String {
        let table = TransferTable(
            words: (kinds: report.isDryRun ? "would be sent" : "", grown: "grown", skipped: "conflicting"),
            skipped: .bad
        )
        guard let text = table.text(report.counts, output) else { return "there is nothing to sync" }
        var lines = [text]
        for conflict in report.conflicts.prefix(TransferTable.shown) {
            lines.append("\(output.paint("conflict", .bad)) \(conflict.what): \(conflict.why)")
            if let next = conflict.next { lines.append("  next: \(next)") }
        }
        let rest = report.conflictCount - TransferTable.shown
        if rest > 0 { lines.append("and \(rest) more; `--json` lists them") }
        return lines.joined(separator: "\n")
    }
}
