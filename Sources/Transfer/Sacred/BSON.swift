// SPDX-License-Identifier: Apache-2.0

/// Reads BSON documents.
///
/// - Source: https://bsonspec.org/spec.html, version 1.1.
struct BSON {
    private static let depthLimit = 64

    private var rest: ArraySlice<UInt8>

    private init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// A document of exactly these bytes.
    ///
    /// - Throws: ``TransferError`` `.damaged`.
    static func document(_ bytes: [UInt8]) throws(TransferError) -> DumpValue {
        var reader = BSON(bytes[...])
        let value = try reader.document(isList: false, depth: 0)
        guard reader.rest.isEmpty else { throw damaged("bytes are left behind a document") }
        return value
    }

    static func damaged(_ why: String) -> TransferError {
        TransferError(.damaged, what: "cannot read a BSON document", why: why)
    }

    private mutating func document(isList: Bool, depth: Int) throws(TransferError) -> DumpValue {
        guard depth < Self.depthLimit else { throw Self.damaged("its values are nested too deep") }
        let before = rest.count
        let length = Int(try int32())
        guard length >= 5, length <= before else { throw Self.damaged("a document's length does not fit") }
        var members: [(key: String, value: DumpValue)] = []
        while true {
            guard let type = rest.popFirst() else { throw Self.damaged("a document has no end") }
            if type == 0 { break }
            let key = try cstring()
            members.append((key, try value(of: type, depth: depth)))
        }
        guard before - rest.count == length else { throw Self.damaged("a document's length does not fit") }
        return isList ? .list(members.map(\.value)) : .object(members)
    }

    private mutating func value(of type: UInt8, depth: Int) throws(TransferError) -> DumpValue {
        switch type {
        case 0x01: return .real(Double(bitPattern: try fixed(8)))
        case 0x02, 0x0D, 0x0E: return .text(try string())
        case 0x03: return try document(isList: false, depth: depth + 1)
        case 0x04: return try document(isList: true, depth: depth + 1)
        case 0x05:
            let length = Int(try int32())
            _ = try take(1)
            return .bytes(Array(try take(length)))
        case 0x06, 0x0A, 0x7F, 0xFF: return .null
        case 0x07: return .id(try take(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        case 0x08: return .bool(try take(1).first != 0)
        case 0x09: return .date(Int64(bitPattern: try fixed(8)))
        case 0x0B: return .text("/\(try cstring())/\(try cstring())")
        case 0x0C:
            _ = try string()
            _ = try take(12)
            return .null
        case 0x0F:
            let length = Int(try int32())
            _ = try take(length - 4)
            return .null
        case 0x10: return .integer(Int64(try int32()))
        case 0x11, 0x12: return .integer(Int64(bitPattern: try fixed(8)))
        case 0x13:
            _ = try take(16)
            return .null
        default: throw Self.damaged("there is no type \(type)")
        }
    }

    private mutating func take(_ count: Int) throws(TransferError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw Self.damaged("a value is longer than its document") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func fixed(_ count: Int) throws(TransferError) -> UInt64 { Protobuf.integer(try take(count)) }

    private mutating func int32() throws(TransferError) -> Int32 {
        Int32(truncatingIfNeeded: try fixed(4))
    }

    private mutating func string() throws(TransferError) -> String {
        let bytes = try take(Int(try int32()))
        guard bytes.last == 0 else { throw Self.damaged("a text has no end") }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    private mutating func cstring() throws(TransferError) -> String {
        guard let end = rest.firstIndex(of: 0) else { throw Self.damaged("a name has no end") }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
