// SPDX-License-Identifier: Apache-2.0

import JSONText
import NIOCore
import ObjectStorage

/// A collection of MongoDB as a file: of `mongodump`, documents of BSON behind each other, or of `mongoexport`, a line of JSON
/// each.
struct DumpFile: Sendable {
    /// MongoDB itself takes documents of at most 16 MiB.
    private static let limit = 48 << 20

    let store: FolderStore
    let key: ObjectKey
    private var isBSON: Bool { key.text.hasSuffix(".bson") }

    /// Hands over each document with its place in the file.
    ///
    /// - Throws: ``TransferError`` `.damaged` with the place of what cannot be read, also of an end that is cut off.
    func forEach(_ body: (Range<Int64>, DumpValue) async throws -> Void) async throws {
        var waiting: [UInt8] = []
        var offset: Int64 = 0
        var used = 0
        for try await piece in try await store.get(key, range: nil) {
            waiting.removeSubrange(..<used)
            used = 0
            waiting.append(contentsOf: piece.readableBytesView)
            while let count = try length(waiting[used...], offset) {
                let document = Array(waiting[used..<used + count])
                if let value = try parse(document, offset) {
                    try await body(offset..<offset + Int64(count), value)
                }
                used += count
                offset += Int64(count)
            }
        }
        let rest = Array(waiting[used...])
        guard !rest.isEmpty else { return }
        guard !isBSON else { throw damaged(offset, "its last document is cut off") }
        if let value = try parse(rest, offset) { try await body(offset..<offset + Int64(rest.count), value) }
    }

    /// The document at a place.
    func document(at range: Range<Int64>) async throws -> DumpValue {
        var bytes: [UInt8] = []
        for try await piece in try await store.get(key, range: range) {
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return try parse(bytes, range.lowerBound) ?? .null
    }

    /// How many bytes the next document has; nil if it is not there as a whole.
    private func length(_ bytes: ArraySlice<UInt8>, _ offset: Int64) throws(TransferError) -> Int? {
        if isBSON {
            guard bytes.count >= 4 else { return nil }
            let length = Int(Int32(truncatingIfNeeded: Protobuf.integer(bytes.prefix(4))))
            guard (5...Self.limit).contains(length) else { throw damaged(offset, "a document's length does not fit") }
            return bytes.count >= length ? length : nil
        }
        if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) { return end - bytes.startIndex + 1 }
        guard bytes.count <= Self.limit else { throw damaged(offset, "a line is longer than a document can be") }
        return nil
    }

    /// Nil for an empty line.
    private func parse(_ bytes: [UInt8], _ offset: Int64) throws(TransferError) -> DumpValue? {
        if isBSON {
            do {
                return try BSON.document(bytes)
            } catch {
                throw damaged(offset, error.why)
            }
        }
        var text = bytes[...]
        while let last = text.last, last == 10 || last == 13 || last == 32 { text.removeLast() }
        guard !text.isEmpty else { return nil }
        guard text.first == UInt8(ascii: "{") else {
            throw damaged(offset, "a line is no document; export without `--jsonArray`")
        }
        do {
            return DumpValue(try JSONDocument(Array(text)).root)
        } catch {
            throw damaged(offset, error.why)
        }
    }

    private func damaged(_ offset: Int64, _ why: String) -> TransferError {
        TransferError(.damaged, what: "cannot read `\(key)`", why: "`\(key)` at byte \(offset): \(why)")
    }
}
