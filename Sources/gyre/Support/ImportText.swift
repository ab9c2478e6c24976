// SPDX-License-Identifier: Apache-2.0

import JSONText
import Terminal
import Transfer

/// What an import brought, for people and for programs.
struct ImportText {
    private let report: ImportReport

    init(_ report: ImportReport) { self.report = report }

    func print(_ output: Output) throws {
        var writer = JSONWriter()
        report.write(into: &writer)
        try output.answer(json: writer.text, text: text(output))
    }

    private func text(_ output: Output) -> String {
        let table = TransferTable(
            words: (kinds: report.isDryRun ? "would come" : "", grown: "topped up", skipped: "skipped"),
            skipped: .warning
        )
        guard let text = table.text(report.counts, output) else { return "there is nothing to import" }
        var lines = [text]
        for item in report.skipped.prefix(TransferTable.shown) {
            let head = item.isProblem ? output.paint("skipped", .bad) : output.paint("left", .warning)
            lines.append("\(head) \(item.what): \(item.why)")
        }
        let rest = report.skipped.count - TransferTable.shown
        if rest > 0 { lines.append("and \(rest) more; `--json` lists them") }
        return lines.joined(separator: "\n")
    }
}
