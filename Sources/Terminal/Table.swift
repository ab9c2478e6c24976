// SPDX-License-Identifier: Apache-2.0

/// A table for people: aligned columns, numbers to the right, texts cut to the terminal's width.
package struct Table: Sendable {
    /// How a column is aligned.
    package enum Alignment: Sendable {
        /// Text.
        case left
        /// Numbers.
        case right
    }

    /// One cell.
    package struct Cell: Sendable, ExpressibleByStringInterpolation {
        let text: String
        let tone: Tone?

        /// A cell; control characters are shown as spaces, so that no name can move the cursor.
        package init(_ text: String, _ tone: Tone? = nil) {
            self.text = TextWidth.harmless(text)
            self.tone = tone
        }

        /// A cell of plain text.
        package init(stringLiteral value: String) { self.init(value) }
    }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[Cell]] = []

    /// A table with these columns.
    package init(_ columns: [(title: String, alignment: Alignment)]) { self.columns = columns }

    /// Whether there is no row.
    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; cells that lack are empty.
    package mutating func add(_ cells: [Cell]) {
        rows.append((0..<columns.count).map { $0 < cells.count ? cells[$0] : "" })
    }

    /// The table as lines.
    ///
    /// - Parameters:
    ///   - width: The widest a line may be, in characters; the widest text column gives way, down to 8. Nil: no limit.
    ///   - paint: Colours a padded cell.
    /// - Returns: The lines, of which none ends in a line end.
    package func text(width: Int? = nil, paint: (String, Tone) -> String = { text, _ in text }) -> String {
        var widths = columns.indices.map { index in
            rows.reduce(TextWidth.columns(of: columns[index].title)) { max($0, TextWidth.columns(of: $1[index].text)) }
        }
        if let width {
            for index in widths.indices where columns[index].alignment == .left {
                widths[index] = min(widths[index], max(width, 8))
            }
            let gaps = 2 * (widths.count - 1)
            while widths.reduce(gaps, +) > width {
                let flexible = widths.indices.filter { columns[$0].alignment == .left }
                guard let widest = flexible.max(by: { widths[$0] < widths[$1] }), widths[widest] > 8 else { break }
                widths[widest] -= 1
            }
        }
        func line(_ cells: [Cell]) -> String {
            let parts = cells.indices.map { index -> String in
                let cell = cells[index]
                let isLast = index == cells.count - 1
                let padded = Self.fit(cell.text, widths[index], columns[index].alignment, pads: !isLast)
                return cell.tone.map { paint(padded, $0) } ?? padded
            }
            return parts.joined(separator: "  ")
        }
        let head = line(columns.map { Cell($0.title, .quiet) })
        return ([head] + rows.map(line)).joined(separator: "\n")
    }

    private static func fit(_ text: String, _ width: Int, _ alignment: Alignment, pads: Bool) -> String {
        let text = TextWidth.cut(text, to: width)
        let padding = String(repeating: " ", count: max(0, width - TextWidth.columns(of: text)))
        switch alignment {
        case .right: return padding + text
        case .left: return pads ? text + padding : text
        }
    }
}
