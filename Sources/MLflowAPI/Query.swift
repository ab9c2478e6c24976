// SPDX-License-Identifier: Apache-2.0

/// The fields of a request's query, as forms write them: `+` is a space.
struct Query: Sendable {
    private let fields: [(key: String, value: String)]

    init(_ text: String?) throws(CallError) {
        var fields: [(key: String, value: String)] = []
        for field in (text ?? "").split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields.append((try Self.decoded(parts[0]), parts.count == 2 ? try Self.decoded(parts[1]) : ""))
        }
        self.fields = fields
    }

    /// The first value of a field.
    subscript(key: String) -> String? { fields.first { $0.key == key }?.value }

    /// All values of a repeated field.
    func all(_ key: String) -> [String] { fields.filter { $0.key == key }.map(\.value) }

    private static func decoded(_ text: Substring) throws(CallError) -> String {
        guard let decoded = percentDecoded(text.replacing("+", with: " ")) else {
            throw .invalid("the query is not percent-encoded UTF-8")
        }
        return decoded
    }
}

/// A part of a URL without its percent-encoding; nil if that is broken, or not UTF-8.
func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.next().flatMap(hexValue), let low = rest.next().flatMap(hexValue) else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
