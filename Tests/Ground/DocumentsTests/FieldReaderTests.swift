// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents
import Testing

struct FieldReaderTests {
    private enum Color: String, CaseIterable { case red, green }

    private func reader(_ text: String) throws -> FieldReader {
        FieldReader(try YAMLDocument.parse(text, file: "gyre.yaml"), file: "gyre.yaml")
    }

    @Test func `each kind of field is read`() throws {
        let reader = try reader("s: a\nn: 5\nd: 0.5\nb: true\nl: [a, 1]\none: x\nc: green\nm: {k: v}\nnothing:\n")
        #expect(reader.string("s") == "a")
        #expect(reader.string("n") == "5")
        #expect(reader.integer("n") == 5)
        #expect(reader.double("n") == 5)
        #expect(reader.double("d") == 0.5)
        #expect(reader.bool("b") == true)
        #expect(reader.strings("l").map(\.text) == ["a", "1"])
        #expect(reader.strings("one").map(\.text) == ["x"])
        #expect(reader.choice("c", Color.self) == .green)
        #expect(reader.mapping("m")?.string("k") == "v")
        #expect(reader.string("nothing") == nil)
        #expect(reader.mapping("missing") == nil)
        try reader.finish()
    }

    @Test func `all mistakes come at once, each with its place`() throws {
        let text = """
            project: [a]
            trackign: x
            model:
              name: churn
              positiv: "yes"
              size: big
            evaluation: 5
            color: grene
            slices:
              - country
              - {a: 1}
            """
        let reader = try reader(text)
        _ = reader.string("project")
        _ = reader.string("tracking")
        let model = try #require(reader.mapping("model"))
        _ = model.string("name")
        _ = model.string("positive")
        _ = model.integer("size")
        model.checkKeys()
        _ = reader.mapping("evaluation")?.string("data")
        _ = reader.choice("color", Color.self)
        _ = reader.strings("slices")
        let error = try #require(throws: DocumentError.self) { try reader.finish() }
        let found = error.problems.map { "\($0.position): \($0.message)" + ($0.suggestion.map { " (\($0))" } ?? "") }
        #expect(
            found == [
                "gyre.yaml:1:10: `project` is a list; a text is expected",
                "gyre.yaml:2:1: `trackign` is not a key (did you mean `tracking`?)",
                "gyre.yaml:5:3: `model.positiv` is not a key (did you mean `positive`?)",
                "gyre.yaml:6:9: `model.size` is a text; a whole number is expected",
                "gyre.yaml:7:13: `evaluation` is a whole number; a mapping is expected",
                "gyre.yaml:8:8: `color` is `grene`; it may be `red`, `green` (did you mean `green`?)",
                "gyre.yaml:11:5: an item of `slices` is a mapping; a text is expected",
            ]
        )
        #expect(error.what == "cannot use `gyre.yaml`: it has 7 mistakes")
    }

    @Test(arguments: [
        ("k: [1]", "a list"), ("k: {a: 1}", "a mapping"), ("k: x", "a text"), ("k: 1.5", "a number"),
        ("k: true", "true or false"),
    ])
    func `a wrong kind is named in words`(text: String, kind: String) throws {
        let reader = try reader(text)
        #expect(reader.integer("k") == nil)
        let error = try #require(throws: DocumentError.self) { try reader.finish() }
        #expect(error.problems.map(\.message) == ["`k` is \(kind); a whole number is expected"])
    }

    @Test(arguments: ["- 1\n", "text\n", "5\n"])
    func `a document that is no mapping is one mistake`(text: String) throws {
        let reader = try reader(text)
        _ = reader.string("a")
        let error = try #require(throws: DocumentError.self) { try reader.finish() }
        #expect(error.problems.count == 1)
        #expect(error.problems.first?.message.contains("a mapping is expected") == true)
    }

    @Test(arguments: ["", "# only a comment\n", "~\n"])
    func `an empty document has no fields and no mistakes`(text: String) throws {
        let reader = try reader(text)
        #expect(reader.string("a") == nil)
        try reader.finish()
    }

    @Test func `a key far from all known ones has no suggestion`() throws {
        let reader = try reader("zebra: 1\n")
        _ = reader.string("project")
        let error = try #require(throws: DocumentError.self) { try reader.finish() }
        #expect(error.problems.map(\.suggestion) == [nil])
    }
}
