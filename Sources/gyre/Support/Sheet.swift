// SPDX-License-Identifier: Apache-2.0

import Terminal

/// All about one thing: facts by name, then sections.
///
/// On a terminal no line is wider than it.
struct Sheet {
    private let output: Output
    private var lines: [String] = []

    init(_ output: Output) { self.output = output }

    /// The lines.
    var text: String { lines.joined(separator: "\n") }

    /// Adds facts, the names in one column; those without a value are left out.
    mutating func add(_ facts: [(name: String, value: String?)], indent: Int = 0) {
        let known = facts.filter { $0.value?.isEmpty == false }
        let width = min(known.reduce(0) { max($0, $1.name.count) }, 40)
        for (name, value) in known {
            let padding = String(repeating: " ", count: max(width - name.count, 0) + 2)
            let start = indent + name.count + padding.count
            lines.append(
                String(repeating: " ", count: indent) + output.paint(output.line(name, indent: indent), .quiet)
                    + padding
                    + output.line(value ?? "", indent: start)
            )
        }
    }

    /// Adds a section of facts, if there are any.
    mutating func add(_ title: String, _ facts: [(name: String, value: String?)]) {
        guard facts.contains(where: { $0.value?.isEmpty == false }) else { return }
        head(title, nil)
        add(facts, indent: 2)
    }

    /// Adds a section with a table, if it has rows.
    mutating func add(_ title: String, _ table: Table, hasHead: Bool = true, note: String? = nil) {
        guard !table.isEmpty else { return }
        head(title, note)
        let layout = table.layout(width: output.width.map { $0 - 2 })
        lines += table.lines(layout, hasHead: hasHead) { output.paint($0, $1) }.map { "  " + $0 }
    }

    /// Adds a section with lines.
    mutating func add(_ title: String, lines more: [String]) {
        guard !more.isEmpty else { return }
        head(title, nil)
        lines += more.map { "  " + output.line($0, indent: 2) }
    }

    private mutating func head(_ title: String, _ note: String?) {
        lines.append("")
        lines.append(output.paint(title, .strong) + (note.map { "  " + $0 } ?? ""))
    }
}
