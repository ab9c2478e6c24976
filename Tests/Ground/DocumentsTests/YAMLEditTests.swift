// SPDX-License-Identifier: Apache-2.0

import Documents
import Testing

struct YAMLEditTests {
    private func set(_ path: String, _ value: String, in text: String) throws -> String {
        try YAMLEdit.setting(path.split(separator: ".").map(String.init), to: value, in: text, file: "params.yaml")
    }

    @Test(arguments: [
        // A value where it stands.
        ("a: 1\nb: 2\n", "b", "3", "a: 1\nb: 3\n"), ("a: 1", "a", "2", "a: 2"),
        ("a:    1   \n", "a", "22", "a:    22   \n"),
        ("# top\na: 1   # why 1\n# end\n", "a", "2", "# top\na: 2   # why 1\n# end\n"),
        ("train:\n  lr: 0.1 # rate\n  n: 5\n", "train.lr", "0.01", "train:\n  lr: 0.01 # rate\n  n: 5\n"),
        ("a: x # it's \"so\"\n", "a", "y", "a: y # it's \"so\"\n"), ("a: x#y\n", "a", "z", "a: z\n"),
        ("a:\n    b:\n      c: 1\n", "a.b.c", "2", "a:\n    b:\n      c: 2\n"),
        ("a: 1\r\nb: 2\r\n", "a", "3", "a: 3\r\nb: 2\r\n"),
        ("\u{FEFF}a: 1\nb: 2\n", "b", "3", "\u{FEFF}a: 1\nb: 3\n"), ("a: \"x: # y\" # z\n", "a", "1", "a: 1 # z\n"),
        ("a: 'it''s' # z\n", "a", "1", "a: 1 # z\n"), ("a: \"\\\"\" # z\n", "a", "1", "a: 1 # z\n"),
        ("\"a b\": 1\n'c': 2\n", "a b", "3", "\"a b\": 3\n'c': 2\n"),
        ("\"a b\": 1\n'c': 2\n", "c", "3", "\"a b\": 1\n'c': 3\n"),
        ("ключ: 1 # 漢\nb: 2\n", "ключ", "\"ü 😀\"", "ключ: \"ü 😀\" # 漢\nb: 2\n"), ("5: a\n", "5", "b", "5: b\n"),
        ("a: \"x\u{2028} y\"\nb: 1\n", "b", "3", "a: \"x\u{2028} y\"\nb: 3\n"),
        ("a: 1\n\nb: 2\n\n\n", "a", "5", "a: 5\n\nb: 2\n\n\n"),
        ("a: |\n  x\n  y\nb: 1\n", "b", "2", "a: |\n  x\n  y\nb: 2\n"),
        ("a: x\n  y\nb: 1\n", "b", "2", "a: x\n  y\nb: 2\n"),
        ("? a\n: 1\n", "a", "2", "? a\n: 2\n"), ("--- # doc\na: 1\n...\n", "a", "2", "--- # doc\na: 2\n...\n"),
        // Lists and brackets.
        ("l:\n- 1\n- 2 # two\n", "l.1", "3", "l:\n- 1\n- 3 # two\n"), ("l: [1, 2, 3]\n", "l.1", "9", "l: [1, 9, 3]\n"),
        ("m: {a: 1, b: 2}\n", "m.a", "9", "m: {a: 9, b: 2}\n"),
        ("m: { \"a\":1,\"b\":2 }\n", "m.b", "9", "m: { \"a\":1,\"b\":9 }\n"),
        ("m: {\n  a: 1, # one\n  b: 2\n}\n", "m.b", "9", "m: {\n  a: 1, # one\n  b: 9\n}\n"),
        ("l:\n  - a: 1\n    b: 2\n", "l.0.b", "3", "l:\n  - a: 1\n    b: 3\n"),
        ("- - 1\n  - 2\n", "0.1", "3", "- - 1\n  - 3\n"),
        // Nothing becomes something.
        ("a:\nb: 1\n", "a", "5", "a: 5\nb: 1\n"), ("a: # later\n", "a", "5", "a: 5 # later\n"),
        ("a: ~ # later\n", "a", "5", "a: 5 # later\n"),
        ("l:\n-\n- 2\n", "l.0", "5", "l:\n- 5\n- 2\n"), ("m: {a: , b: 2}\n", "m.a", "5", "m: {a: 5, b: 2}\n"),
        ("m: {a, b: 2}\n", "m.a", "5", "m: {a: 5, b: 2}\n"), ("a:", "a", "5", "a: 5"),
        ("a: 5 # x\n", "a", "", "a:  # x\n"),
        // Anchors, aliases, tags, merges.
        ("a: &x 1\nb: 2\n", "a", "3", "a: &x 3\nb: 2\n"),
        ("a: &x 1\nb: *x # same\n", "b", "3", "a: &x 1\nb: 3 # same\n"),
        ("a: !!str 5\n", "a", "6", "a: 6\n"), ("a: &x !!int 5\n", "a", "\"y\"", "a: &x \"y\"\n"),
        ("a: &x\nb: 1\n", "a", "5", "a: &x 5\nb: 1\n"),
        ("d: &d {x: 1}\nb:\n  <<: *d\n  y: 2\n", "b.x", "9", "d: &d {x: 1}\nb:\n  <<: *d\n  y: 2\n  x: 9\n"),
        ("d: &d {x: 1}\nb:\n  <<: *d\n", "b.x", "9", "d: &d {x: 1}\nb:\n  <<: *d\n  x: 9\n"),
        // A key that is missing.
        ("a: 1\n", "b", "2", "a: 1\nb: 2\n"), ("a: 1", "b", "2", "a: 1\nb: 2"),
        ("a: 1 # one\n# end\n", "b", "2", "a: 1 # one\nb: 2\n# end\n"),
        ("t:\n  a: 1\n\nu: 2\n", "t.b", "2", "t:\n  a: 1\n  b: 2\n\nu: 2\n"),
        ("a: 1\r\nb: 2\r\n", "c", "3", "a: 1\r\nb: 2\r\nc: 3\r\n"),
        ("t:\n  a: |\n    x\n    y\nu: 2\n", "t.b", "2", "t:\n  a: |\n    x\n    y\n  b: 2\nu: 2\n"),
        ("t:\n  a: \"x\n    y\" # z\nu: 2\n", "t.b", "2", "t:\n  a: \"x\n    y\" # z\n  b: 2\nu: 2\n"),
        ("t:\n  a:\n  - 1\n  - 2\nu: 2\n", "t.b", "2", "t:\n  a:\n  - 1\n  - 2\n  b: 2\nu: 2\n"),
        ("t:\n  a: {x: 1,\n      y: 2}\nu: 2\n", "t.b", "2", "t:\n  a: {x: 1,\n      y: 2}\n  b: 2\nu: 2\n"),
        ("t:\n  a:\nu: 2\n", "t.b", "2", "t:\n  a:\n  b: 2\nu: 2\n"),
        ("l:\n- a: 1\n- a: 2\n", "l.0.b", "3", "l:\n- a: 1\n  b: 3\n- a: 2\n"),
        ("t: &x\n    a: 1\nu: 2\n", "t.b", "2", "t: &x\n    a: 1\n    b: 2\nu: 2\n"),
        ("a: 1\n", "x y", "2", "a: 1\n\"x y\": 2\n"),
        ("m: {a: 1}\n", "m.b", "2", "m: {a: 1, b: 2}\n"), ("m: {}\n", "m.b", "2", "m: {b: 2}\n"),
        ("m: { a: 1 } # x\n", "m.b", "2", "m: { a: 1, b: 2 } # x\n"),
        ("m: {\n  a: 1,\n}\n", "m.b", "2", "m: {\n  a: 1, b: 2\n}\n"), ("{}\n", "a", "1", "{a: 1}\n"),
        ("t:\n  <<: {a: 1}\n", "t.b", "2", "t:\n  <<: {a: 1}\n  b: 2\n"),
        ("", "a", "1", "a: 1\n"), ("# only a comment\n", "a", "1", "# only a comment\na: 1\n"),
        ("# no end", "a", "1", "# no end\na: 1"),
    ])
    func `only the value changes`(text: String, path: String, value: String, expected: String) throws {
        #expect(try set(path, value, in: text) == expected)
    }

