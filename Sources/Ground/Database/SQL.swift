// SPDX-License-Identifier: Apache-2.0

/// A value as SQL stores it.
package enum SQLValue: Sendable, Hashable {
    /// No value.
    case null
    /// A whole number.
    case integer(Int64)
    /// A floating-point number; one that is no number is stored as null.
    case real(Double)
    /// A text without NUL.
    case text(String)
    /// Bytes.
    case blob([UInt8])
}

/// A Swift value that SQL can store.
package protocol SQLConvertible {
    /// The value as SQL stores it.
    var sqlValue: SQLValue { get }
}

extension Int: SQLConvertible {
    package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLConvertible {
    package var sqlValue: SQLValue { .integer(self) }
}

extension Double: SQLConvertible {
    package var sqlValue: SQLValue { .real(self) }
}

extension Bool: SQLConvertible {
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLConvertible {
    package var sqlValue: SQLValue { .text(self) }
}

extension [UInt8]: SQLConvertible {
    package var sqlValue: SQLValue { .blob(self) }
}

extension SQLValue: SQLConvertible {
    package var sqlValue: SQLValue { self }
}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    package var sqlValue: SQLValue { map(\.sqlValue) ?? .null }
}

/// A statement with its values, which travel beside the text and are never part of it.
///
/// Written as a string literal: `\(value)` binds, `\(list:)` binds a list in parentheses, `\(raw:)` splices text that is
/// part of the program and never comes from outside.
package struct SQL: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// The text with `?` for each value.
    package let text: String
    /// The values in the order of the text.
    package let bindings: [SQLValue]
    /// Whether its text depends on more than the program; such statements are too many to keep prepared.
    let isComposed: Bool

    /// A statement from its parts.
    package init(_ text: String, _ bindings: [SQLValue] = []) { self.init(text, bindings, isComposed: true) }

    private init(_ text: String, _ bindings: [SQLValue], isComposed: Bool) {
        self.text = text
        self.bindings = bindings
        self.isComposed = isComposed
    }

    /// A statement without values.
    package init(stringLiteral value: String) { self.init(value, [], isComposed: false) }

    /// A statement with values.
    package init(stringInterpolation: StringInterpolation) {
        self.init(
            stringInterpolation.text,
            stringInterpolation.bindings,
            isComposed: stringInterpolation.isComposed
        )
    }

    /// Both statements one after the other.
    package static func + (left: SQL, right: SQL) -> SQL {
        SQL(left.text + right.text, left.bindings + right.bindings)
    }

    /// Adds a part at the end.
    package static func += (left: inout SQL, right: SQL) {
        left = left + right
    }

    /// The parts one after the other with `separator` between them.
    package static func joined(_ parts: [SQL], separator: String) -> SQL {
        SQL(parts.map(\.text).joined(separator: separator), parts.flatMap(\.bindings))
    }

    /// Collects the parts of a literal.
    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var bindings: [SQLValue] = []
        var isComposed = false

        /// Room for the literal's parts.
        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount)
        }

        /// Adds text of the program.
        package mutating func appendLiteral(_ literal: String) { text += literal }

        /// Binds a value.
        package mutating func appendInterpolation(_ value: some SQLConvertible) {
            text += "?"
            bindings.append(value.sqlValue)
        }

        /// Binds a value, or null.
        package mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
            text += "?"
            bindings.append(value?.sqlValue ?? .null)
        }

        /// Splices text of the program.
        package mutating func appendInterpolation(raw: String) { text += raw }

        /// Splices a statement with its values.
        package mutating func appendInterpolation(_ part: SQL) {
            text += part.text
            bindings += part.bindings
            isComposed = isComposed || part.isComposed
        }

        /// Binds a list in parentheses; an empty one matches nothing.
        package mutating func appendInterpolation(list values: [some SQLConvertible]) {
            text += values.isEmpty ? "(NULL)" : "(" + values.map { _ in "?" }.joined(separator: ", ") + ")"
            bindings += values.map(\.sqlValue)
            isComposed = true
        }
    }
}
