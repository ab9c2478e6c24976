// SPDX-License-Identifier: Apache-2.0

import CSimdJSON
package import Diagnostics

/// Text that is no JSON, or is not what was asked for.
package struct JSONError: Explained {
    package let what: String
    package let why: String
    package var next: String? { nil }
    package var kind: FailureKind { .invalid }
    package var codeName: String { "invalidJSON" }

    /// An error with its sentences.
    package init(what: String = "cannot read the JSON document", why: String) {
        self.what = what
        self.why = why
    }
}

/// A parsed JSON document, which all its values keep alive.
///
/// Parsing is done by simdjson in one pass; strings and numbers are validated there. The input is copied.
package final class JSONDocument: Sendable {
    // simdjson never changes a parsed document; reading it from several threads is safe.
    private nonisolated(unsafe) let document: OpaquePointer

    /// Parses UTF-8 bytes of exactly one document.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - maximumDepth: The deepest nesting of lists and objects that is taken.
    /// - Throws: ``JSONError``.
    package init(parsing bytes: UnsafeRawBufferPointer, maximumDepth: Int = 64) throws(JSONError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw JSONError(why: "it is empty") }
        var problem: UnsafePointer<CChar>?
        guard let document = gyre_json_parse(base, bytes.count, maximumDepth, &problem) else {
            let words = problem.map { String(cString: $0) } ?? "it is no JSON"
            throw JSONError(why: words.first.map { $0.lowercased() + words.dropFirst() } ?? words)
        }
        self.document = document
    }

    deinit { gyre_json_free(document) }

    /// Parses UTF-8 bytes.
    package convenience init(_ bytes: [UInt8]) throws(JSONError) {
        // The closure of `withUnsafeBytes` cannot initialise `self`, hence the copy on the way.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try self.init(parsing: UnsafeRawBufferPointer(copy))
    }

    /// Parses text.
    package convenience init(_ text: String) throws(JSONError) { try self.init(Array(text.utf8)) }

    /// The outermost value.
    package var root: JSONElement { JSONElement(place: gyre_json_root(document), document: self) }
}