    @Test(arguments: [
        ("a: |\n  x\n", "a", "several lines"), ("a: x\n  y\n", "a", "several lines"),
        ("a: \"x\n  y\"\n", "a", "several lines"),
        ("a: >-\n  x\n", "a", "several lines"), ("a: [1]\n", "a", "`a` is a list, not a single value"),
        ("a: {b: 1}\n", "a", "a mapping"),
        ("a: 1\n", "a.b", "there is no `a.b`"), ("a: 1\n", "b.c", "there is no `b`"),
        ("a:\n", "a.b", "there is no `a.b`"),
        ("l: [1]\n", "l.5", "there is no `l.5`"), ("l: [1]\n", "l.x", "there is no `l.x`"),
        ("5\n", "a", "there is no `a`"),
        ("a: &x 1\nb: *x\n", "a", "without changing other values"),
        ("a: &x {k: 1}\nb: *x\n", "b.k", "without changing other values"),
        ("a: &x {k: 1}\nb: *x\n", "b.n", "there is no `b.n`"), ("a: [\n", "a", "no valid YAML"),
        ("a: 1\n", "", "no key is named"),
    ])
    func `what cannot be changed alone is refused`(text: String, path: String, why: String) throws {
        let error = try #require(throws: DocumentError.self) { try set(path, "9", in: text) }
        #expect(error.why.contains(why), "\(error.why)")
    }

