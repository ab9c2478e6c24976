// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Terminal
import Transfer

/// What an import or a sync brought, a line for each kind of things.
struct TransferTable {
    /// As many lines about what was not taken as fit on a screen.
    static let shown = 20

    /// What stands above the kinds, and above what grew and what was not taken.
    let words: (kinds: String, grown: String, skipped: String)
    /// The look of a number of things that were not taken.
    let skipped: Tone

    /// The table as text; nil if there is nothing in it.
    func text(_ counts: TransferCounts, _ output: Output) -> String? {
        var table = Table([
            (words.kinds, .left), ("new", .right), (words.grown, .right), ("unchanged", .right),
            (words.skipped, .right),
        ])
        for kind in TransferCounts.Kind.allCases {
            let count = counts[kind]
            guard count != TransferCounts.Count() else { continue }
            func shown(_ number: Int64) -> String {
                kind == .bytes && number > 0 ? Humanize.bytes(number) : "\(number)"
            }
            let name = kind == .bytes ? "artifact bytes" : kind.rawValue.replacing("_", with: " ")
            table.add([
                .init(name), .init(shown(count.added), count.added > 0 && kind != .bytes ? .good : nil),
                .init(shown(count.grown)), .init(shown(count.unchanged)),
                .init(shown(count.skipped), count.skipped > 0 ? skipped : nil),
            ])
        }
        return table.isEmpty ? nil : output.text(of: table)
    }
}

/// A bar over runs that begins when it is known how many there are.
final class RunsBar: Sendable {
    private let output: Output
    private let title: String
    private let bar = Mutex<ProgressBar?>(nil)

    init(_ output: Output, _ title: String) {
        self.output = output
        self.title = title
    }

    func note(_ progress: TransferProgress) {
        switch progress {
        case .begin(let runs?):
            let started = output.bar("\(title) runs", total: runs)
            bar.withLock { $0 = started }
        case .begin(nil): output.progress("\(title) …")
        case .runs(let count): bar.withLock { $0 }?.advance(by: count)
        }
    }

    func finish() { bar.withLock { $0 }?.finish() }
}
