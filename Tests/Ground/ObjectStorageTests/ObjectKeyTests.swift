// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ObjectStorage
import Testing

struct ObjectKeyTests {
    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "../a", "a/..", "a/../b", "a/../../b", "\\", "a\\b",
        "..\\a", "\0", "a\0b",
        // A slash with a combining mark is one character of a text, and a slash of a path.
        "../\u{301}x", "a/..\u{2F}\u{301}b", "/\u{301}", String(repeating: "x", count: 256),
        Array(repeating: "abc", count: 300).joined(separator: "/"),
    ])
    func `a key that could lead astray is refused`(text: String) throws {
        let error = try #require(throws: ObjectStorageError.self) { try ObjectKey(text) }
        #expect(error.code == .invalidKey)
        #expect(error.kind == .invalid)
        #expect(error.what.count < 300)
    }

    @Test(arguments: [
        "a", "a/b", "...", "..a", "a..b", ".a", "a b", "ü", "a:b", "%2e%2e", "~", "\u{301}",
        String(repeating: "x", count: 255),
    ])
    func `any other key is taken as it is`(text: String) throws {
        #expect(try ObjectKey(text).text.utf8.elementsEqual(text.utf8))
        #expect("\(try ObjectKey(text))" == text)
    }

    @Test func `keys are equal byte by byte`() throws {
        let keys = Set(["\u{E9}", "e\u{301}", "e", "E"].map { try? ObjectKey($0) })
        #expect(keys.count == 4)
        #expect(try ObjectKey("a/b") == ObjectKey("a/b"))
    }
}