    @Test(arguments: ["a: b", "[1", "1\n2", "1\nb: 2", "*x", "\"unended", "- 1", "1\u{2028}2", "@"])
    func `a value that cannot stand there is refused`(value: String) throws {
        #expect(throws: DocumentError.self) { try set("a", value, in: "a: 1\nc: 3\n") }
    }

    @Test(arguments: ["x, y", "x]", "x, a: 1", "], ["])
    func `a value that brackets would cut is refused`(value: String) throws {
        #expect(throws: DocumentError.self) { try set("l.0", value, in: "l: [1, 2]\n") }
        #expect(try set("l.0", YAMLEdit.scalar(value), in: "l: [1, 2]\n") == "l: [\"\(value)\", 2]\n")
    }

    @Test(arguments: [
        "plain", "0.5", "true", "~", "null", "", " ", "two words", "yes", "No", "on", "y", "a#b", "a: b", "- x", "[x",
        "*x", "&x",
        "!x", "%x", "@x", "`x", "'x", "\"x", "\\", "x\\", "line\nbreak", "tab\t", "\r", "\r\n", "\u{0}", "\u{7}",
        "\u{1B}[0m", "\u{85}",
        "\u{2028}", "\u{FEFF}", "\u{FFFF}", "é", "e\u{301}", "\"\u{301}", "\\\u{301}", "😀", "1e5", "0x1F", "0o17", "-",
        "-1", ".5", "<<", "=",
        "1_000", "2024-01-01", "12:30:45", "~/path", "/a/b-c_d.e+f", "C:\\x", "#", "x #y", "?", "|", ">", "\u{D7FF}",
        "１２",
    ])
    func `a text written as a scalar reads back as what was typed`(text: String) throws {
        let source = YAMLEdit.scalar(text)
        for document in ["a: \(source)\n", "a: [\(source), 1]\n", "a: {b: \(source)}\n", "a: \(source) # note\n"] {
            let root = try YAMLDocument.parse(document, file: "f")
            let node = try #require(root["a"]?.sequence?.first ?? root["a"]?["b"] ?? root["a"])
            #expect(node.source.utf8.elementsEqual(text.utf8), "\(document)")
        }
        #expect(!source.unicodeScalars.contains("\n"))
    }
}
