// SPDX-License-Identifier: Apache-2.0

import JSONText
import Testing

struct JSONWriterTests {
    @Test func `commas and colons set themselves`() {
        var writer = JSONWriter()
        writer.object {
            $0.field("text", "x")
            $0.field("whole", 3)
            $0.field("none", nil as String?)
            $0.key("list")
            $0.array {
                $0.integer(1)
                $0.array { _ in }
                $0.object { _ in }
                $0.bool(false)
                $0.null()
            }
            $0.field("last", 0.5)
        }
        #expect(writer.text == #"{"text":"x","whole":3,"none":null,"list":[1,[],{},false,null],"last":0.5}"#)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("", #""""#), ("\"\\/", #""\"\\/""#), ("\n\r\t\u{8}\u{C}", #""\n\r\t\b\f""#),
        ("\u{0}\u{1f}", #""\u0000\u001f""#), ("é漢😀\u{7f}\u{2028}", "\"é漢😀\u{7f}\u{2028}\""),
    ])
    func `texts are escaped as RFC 8259 wants`(text: String, expected: String) throws {
        var writer = JSONWriter()
        writer.string(text)
        #expect(writer.text == expected)
        #expect(try JSONDocument(writer.bytes).root.string == text)
    }

    @Test(arguments: [
        0.1, -0.0, 1, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e21, 1e-7, 123_456_789.123_456_79,
        4_503_599_627_370_497.5,
    ])
    func `a double reads back with the same bits`(value: Double) throws {
        var writer = JSONWriter()
        writer.double(value)
        #expect(try JSONDocument(writer.bytes).root.double?.bitPattern == value.bitPattern)
    }

    @Test func `numbers are as short as can be`() {
        var writer = JSONWriter()
        writer.array {
            $0.double(0.1)
            $0.float(0.1)
            $0.integer(Int64.min)
        }
        #expect(writer.text == "[0.1,0.1,-9223372036854775808]")
    }

    @Test(arguments: [
        (JSONWriter.NonFinite.null, "[null,null,null]"),
        (JSONWriter.NonFinite.text, #"["NaN","Infinity","-Infinity"]"#),
    ])
    func `what JSON has no number for follows the policy`(policy: JSONWriter.NonFinite, expected: String) {
        var writer = JSONWriter(nonFinite: policy)
        writer.array {
            $0.double(.nan)
            $0.double(.infinity)
            $0.float(-.infinity)
        }
        #expect(writer.text == expected)
    }

    @Test func `the pretty layout has a line for each item and none for an empty list`() {
        var writer = JSONWriter(pretty: true)
        writer.object {
            $0.key("a")
            $0.array {
                $0.integer(1)
                $0.integer(2)
            }
            $0.key("b")
            $0.object { _ in }
        }
        #expect(writer.text == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}")
    }

    @Test func `documents follow each other on lines of their own`() {
        var writer = JSONWriter()
        for number in 1...2 {
            writer.object { $0.field("n", number) }
            writer.newline()
        }
        #expect(writer.text == "{\"n\":1}\n{\"n\":2}\n")
    }

    @Test(arguments: [
        #"{"a":[1,-2.5,"x",null,true,{"b":[]}],"c":{"d":"é\n"}}"#, "[]", "\"text\"", "18446744073709551615",
        "[9223372036854775807,-9223372036854775808]",
    ])
    func `a document that is read and written again is the same`(text: String) throws {
        #expect(try JSONDocument(text).root.json == text)
    }
}
