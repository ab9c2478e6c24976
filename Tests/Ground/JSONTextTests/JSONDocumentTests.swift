// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText
import Testing

struct JSONDocumentTests {
    @Test func `every kind of value is told apart`() throws {
        let root = try JSONDocument(
            #"{"n":null,"t":true,"i":-3,"u":18446744073709551615,"d":1.5,"s":"x","a":[1],"o":{"k":2}}"#
        ).root
        let kinds = root.members.map { "\($0.key):\($0.value.kind)" }
        #expect(
            kinds == ["n:null", "t:bool", "i:integer", "u:unsigned", "d:real", "s:string", "a:array", "o:object"]
        )
        #expect(root["n"]?.isNull == true)
        #expect(root["t"]?.bool == true)
        #expect(root["i"]?.int64 == -3)
        #expect(root["u"]?.int64 == nil)
        #expect(root["u"]?.uint64 == .max)
        #expect(root["i"]?.uint64 == nil)
        #expect(root["o"]?["k"]?.int64 == 2)
        #expect(root.count == 8)
    }

    @Test func `any number is readable as a double and only whole ones as integers`() throws {
        let root = try JSONDocument("[1, 2.5, -0.0, 1e308, 9223372036854775807]").root
        #expect(root.elements.map(\.double) == [1, 2.5, 0, 1e308, 9_223_372_036_854_775_808])
        #expect(root.elements.map(\.int64) == [1, nil, nil, nil, .max])
    }

    @Test func `a value of another kind reads as nil and has no items`() throws {
        let root = try JSONDocument(#"{"s":"x","a":[1,2],"o":{}}"#).root
        #expect(root["s"]?.double == nil)
        #expect(root["a"]?.string == nil)
        #expect(root["missing"] == nil)
        #expect(root["s"]?["deeper"] == nil)
        #expect(root["o"]?.elements.map(\.kind).isEmpty == true)
        #expect(root["a"]?.members.map(\.key).isEmpty == true)
        #expect(root["s"]?.count == 0)
    }

    @Test func `nested lists come in their order`() throws {
        let root = try JSONDocument("[[1,[2,3]],[],[[4]]]").root
        #expect(root.elements.map(\.count) == [2, 0, 1])
        #expect(root.elements.map { $0.elements.map(\.count) } == [[0, 2], [], [1]])
    }

    @Test func `escapes and any script are decoded, in keys too`() throws {
        let root = try JSONDocument(#"{"a\u00e9\n\"":"\ud83d\ude00 \t\\ \/ łódź 漢","":1}"#).root
        #expect(root["aé\n\""]?.string == "😀 \t\\ / łódź 漢")
        #expect(root[""]?.int64 == 1)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", #"{"a":1,}"#, "nul", "NaN", "[1] 2", #"{"a" 1}"#, "\"\u{1}\"", "01", "1e999",
        "123456789012345678901234567890", #""\ud800""#, "'a'",
    ])
    func `what is no JSON is refused with a reason`(text: String) throws {
        let error = try #require(throws: JSONError.self) { try JSONDocument(text) }
        #expect(!error.why.isEmpty)
        #expect(error.kind == .invalid)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: JSONError.self) { try JSONDocument([0x22, 0xC3, 0x28, 0x22]) }
    }

    @Test(arguments: [(64, true), (65, false), (10_000, false)])
    func `nesting is taken to its limit and no deeper`(depth: Int, isTaken: Bool) {
        let text = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        // Whether it fails is what is looked at.
        let document = try? JSONDocument(text)
        #expect((document != nil) == isTaken)
    }

    @Test func `a value outlives the variable of its document`() throws {
        func inner() throws -> JSONElement? { try JSONDocument(#"{"a":["kept"]}"#).root["a"] }
        #expect(try inner()?.elements.map(\.string) == ["kept"])
    }

    @Test func `several threads read one document`() async throws {
        let document = try JSONDocument("[\((0..<1_000).map(String.init).joined(separator: ","))]")
        let sums = await withTaskGroup(of: Int64.self) { group in
            for _ in 0..<8 { group.addTask { document.root.elements.reduce(0) { $0 + ($1.int64 ?? 0) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums == Array(repeating: 499_500, count: 8))
    }
}
