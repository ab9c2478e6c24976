// SPDX-License-Identifier: Apache-2.0

package import Database
import JSONText

/// A part of a list, and where the next part begins.
package struct Page<Element: Sendable>: Sendable, RandomAccessCollection {
    /// What is on it.
    package let items: [Element]
    /// Where the next page begins; nil at the end.
    package let next: PageToken?

    /// A part of a list.
    package init(_ items: [Element], next: PageToken?) {
        self.items = items
        self.next = next
    }

    package var startIndex: Int { items.startIndex }
    package var endIndex: Int { items.endIndex }
    package subscript(position: Int) -> Element { items[position] }
}

/// The place in a list that a page ended at: the values by which its last row is ordered.
///
/// Rows that come or go meanwhile neither repeat nor hide others. For clients it is a text without meaning.
package struct PageToken: Sendable, Hashable {
    /// The token as clients carry it.
    package let text: String

    /// A token that a client brought; it is read when it is used.
    package init(_ text: String) { self.text = text }

    /// The place behind a row with these values.
    package init(values: [SQLValue]) {
        var writer = JSONWriter(reserving: 128)
        writer.array { writer in
            for value in values {
                switch value {
                case .integer(let number): writer.string("i\(number)")
                // By its bits, so that every number comes back as itself.
                case .real(let number): writer.string("r\(number.bitPattern)")
                case .text(let text): writer.string("t" + text)
                case .null, .blob: writer.null()
                }
            }
        }
        text = writer.bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 2 ? digits : "0" + digits
        }
        .joined()
    }

    /// The values again: one for each key of the order, numbers where it says so.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for a token of another list, or none that we made.
    package func values(_ isNumber: [Bool]) throws(TrackingError) -> [SQLValue] {
        guard let bytes, let document = try? JSONDocument(bytes), document.root.count == isNumber.count else {
            throw Self.refused
        }
        var values: [SQLValue] = []
        for (element, isNumber) in zip(document.root.elements, isNumber) {
            let text = element.string ?? ""
            let rest = String(text.dropFirst())
            switch text.first {
            case "i" where isNumber:
                guard let number = Int64(rest) else { throw Self.refused }
                values.append(.integer(number))
            case "r" where isNumber:
                guard let bits = UInt64(rest) else { throw Self.refused }
                values.append(.real(Double(bitPattern: bits)))
            case "t" where !isNumber: values.append(.text(rest))
            default: throw Self.refused
            }
        }
        return values
    }

    private static var refused: TrackingError {
        .invalid(
            "cannot continue the list",
            "the page token is not one that this server made for it",
            next: "begin without a page token"
        )
    }

    private var bytes: [UInt8]? {
        let digits = text.utf8
        guard digits.count.isMultiple(of: 2), digits.count <= 1 << 17 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}
