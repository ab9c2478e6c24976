// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport

/// The figures of all servers beside each other.
struct Report {
    let options: Options
    private var results: [(peer: Peer, figures: [Measurement.Figure], resident: Int)] = []

    init(options: Options) { self.options = options }

    mutating func add(_ result: (peer: Peer, figures: [Measurement.Figure], resident: Int)) {
        results.append(result)
        print("\n\(result.peer.kind.rawValue): \(result.resident >> 20) MiB resident afterwards")
        for figure in result.figures { print("  \(figure.part): \(text(figure)), \(cpu(figure)) CPU") }
    }

    /// One table: a row a part, and how many times better Gyre is.
    func print() {
        guard let own = results.first else { return }
        Table.heading(
            "in all",
            results.map(\.peer.kind.rawValue) + results.dropFirst().map { "÷ \($0.peer.kind.rawValue)" }
        )
        for figure in own.figures {
            let others = results.dropFirst().map { result in result.figures.first { $0.part == figure.part } }
            Swift.print(figure.part)
            Table.row(
                "",
                [text(figure)] + others.map { $0.map(text) ?? "–" }
                    + others.map { other in
                        guard let other else { return "–" }
                        let ratio = figure.isRate ? figure.value / other.value : other.value / figure.value
                        return "×" + Figures.fixed(ratio, 1)
                    }
            )
        }
        Table.row("resident MB", results.map { Figures.fixed(Double($0.resident) / 1e6, 0) })
    }

    private func text(_ figure: Measurement.Figure) -> String {
        if figure.isRate { return Figures.fixed(figure.value, 0) + "/s" }
        return Figures.ms(figure.value) + " ms"
    }

    private func cpu(_ figure: Measurement.Figure) -> String { Figures.fixed(figure.cpu * 1e6, 1) + " µs" }

    private func print(_ text: String) { Swift.print(text) }
}
