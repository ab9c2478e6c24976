// SPDX-License-Identifier: Apache-2.0

import JSONText
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

struct YAMLTextTests {
    /// Texts whose writing is easy to get wrong, and some thousand at random from the characters that matter.
    private static let texts: [String] = {
        let fixed = [
            "", " ", "  ", "a", "-", "- a", "-a", "?", "? a", ":", ": a", ":a", "a:", "a: b", "a :b", "#", "a#b",
            "a #b",
            "yes", "no", "on", "y", "true", "True", "null", "~", "<<", "=", "0", "-0", "+1", "01", "0o7", "0x1F", "0b1",
            "1_0", "_1", "1.", ".5", ".", "..", "...", "... a", "---", "1e5", "1e", "1.e5", "-.inf", ".NaN", "1:30",
            "2020-01-01", "2020-1-1", "2020-01-01 10:00:00", "2020-01-01T1:00:00.5+01:00", "a\nb", "a\n", "\na",
            "a\n\nb",
            "a\n b", "it's", "it's #1", "\"", "a\"b", "a: \"b\"", "\\", "a: \\", "\t", "a\tb", "\u{7}", "\u{1B}",
            "\u{7F}",
            "\u{A0}", "ü", "🦆", "\u{FEFF}", "{a}", "[a", "a]", "a, b", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">",
            "a|b",
            String(repeating: "a", count: 100), String(repeating: "word ", count: 40) + "end",
            String(repeating: "two  spaces ", count: 20) + "end",
            "a: " + String(repeating: "quoted text ", count: 20) + ".",
            "it's \n" + String(repeating: "double text ", count: 20) + ".", String(repeating: "x\ny ", count: 60) + "z",
            "\t" + String(repeating: "é", count: 90), "\t" + String(repeating: "\t", count: 90) + "b",
        ]
        var generator = Generator(state: 7)
        let pieces = [
            "a", "bc", "def ", " ", "  ", "\n", ":", "#", "'", "\"", "\\", "-", "ü", "🦆", "\t", "word ",
            "longer words ",
            "1", ".", "e", "_", "?", ",", "{", "]", "--flag ", "a/b/c.csv ", "&& ",
        ]
        let random = (0..<3_000).map { _ in
            (0..<Int.random(in: 1...60, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
        }
        return fixed + random
    }()

    /// The same texts in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test func `every text is written as dvc writes it`() async throws {
        var writer = JSONWriter()
        writer.array { writer in for text in Self.texts { writer.string(text) } }
        let script = """
            import json, sys
            from dvc.utils.serialize import dumps_yaml
            texts = json.load(sys.stdin)
            print(json.dumps([[dumps_yaml({"outs": [{"path": t}]}), dumps_yaml({"a": {"cmd": [t]}})] for t in texts]))
            """
        let answer = try await Tool.dvcPython.run(["-c", script], in: "/", input: writer.text)
        let expected = try JSONDocument(answer.output).root.elements.map { $0.elements.map { $0.string ?? "" } }
        try #require(expected.count == Self.texts.count)
        for (text, dumps) in zip(Self.texts, expected) {
            #expect(
                "outs:\n- path:\(YAMLText.value(text, after: 7, indent: 4))\n" == dumps[0],
                "\(text.debugDescription)"
            )
            #expect(
                "a:\n  cmd:\n  -\(YAMLText.value(text, after: 3, indent: 4))\n" == dumps[1],
                "\(text.debugDescription)"
            )
        }
    }
}
