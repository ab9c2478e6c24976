// SPDX-License-Identifier: Apache-2.0

/// Reads protobuf's wire format: fields by number, without a schema.
///
/// - Source: https://protobuf.dev/programming-guides/encoding/
struct Protobuf {
    /// A field's value as it is encoded.
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end.
    ///
    /// - Throws: ``TransferError`` `.damaged` for bytes that are no message.
    mutating func next() throws(TransferError) -> (field: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let field = Int(truncatingIfNeeded: tag >> 3)
        switch tag & 7 {
        case 0: return (field, .varint(try varint()))
        case 1: return (field, .fixed64(try fixed(8)))
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else { throw Self.damaged }
            let bytes = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return (field, .bytes(bytes))
        case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw Self.damaged
        }
    }

    /// Calls `body` with each field.
    static func forEach(
        _ bytes: ArraySlice<UInt8>,
        _ body: (Int, Value) throws(TransferError) -> Void
    ) throws(TransferError) {
        var reader = Protobuf(bytes)
        while let (field, value) = try reader.next() { try body(field, value) }
    }

    /// Varints that stand behind each other.
    static func varints(_ bytes: ArraySlice<UInt8>) throws(TransferError) -> [UInt64] {
        var reader = Protobuf(bytes)
        var result: [UInt64] = []
        while !reader.rest.isEmpty { result.append(try reader.varint()) }
        return result
    }

    private mutating func varint() throws(TransferError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw Self.damaged }
            result |= UInt64(byte & 127) << shift
            if byte < 128 { return result }
        }
        throw Self.damaged
    }

    private mutating func fixed(_ count: Int) throws(TransferError) -> UInt64 {
        guard rest.count >= count else { throw Self.damaged }
        defer { rest = rest.dropFirst(count) }
        return Self.integer(rest.prefix(count))
    }

    /// A little-endian number.
    static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static var damaged: TransferError {
        TransferError(.damaged, what: "cannot read an event", why: "a record holds no message of protobuf")
    }
}

extension Protobuf.Value {
    var bytes: ArraySlice<UInt8>? {
        if case .bytes(let bytes) = self { return bytes }
        return nil
    }
    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    var double: Double? {
        if case .fixed64(let bits) = self { return Double(bitPattern: bits) }
        return nil
    }
    var float: Double? {
        if case .fixed32(let bits) = self { return Double(Float(bitPattern: bits)) }
        return nil
    }
    var integer: Int64? {
        if case .varint(let value) = self { return Int64(bitPattern: value) }
        return nil
    }
}
