// SPDX-License-Identifier: Apache-2.0

import JSONText
import Synchronization
import Terminal
import Transfer

/// What an import brought, for people and for programs.
struct ImportText {
    /// As many lines about what stayed behind as fit on a screen.
    private static let shown = 20

    private let report: ImportReport

    init(_ report: ImportReport) { self.report = report }

    func print(_ output: Output) throws {
        var writer = JSONWriter()
        report.write(into: &writer)
        try output.answer(json: writer.text, text: text(output))
    }

    private func text(_ output: Output) -> String {
        var table = Table([
            (report.isDryRun ? "would come" : "", .left), ("new", .right), ("topped up", .right), ("unchanged", .right),
            ("skipped", .right),
        ])
        for kind in ImportReport.Kind.allCases where kind != .bytes {
            let count = report[kind]
            guard count != ImportReport.Count() else { continue }
            table.add([
                .init(kind.rawValue.replacing("_", with: " ")), .init("\(count.added)", count.added > 0 ? .good : nil),
                .init("\(count.grown)"), .init("\(count.unchanged)"),
                .init("\(count.skipped)", count.skipped > 0 ? .warning : nil),
            ])
        }
        let bytes = report[.bytes]
        if bytes != ImportReport.Count() {
            table.add([
                "artifact bytes", .init(Humanize.bytes(bytes.added)), "0", .init(Humanize.bytes(bytes.unchanged)), "0",
            ])
        }
        if table.isEmpty { return "there is nothing to import" }
        var lines = [output.text(of: table)]
        for item in report.skipped.prefix(Self.shown) {
            let head = item.isProblem ? output.paint("skipped", .bad) : output.paint("left", .warning)
            lines.append("\(head) \(item.what): \(item.why)")
        }
        let rest = report.skipped.count - Self.shown
        if rest > 0 { lines.append("and \(rest) more; `--json` lists them") }
        return lines.joined(separator: "\n")
    }
}

/// A bar that begins when it is known how much there is.
final class LateBar: Sendable {
    private let output: Output
    private let title: String
    private let bar = Mutex<ProgressBar?>(nil)

    init(_ output: Output, _ title: String) {
        self.output = output
        self.title = title
    }

    func note(_ progress: Importer.Progress) {
        switch progress {
        case .begin(let runs):
            if let runs {
                let started = output.bar("\(title) runs", total: runs)
                bar.withLock { $0 = started }
            } else {
                output.progress("\(title) …")
            }
        case .run: bar.withLock { $0 }?.advance()
        }
    }

    func finish() { bar.withLock { $0 }?.finish() }
}
