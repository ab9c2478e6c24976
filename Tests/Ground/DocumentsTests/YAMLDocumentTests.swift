// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents
import Testing

struct YAMLDocumentTests {
    @Test(arguments: [
        ("5", "5"), ("-5", "-5"), ("+5", "5"), ("0x1F", "31"), ("0o17", "15"), ("007", "7"), ("0", "0"), ("-0", "0"),
        ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "real 9.223372036854776e+18"),
        ("1.5", "real 1.5"), (".5", "real 0.5"), ("5.", "real 5.0"), ("-.5e2", "real -50.0"), ("1e3", "real 1000.0"),
        ("1e-4", "real 0.0001"), ("1E+2", "real 100.0"), ("5.e1", "real 50.0"), (".inf", "real inf"),
        ("-.INF", "real -inf"),
        (".nan", "real nan"), ("true", "true"), ("False", "false"), ("null", "null"), ("~", "null"), ("", "null"),
        ("yes", "\"yes\""), ("on", "\"on\""), ("1_000", "1000"), ("0b11", "3"), ("-0x1F", "-31"),
        ("1_0.5", "real 10.5"), ("_1", "\"_1\""), ("0x", "\"0x\""), ("0x-5", "\"0x-5\""),
        ("0o8", "\"0o8\""), ("1.2.3", "\"1.2.3\""), (".e5", "\".e5\""), ("e5", "\"e5\""), (".", "\".\""),
        ("-", "[null]"),
        ("+", "\"+\""), ("1e", "\"1e\""), ("1e5e5", "\"1e5e5\""), ("12:30", "\"12:30\""),
        ("2024-01-01", "\"2024-01-01\""),
        ("infinity", "\"infinity\""), ("nan", "\"nan\""), ("0x1p3", "\"0x1p3\""), ("١٢", "\"١٢\""),
        ("nUll", "\"nUll\""),
        ("\"5\"", "\"5\""), ("'true'", "\"true\""), ("\"a\\n\\u00e9\"", "\"a\\né\""), ("'it''s'", "\"it\\'s\""),
        ("a # b", "\"a\""), ("a#b", "\"a#b\""), ("!!str 5", "\"5\""), ("! 5", "\"5\""), ("!!int \"5\"", "5"),
        ("!!float 5", "real 5.0"), ("!own 5", "5"), ("!own x", "\"x\""), ("|\n  a\n  b\n", "\"a\\nb\\n\""),
        (">-\n  a\n  b\n", "\"a b\""), ("|+\n  a\n\n", "\"a\\n\\n\""),
    ])
    func `a scalar means what YAML's core schema says`(text: String, expected: String) throws {
        #expect(try read(text) == expected)
    }

    @Test(arguments: [
        ("", "null"), ("# nothing\n", "null"), ("---\n", "null"), ("a:\nb:\n", #"{"a": null, "b": null}"#),
        ("a: 1\r\nb: x\r\n", #"{"a": 1, "b": "x"}"#), ("\u{FEFF}a: 1\n", #"{"a": 1}"#), ("--- 5\n...\n", "5"),
        ("- 1\n- [2, {a: 3}]\n", #"[1, [2, {"a": 3}]]"#), ("a:\n- 1\n- 2\nb: {}\n", #"{"a": [1, 2], "b": {}}"#),
        ("5: a\n\"x y\": b\n", #"{"5": "a", "x y": "b"}"#), ("ключ: значение\n", #"{"ключ": "значение"}"#),
        ("a: &x [1, 2]\nb: *x\n", #"{"a": [1, 2], "b": [1, 2]}"#), ("{a, b: }", #"{"a": null, "b": null}"#),
        ("? a\n: 1\n", #"{"a": 1}"#), ("a: &x 1\nb: &x 2\nc: *x\n", #"{"a": 1, "b": 2, "c": 2}"#),
    ])
    func `a document of any layout is read`(text: String, expected: String) throws {
        #expect(try read(text) == expected)
    }

    @Test(arguments: [
        ("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", #"{"y": 3, "x": 1}"#),
        ("a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n", #"{"x": 2}"#),
        ("a: [&p {x: 1, z: 1}, &q {x: 2, y: 2}]\nb: {<<: [*p, *q]}\n", #"{"x": 1, "z": 1, "y": 2}"#),
        ("b: {<<: {x: 1}}\n", #"{"x": 1}"#), ("b: {\"<<\": 1}\n", #"{"<<": 1}"#),
    ])
    func `a merge brings what is not there`(text: String, expected: String) throws {
        #expect(described(try #require(try YAMLDocument.parse(text, file: "f")["b"])) == expected)
    }

    @Test func `each value and key knows where it stands`() throws {
        let text = "# ä\na: 1\nb:\n  - x\n  - {k: 漢, l: y}\nc: &anchor\n  d: |\n    text\ne: *anchor\n"
        let root = try YAMLDocument.parse(text, file: "f.yaml")
        func place(_ node: YAMLNode?) -> String? { node.map { "\($0.position)" } }
        #expect(root.entries.map { "\($0.position)" } == ["f.yaml:2:1", "f.yaml:3:1", "f.yaml:6:1", "f.yaml:9:1"])
        #expect(place(root["a"]) == "f.yaml:2:4")
        #expect(place(root["b"]?.sequence?[0]) == "f.yaml:4:5")
        #expect(place(root["b"]?.sequence?[1]["k"]) == "f.yaml:5:9")
        #expect(place(root["b"]?.sequence?[1]["l"]) == "f.yaml:5:15")
        #expect(place(root["c"]?["d"]) == "f.yaml:7:6")
        #expect(place(root["e"]) == "f.yaml:9:4")
    }

    @Test func `a scalar keeps the way it was written`() throws {
        let root = try YAMLDocument.parse("a: 1.50\nb: '007'\nc: 0x1F\n", file: "f")
        #expect(root.entries.map(\.value.source) == ["1.50", "007", "0x1F"])
        #expect(root["a"]?.string == "1.50")
        #expect(root["a"]?.double == 1.5)
        #expect(root["c"]?.integer == 31)
        #expect(root["b"]?.integer == nil)
    }
}
