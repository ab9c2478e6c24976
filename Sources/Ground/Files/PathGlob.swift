// SPDX-License-Identifier: Apache-2.0

/// A pattern of path bytes: `*`, `?`, `[a-z]`, `[[:digit:]]`, `\` for the next byte itself, and `**` across folders.
///
/// Matching costs at most the length of the path squared times that of the pattern.
package struct PathGlob: Sendable {
    private enum Token: Sendable {
        case byte(UInt8)
        /// One byte of a set; never a slash.
        case set(ByteSet)
        /// Any bytes of one part.
        case star
        /// Any bytes, slashes too.
        case deepStar
        /// Nothing, or any bytes that end in a slash.
        case folders
    }

    private static let slash = UInt8(ascii: "/")
    private var tokens: [Token] = []

    /// A pattern; nil if it can match nothing, such as a bracket that never ends.
    ///
    /// - Parameters:
    ///   - pattern: The pattern without a slash at its start or end.
    ///   - crossesFolders: Whether `**` means more than `*`.
    package init?(_ pattern: ArraySlice<UInt8>, crossesFolders: Bool) {
        var rest = pattern
        // git compares what stands before the first special byte by itself and begins to look for `**` behind that.
        var isLiteral = true
        var previous = Self.slash
        while let byte = rest.popFirst() {
            let before = previous
            previous = byte
            switch byte {
            case UInt8(ascii: "*"):
                let stars = rest.prefix { $0 == UInt8(ascii: "*") }
                rest = rest[stars.endIndex...]
                let isDeep = !stars.isEmpty && crossesFolders && (isLiteral || before == Self.slash)
                isLiteral = false
                if isDeep, rest.first == Self.slash {
                    rest = rest.dropFirst()
                    tokens.append(.folders)
                    previous = Self.slash
                } else if isDeep, rest.isEmpty || rest.starts(with: [UInt8(ascii: "\\"), Self.slash]) {
                    tokens.append(.deepStar)
                } else {
                    tokens.append(.star)
                }
            case UInt8(ascii: "?"):
                isLiteral = false
                tokens.append(.set(.all.subtracting(Self.slash)))
            case UInt8(ascii: "["):
                isLiteral = false
                guard let set = ByteSet(bracket: &rest) else { return nil }
                tokens.append(.set(set.subtracting(Self.slash)))
            case UInt8(ascii: "\\"):
                isLiteral = false
                guard let literal = rest.popFirst() else { return nil }
                tokens.append(.byte(literal))
            default: tokens.append(.byte(byte))
            }
        }
    }

    /// Whether the pattern stands for exactly these bytes.
    package func matches(_ text: ArraySlice<UInt8>) -> Bool {
        var place = text.startIndex
        var index = 0
        // Where to go on once the last star, or the last `**` before it, takes more. Earlier ones never help: what
        // follows them was matched as early as it can be.
        var star: (index: Int, place: Int)?
        var deep: (index: Int, place: Int)?
        while true {
            if index == tokens.count {
                if place == text.endIndex { return true }
            } else {
                switch tokens[index] {
                case .star:
                    index += 1
                    star = (index, place)
                    continue
                case .deepStar, .folders:
                    index += 1
                    deep = (index, place)
                    star = nil
                    continue
                case .byte(let byte):
                    if place < text.endIndex, text[place] == byte {
                        (index, place) = (index + 1, place + 1)
                        continue
                    }
                case .set(let set):
                    if place < text.endIndex, set.contains(text[place]) {
                        (index, place) = (index + 1, place + 1)
                        continue
                    }
                }
            }
            if let last = star, last.place < text.endIndex, text[last.place] != Self.slash {
                (index, place) = (last.index, last.place + 1)
                star = (index, place)
            } else if let last = deep, let next = next(after: last, in: text) {
                (index, place) = (last.index, next)
                deep = (index, place)
                star = nil
            } else {
                return false
            }
        }
    }

    /// How far a `**` reaches if it takes more than up to `last`.
    private func next(after last: (index: Int, place: Int), in text: ArraySlice<UInt8>) -> Int? {
        guard last.place < text.endIndex else { return nil }
        guard case .folders = tokens[last.index - 1] else { return last.place + 1 }
        return text[last.place...].firstIndex(of: Self.slash).map { $0 + 1 }
    }
}

/// A set of bytes.
struct ByteSet: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static let all = ByteSet().inverted()

    init() {}

    /// The set between brackets, from behind the `[`, which is taken away with the `]`; nil if it does not end.
    init?(bracket rest: inout ArraySlice<UInt8>) {
        let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if isNegated { rest = rest.dropFirst() }
        // The first byte is a member even if it is a `]`.
        var isFirst = true
        var low: UInt8?
        while isFirst || rest.first != UInt8(ascii: "]") {
            isFirst = false
            guard let byte = rest.popFirst() else { return nil }
            if byte == UInt8(ascii: "\\") {
                guard let literal = rest.popFirst() else { return nil }
                insert(literal)
                low = literal
            } else if byte == UInt8(ascii: "-"), let start = low, let next = rest.first, next != UInt8(ascii: "]") {
                rest = rest.dropFirst()
                guard let end = next == UInt8(ascii: "\\") ? rest.popFirst() : next else { return nil }
                if start <= end { for member in start...end { insert(member) } }
                low = nil
            } else if byte == UInt8(ascii: "["), rest.first == UInt8(ascii: ":") {
                guard let close = rest.dropFirst().firstIndex(of: UInt8(ascii: "]")) else { return nil }
                if close - rest.startIndex >= 2, rest[close - 1] == UInt8(ascii: ":") {
                    let name = String(decoding: rest[(rest.startIndex + 1)..<(close - 1)], as: UTF8.self)
                    guard let holds = Self.classes[name] else { return nil }
                    for member in UInt8.min...UInt8.max where holds(member) { insert(member) }
                    rest = rest[(close + 1)...]
                    low = nil
                } else {
                    insert(byte)
                    low = byte
                }
            } else {
                insert(byte)
                low = byte
            }
        }
        rest = rest.dropFirst()
        if isNegated { self = inverted() }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 == 1
    }

    func subtracting(_ byte: UInt8) -> ByteSet {
        guard contains(byte) else { return self }
        var result = inverted()
        result.insert(byte)
        return result.inverted()
    }

    private func inverted() -> ByteSet {
        var result = ByteSet()
        result.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return result
    }

    private mutating func insert(_ byte: UInt8) {
        let bit = 1 << UInt64(byte & 63) as UInt64
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    /// The classes of POSIX in its own locale.
    private static let classes: [String: @Sendable (UInt8) -> Bool] = [
        "alnum": { isLetter($0) || isDigit($0) },
        "alpha": isLetter,
        "blank": { $0 == 32 || $0 == 9 },
        "cntrl": { $0 < 32 || $0 == 127 },
        "digit": isDigit,
        "graph": { (33...126).contains($0) },
        "lower": { (97...122).contains($0) },
        "print": { (32...126).contains($0) },
        "punct": { (33...126).contains($0) && !isLetter($0) && !isDigit($0) },
        "space": { $0 == 32 || (9...13).contains($0) },
        "upper": { (65...90).contains($0) },
        "xdigit": { isDigit($0) || (65...70).contains($0) || (97...102).contains($0) },
    ]

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 32) && byte < 128 }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
