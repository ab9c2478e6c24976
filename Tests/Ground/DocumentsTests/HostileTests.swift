// SPDX-License-Identifier: Apache-2.0

import Documents
import Testing

/// Input that is made to hurt ends in an answer, soon and in little memory.
@Suite(.timeLimit(.minutes(5)))
struct HostileTests {
    private func message(_ text: String) throws -> String {
        try #require(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "f") }.why
    }

    @Test(arguments: ["[", "{a: ", "- ", "[[{a: [", "? "])
    func `deep nesting is refused`(piece: String) throws {
        #expect(try message(String(repeating: piece, count: 200_000)).contains("nested more than 64 deep"))
    }

    @Test func `deep nesting by indentation is refused`() throws {
        let text = (0..<2_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(try message(text).contains("nested more than 64 deep"))
    }

    @Test func `nesting is read to its limit`() throws {
        let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try read(text).hasPrefix("[[["))
        #expect(try message("[" + text + "]").contains("64 deep"))
    }

    @Test(arguments: [
        "[*a, *a, *a, *a, *a, *a, *a, *a, *a]", "{a: *a, b: *a, c: *a, d: *a, e: *a, f: *a, g: *a, h: *a}",
    ])
    func `a billion laughs are refused`(bomb: String) throws {
        var text = "- &a [lol, lol, lol]\n"
        for letter in "bcdefghij" { text += "- &\(letter) \(bomb.replacing("*a", with: "*\(Self.before(letter))"))\n" }
        #expect(try message(text).contains("more than 1000000 values"))
    }

    @Test func `a billion laughs as a key are refused`() throws {
        var text = "? &a [lol, lol, lol]\n: 1\n"
        for letter in "bcdefghijklm" {
            let alias = "*\(Self.before(letter))"
            text += "? &\(letter) [\(Array(repeating: alias, count: 9).joined(separator: ", "))]\n: 1\n"
        }
        #expect(try message(text).contains("more than 1000000 values"))
    }

    @Test func `a billion merges are refused`() throws {
        var text = "a: &a {k: 1}\n"
        for letter in "bcdefghij" {
            let alias = "*\(Self.before(letter))"
            text += "\(letter): &\(letter)\n  <<: [\(Array(repeating: alias, count: 9).joined(separator: ", "))]\n"
        }
        #expect(try message(text).contains("more than 1000000 values"))
    }

    @Test func `an alias may be used often if it is small`() throws {
        let text = "a: &a {x: 1, y: [1, 2]}\nb:\n" + String(repeating: "- *a\n", count: 10_000)
        #expect(try YAMLDocument.parse(text, file: "f")["b"]?.sequence?.count == 10_000)
    }

    @Test func `huge scalars, keys and lists are read`() throws {
        let long = String(repeating: "x", count: 4 << 20)
        let root = try YAMLDocument.parse("a: \(long)\nb: \"\(long)\"\n? \(long)\n: 1\n", file: "f")
        #expect(root["a"]?.string?.utf8.count == 4 << 20)
        #expect(root[long]?.integer == 1)
        let list = try YAMLDocument.parse(String(repeating: "- 1\n", count: 100_000), file: "f")
        #expect(list.sequence?.count == 100_000)
    }

    @Test func `many keys of one mapping are compared in time`() throws {
        let text = (0..<100_000).map { "key\($0): \($0)\n" }.joined()
        #expect(try YAMLDocument.parse(text, file: "f").entries.count == 100_000)
    }

    @Test func `anything at all is read or refused`() throws {
        let pieces = [
            "a", "b: ", "- ", ": ", "? ", "[", "]", "{", "}", ",", "\n", "\n  ", "\n\t", "#", "&a ", "*a", "!!str ",
            "!<", "|", ">",
            "'", "\"", "\\", "%", "@", "`", "---", "...", "<<: ", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{FEFF}",
            "\u{0}", "\u{7F}",
            "é", "😀", "5", "1e9", ".", "-", "~", "=", "\u{FFFF}", "0x", "!", "&", "*", "|2", ">-",
        ]
        var chance = Chance(7)
        var readable = 0
        for _ in 0..<4_000 {
            let text = (0...chance.below(14)).map { _ in chance.pick(pieces) }.joined()
            // Which of both is not the question.
            if let node = try? YAMLDocument.parse(text, file: "f") {
                readable += 1
                _ = described(node)
            }
            // What can be read can be changed or refused, and never ends the program.
            _ = try? YAMLEdit.setting(["b"], to: "1", in: text, file: "f")
        }
        #expect(readable > 100)
    }

    private static func before(_ letter: Character) -> String {
        String(decoding: [(letter.asciiValue ?? 98) - 1], as: UTF8.self)
    }
}
