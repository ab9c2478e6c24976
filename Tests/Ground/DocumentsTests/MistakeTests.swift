// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents
import Testing

/// Mistakes in YAML itself, and where they are said to be.
struct MistakeTests {
    private func problems(_ text: String) throws -> [DocumentError.Problem] {
        try #require(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "f") }.problems
    }

    @Test(arguments: [
        ("a: b: c\n", 1, 5, "mapping values"), ("a: 1\n b: 2\n", 2, 3, "mapping values"),
        ("a: [1, 2\nb: 3\n", 2, 2, "expected"),
        ("a: 1\n\tb: 2\n", 2, 1, "tab character"), ("a: @x\n", 1, 4, "cannot start any token"),
        ("ok: 1\nb: \"never ended\nc: 2\n", 2, 4, "unexpected end of stream"), ("a: 'x\n", 1, 4, "unexpected end"),
        ("a: \"\\q\"\n", 1, 5, "unknown escape"), ("a: {b: 1\n", 2, 1, "expected"), ("- 1\nb: 2\n", 2, 1, "expected"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"), ("a: 1\nä: *nowhere\n", 2, 4, "no anchor"),
        ("a: &x [*x]\n", 1, 8, "no anchor"), ("? [1, 2]\n: 3\n", 1, 3, "a key is a list"),
        ("? {a: 1}\n: 3\n", 1, 3, "a mapping"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key `a` is there twice"), ("x: {k: 1, k: 2}\n", 1, 11, "`k` is there twice"),
        ("a: !!int x\n", 1, 4, "is not what its tag `!!int` says"),
        ("a: 1\nb: {<<: 5}\n", 2, 9, "merges a whole number"),
        ("ä: 1\nb: x\u{7}y\n", 2, 5, "control characters"), ("a: 1\nb: \u{0}\n", 2, 4, "control characters"),
        ("%YAML 3.0\n---\na: 1\n", 1, 1, "YAML"), ("a: !<x y\n", 1, 7, "tag"),
    ])
    func `a mistake is shown at its line and column`(text: String, line: Int, column: Int, message: String) throws {
        let problem = try #require(try problems(text).first)
        #expect("\(problem.position)" == "f:\(line):\(column)")
        #expect(problem.message.contains(message), "\(problem.message)")
    }

    @Test func `tabs are named as what they are`() throws {
        #expect(try problems("a:\n\tb: 2\n").first?.suggestion == "indent with spaces, not with tabs")
    }

    @Test func `mistakes that hide nothing are all reported, in the order of the file`() throws {
        let text = "a: 1\na: 2\nb: *no\nc: {d: 1, d: 2}\ne: !!bool x\nf: [unended\n"
        let found = try problems(text).map { "\($0.position.line):\($0.position.column)" }
        #expect(found == ["2:1", "3:4", "4:11", "5:4", "7:1"])
    }

    @Test func `an error of many mistakes says how many, and shows a screenful`() throws {
        let text = (0..<100).map { "a: \($0)\n" }.joined()
        let error = try #require(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "f.yaml") }
        #expect(error.problems.count == 99)
        #expect(error.what == "cannot use `f.yaml`: it has 99 mistakes")
        #expect(error.why.split(separator: "\n").count == 21)
        #expect(error.why.hasSuffix("and 79 more"))
        #expect(error.kind == .invalid)
    }
}
