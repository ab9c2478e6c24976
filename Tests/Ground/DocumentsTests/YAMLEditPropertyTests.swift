// SPDX-License-Identifier: Apache-2.0

import Documents
import Testing

/// Documents put together by chance: whatever the layout, one value changes and nothing else does.
struct YAMLEditPropertyTests {
    /// Writes a random document line by line.
    private struct Author {
        var chance: Chance
        var lines: [String] = []
        var paths: [[String]] = []

        private static let keys = ["a", "lr", "\"x y\"", "'q'", "ключ", "n-1", "7", "e_f", "deep", "zz"]
        private static let scalars = [
            "1", "0.5", "text", "two words", "\"quoted: # x\"", "'it''s'", "true", "~", "", "1e-3", "漢字 😀", "a#b",
            "\"\\\"\"", "-5",
            "http://x:1/y?z=1", "[1, 2]", "{p: 1, q: 'r'}", "[]", "{}",
        ]

        mutating func mapping(_ path: [String], indent: Int, depth: Int) {
            var free = Self.keys
            for _ in 0...chance.below(3) {
                let key = free.remove(at: chance.below(free.count))
                let name = key.replacing("\"", with: "").replacing("'", with: "")
                entry("\(key):", path + [name], indent: indent, depth: depth)
            }
        }

        private mutating func entry(_ start: String, _ path: [String], indent: Int, depth: Int) {
            let space = String(repeating: " ", count: indent)
            if chance.below(5) == 0 { lines.append(space + "# a note") }
            if chance.below(8) == 0 { lines.append("") }
            switch depth > 0 ? chance.below(6) : 5 {
            case 0, 1:
                lines.append("\(space)\(start)\(note())")
                mapping(path, indent: indent + 1 + chance.below(4), depth: depth - 1)
            case 2:
                lines.append("\(space)\(start)\(note())")
                let inner = indent + chance.below(3)
                for index in 0...chance.below(2) {
                    let item = path + ["\(index)"]
                    if chance.below(3) == 0 {
                        lines.append(String(repeating: " ", count: inner) + "- k: 1\(note())")
                        lines.append(String(repeating: " ", count: inner) + "  l: x")
                        paths += [item + ["k"], item + ["l"]]
                    } else {
                        let scalar = chance.pick(["1", "x y", "'z'", "\"\""])
                        lines.append(String(repeating: " ", count: inner) + "- \(scalar)\(note())")
                        paths.append(item)
                    }
                }
            case 3:
                lines.append("\(space)\(start) |")
                lines += [space + "   first line: [", "", space + "   # no comment"]
            default:
                let value = chance.pick(Self.scalars)
                lines.append("\(space)\(start)\(value.isEmpty ? "" : " ")\(value)\(note())")
                switch value.first {
                case "[": if value != "[]" { paths += [path + ["0"], path + ["1"]] }
                case "{": paths += value == "{}" ? [path + ["new"]] : [path + ["p"], path + ["q"], path + ["r"]]
                default: paths.append(path)
                }
            }
        }

        private mutating func note() -> String { chance.below(4) == 0 ? " # note: 'x'" : "" }
    }

    private static let values = ["42", "0.25", "word", "\"a: b # c\"", "true", "null", "'single'", "\"ü 😀\"", "[7, 8]"]

    @Test(arguments: 0..<40)
    func `changing or adding one value keeps all others and all other lines`(seed: Int) throws {
        var author = Author(chance: Chance(UInt64(seed) * 7_919 + 1))
        author.mapping([], indent: 0, depth: 3)
        let lineBreak = seed % 4 == 0 ? "\r\n" : "\n"
        // Without a line break behind it, the text of a block ends without one too: then nothing can be added.
        let hasEnd = seed % 3 != 0 || author.lines.last?.hasSuffix("# no comment") == true
        let text = author.lines.joined(separator: lineBreak) + (hasEnd ? lineBreak : "")
        let before = try YAMLDocument.parse(text, file: "f")
        for path in author.paths + [["added"]] {
            let value = author.chance.pick(Self.values)
            let edited = try YAMLEdit.setting(path, to: value, in: text, file: "f")
            let after = try YAMLDocument.parse(edited, file: "f")
            let expected = try YAMLDocument.parse(value, file: "f")
            #expect(described(try #require(Self.node(path, in: after))) == described(expected), "\(path) in:\n\(text)")
            // All that is neither this value nor holds it.
            let (kept, old) = (Self.leaves(after), Self.leaves(before))
            #expect(kept.filter { !$0.key.starts(with: path) } == old.filter { !$0.key.starts(with: path) })
            let (lines, newLines) = (Self.lines(text), Self.lines(edited))
            let first = zip(lines, newLines).prefix { $0 == $1 }.count
            let isAdded = path == ["added"]
            #expect(lines.dropFirst(isAdded ? first : first + 1) == newLines.dropFirst(first + 1), "became:\n\(edited)")
        }
    }

    private static func lines(_ text: String) -> [ArraySlice<UInt8>] {
        // The last line may have to get its end.
        Array(text.utf8).split(separator: 10, omittingEmptySubsequences: false).map {
            $0.last == 13 ? $0.dropLast() : $0
        }
    }

    private static func node(_ path: [String], in root: YAMLNode) -> YAMLNode? {
        path.reduce(root) { node, key in
            node?.sequence.flatMap { items in Int(key).map { items[$0] } } ?? node?[key]
        }
    }

    private static func leaves(_ node: YAMLNode, _ path: [String] = []) -> [[String]: String] {
        if node.isMapping, !node.entries.isEmpty {
            return node.entries.reduce(into: [:]) { $0.merge(leaves($1.value, path + [$1.key])) { $1 } }
        }
        if let items = node.sequence, !items.isEmpty {
            return items.enumerated().reduce(into: [:]) { $0.merge(leaves($1.element, path + ["\($1.offset)"])) { $1 } }
        }
        // An empty mapping that gets its first key is no leaf any more.
        return node.isMapping ? [:] : [path: described(node)]
    }
}
