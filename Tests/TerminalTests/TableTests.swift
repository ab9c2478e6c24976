// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

struct TableTests {
    private func table(_ rows: [[Table.Cell]]) -> Table {
        var table = Table([("name", .left), ("recall", .right), ("note", .left)])
        for row in rows { table.add(row) }
        return table
    }

    @Test func `columns are aligned, numbers to the right, and no line ends in spaces`() {
        let text = table([["tumour", "0.9", "best"], ["a", "12.75", ""], ["b"]]).text()
        #expect(
            text == """
                name    recall  note
                tumour     0.9  best
                a        12.75
                b
                """
        )
    }

    @Test func `without rows there is the head alone`() {
        #expect(table([]).isEmpty)
        #expect(table([]).text() == "name  recall  note")
    }

    @Test(
        arguments: [
            ("日本語", 6), ("ü", 1), ("u\u{308}", 1), ("🙂", 2), ("👩‍👩‍👧‍👦", 2), ("❤️", 2), ("한", 2), ("ｆ", 2), ("é1", 2),
            ("…", 1), ("–", 1), ("", 0), ("🇩🇪", 2), ("a\u{200B}b", 2),
        ]
    )
    func `a wide character takes two columns, a mark none`(name: String, columns: Int) {
        let lines = table([[.init(name), "1", "x"], ["abcdefghij", "1", "x"]]).text().split(separator: "\n")
        let padding = String(repeating: " ", count: 10 - columns)
        #expect(lines.count == 3)
        #expect(lines.dropFirst().first.map { $0.hasPrefix(name + padding + "       1  x") } == true, "\(lines)")
    }

    @Test func `colours do not count`() {
        let rows: [[Table.Cell]] = [[.init("tumour", .name), .init("0.9", .good), "best"], ["a", "12.75", "-"]]
        let plain = table(rows).text()
        let painted = table(rows).text { text, tone in "<\(tone)>\(text)</>" }
        #expect(painted.contains("<name>tumour</>  <good>   0.9</>  best"))
        let stripped = painted.replacing(/<[^>]*>/, with: "")
        #expect(stripped == plain)
    }

    @Test(arguments: [
        ("a\nb", "a b"), ("a\u{1B}[31mb", "a [31mb"), ("a\tb\r\n", "a b  "), ("a\u{202E}b", "a b"), ("\u{9B}2J", " 2J"),
    ])
    func `no name moves the cursor or turns the line around`(name: String, shown: String) {
        let text = table([[.init(name), "1", "x"]]).text()
        #expect(text.split(separator: "\n").count == 2)
        #expect(text.contains(shown))
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}") && !text.contains("\u{9B}"))
    }

    @Test(arguments: [(40, "a very long name that …"), (30, "a very long …")])
    func `the widest text gives way to the width, numbers stay`(width: Int, name: String) {
        let rows: [[Table.Cell]] = [["a very long name that goes on and on", "0.123456", "short"]]
        let lines = table(rows).text(width: width).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines.last?.hasPrefix(name) == true, "\(lines)")
        #expect(lines.last?.contains("0.123456") == true)
    }

    @Test func `a wide text is cut where a whole character fits`() {
        let rows: [[Table.Cell]] = [[.init(String(repeating: "語", count: 40)), "1", "x"]]
        let line = table(rows).text(width: 30).split(separator: "\n").last ?? ""
        let name = line.prefix { $0 == "語" }
        #expect(line.dropFirst(name.count).first == "…")
        #expect(name.count == 7)
    }

    private func runs() -> Table {
        var table = Table(columns: [
            .init("run", .left, .shorten(to: 6)), .init("name"), .init("value", .right, .cut(downTo: 5), limit: 20),
            .init("recall", .right, .never),
        ])
        table.add(["0123456789abcdef", "a name of some words", .init(String(repeating: "v", count: 100)), "0.9000"])
        table.add(["fedcba9876543210", "b", "short", "0.8000"])
        return table
    }

    @Test func `a value is cut at its limit, also where there is room`() {
        let lines = runs().text().split(separator: "\n")
        #expect(lines[1] == "0123456789abcdef  a name of some words  \(String(repeating: "v", count: 19))…  0.9000")
        #expect(lines[2] == "fedcba9876543210  b                                    short  0.8000")
    }

    @Test(arguments: [
        (70, "0123456789abcdef  a name of some words  vvvvvvvvvvvvvvvvvvv…  0.9000"),
        (60, "012345  a name of some words  vvvvvvvvvvvvvvvvvvv…  0.9000"),
        (40, "012345  a name of …  vvvvvvvvvv…  0.9000"),
        (33, "012345  a name …  vvvvvv…  0.9000"), (28, "012345  a name …  vvvvvv…  …"), (20, "012345  a name o…  …"),
        (12, "012345  …"), (1, "012345  …"),
    ])
    func `ids become short first, then texts, and columns without room are left out`(width: Int, expected: String) {
        let lines = runs().text(width: width).split(separator: "\n")
        #expect(lines[1] == expected)
        #expect(lines.allSatisfy { $0.count <= max(width, 9) }, "\(lines)")
    }

    @Test func `rows that follow keep the layout on a terminal, and else become wider only`() {
        var (first, second) = (Table([("name", .left), ("n", .right)]), Table([("name", .left), ("n", .right)]))
        first.add(["ab", "1"])
        second.add(["a longer name", "100"])
        let narrow = first.layout(width: 20)
        #expect(
            second.lines(second.layout(width: 20, after: narrow), hasHead: false) { text, _ in text } == ["a l…  …"]
        )
        let wide = first.layout(width: nil)
        let next = second.layout(width: nil, after: wide)
        #expect(second.lines(next, hasHead: false) { text, _ in text } == ["a longer name  100"])
        #expect(
            first.lines(first.layout(width: nil, after: next), hasHead: false) { text, _ in text } == [
                "ab               1"
            ]
        )
    }

    @Test func `a text as long as a book is laid out at once`() {
        let long = String(repeating: "x", count: 1_000_000)
        let lines = table([[.init(long), "1", "x"]]).text(width: 80).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 })
    }
}
