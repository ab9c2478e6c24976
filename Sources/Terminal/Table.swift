// SPDX-License-Identifier: Apache-2.0

/// A table for people: aligned columns, numbers to the right, cut to the terminal's width.
package struct Table: Sendable {
    /// How a column is aligned.
    package enum Alignment: Sendable {
        /// Text.
        case left
        /// Numbers.
        case right
    }

    /// How a column gives way where a terminal is too narrow.
    package enum Giving: Sendable, Hashable {
        /// Not at all.
        case never
        /// Down to so many columns; what is cut ends in `…`.
        case cut(downTo: Int)
        /// To its beginning of so many columns, before all others: an id, whose beginning says as much.
        case shorten(to: Int)
    }

    /// A column.
    package struct Column: Sendable {
        let title: String
        let alignment: Alignment
        let giving: Giving
        let limit: Int

        /// A column.
        ///
        /// - Parameters:
        ///   - title: Its head.
        ///   - alignment: Texts left, numbers right.
        ///   - giving: How it gives way on a terminal.
        ///   - limit: The most columns it takes anywhere, also where nothing has to give way.
        package init(
            _ title: String,
            _ alignment: Alignment = .left,
            _ giving: Giving = .cut(downTo: 8),
            limit: Int = .max
        ) {
            self.title = TextWidth.harmless(title)
            self.alignment = alignment
            self.giving = giving
            self.limit = limit
        }
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

    /// How wide the columns are drawn; those from the right that a terminal has no room for are not.
    package struct Layout: Sendable {
        fileprivate var widths: [Int]
        fileprivate var hidesRest = false
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    /// A table with these columns.
    package init(columns: [Column]) { self.columns = columns }

    /// A table with columns of texts, which give way, and of numbers, which don't.
    package init(_ columns: [(title: String, alignment: Alignment)]) {
        self.init(
            columns: columns.map { Column($0.title, $0.alignment, $0.alignment == .left ? .cut(downTo: 8) : .never) }
        )
    }

    /// Whether there is no row.
    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; cells that lack are empty.
    package mutating func add(_ cells: [Cell]) {
        rows.append((0..<columns.count).map { $0 < cells.count ? cells[$0] : "" })
    }

    /// The table as lines.
    ///
    /// - Parameters:
    ///   - width: The widest a line may be, in characters. The columns give way as they say; where that is not enough, those at
    ///     the right are left out, and `…` stands for them. Nil: no limit.
    ///   - paint: Colours a padded cell.
    /// - Returns: The lines, of which none ends in a line end.
    package func text(width: Int? = nil, paint: (String, Tone) -> String = { text, _ in text }) -> String {
        lines(layout(width: width), hasHead: true, paint: paint).joined(separator: "\n")
    }

    /// The layout for a width.
    ///
    /// - Parameters:
    ///   - width: As for ``text(width:paint:)``.
    ///   - earlier: The layout of rows that are printed already, of the same columns: on a terminal these rows keep it, elsewhere
    ///     columns become wider only.
    /// - Returns: The layout.
    package func layout(width: Int?, after earlier: Layout? = nil) -> Layout {
        let natural = columns.indices.map { index in
            let title = TextWidth.columns(of: columns[index].title)
            let widest = rows.reduce(title) { max($0, TextWidth.columns(of: $1[index].text)) }
            return min(widest, columns[index].limit)
        }
        guard let width else {
            return Layout(widths: earlier.map { zip($0.widths, natural).map { max($0, $1) } } ?? natural)
        }
        if let earlier { return earlier }
        var shown = natural.count
        while true {
            let isWhole = shown == natural.count
            let widths = narrowed(Array(natural.prefix(shown)), to: isWhole ? width : width - 3)
            if widths.reduce(2 * (shown - 1), +) <= (isWhole ? width : width - 3) || shown <= 1 {
                return Layout(widths: widths, hidesRest: !isWhole)
            }
            shown -= 1
        }
    }

    /// The rows in a layout, with the head or without.
    package func lines(_ layout: Layout, hasHead: Bool, paint: (String, Tone) -> String) -> [String] {
        func line(_ cells: [Cell]) -> String {
            // What is empty up to the end needs no room.
            let last = layout.hidesRest ? cells.count : cells.lastIndex { !$0.text.isEmpty } ?? 0
            var parts = layout.widths.indices.prefix { $0 <= last }.map { index -> String in
                let cell = cells[index]
                let padded = Self.fit(cell.text, layout.widths[index], columns[index], pads: index < last)
                return cell.tone.map { paint(padded, $0) } ?? padded
            }
            if layout.hidesRest { parts.append(paint("…", .quiet)) }
            return parts.joined(separator: "  ")
        }
        return (hasHead ? [line(columns.map { Cell($0.title, .quiet) })] : []) + rows.map(line)
    }

    /// Widths that fit, as far as the columns give way.
    private func narrowed(_ natural: [Int], to width: Int) -> [Int] {
        var widths = natural
        let gaps = 2 * (widths.count - 1)
        for index in widths.indices where widths.reduce(gaps, +) > width {
            if case .shorten(let length) = columns[index].giving { widths[index] = min(widths[index], length) }
        }
        let least = widths.indices.map { index in
            if case .cut(let length) = columns[index].giving { length } else { Int.max }
        }
        for index in widths.indices where least[index] < .max {
            widths[index] = min(widths[index], max(width, least[index]))
        }
        while widths.reduce(gaps, +) > width {
            let flexible = widths.indices.filter { widths[$0] > least[$0] }
            guard let widest = flexible.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    private static func fit(_ text: String, _ width: Int, _ column: Column, pads: Bool) -> String {
        var text = text
        if case .shorten = column.giving {
            text = TextWidth.beginning(of: text, to: width)
        } else {
            text = TextWidth.cut(text, to: width)
        }
        let padding = String(repeating: " ", count: max(0, width - TextWidth.columns(of: text)))
        switch column.alignment {
        case .right: return padding + text
        case .left: return pads ? text + padding : text
        }
    }
}
