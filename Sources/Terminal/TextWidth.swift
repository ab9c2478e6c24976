// SPDX-License-Identifier: Apache-2.0

/// How much room text takes on a terminal, and which of its characters may go there.
enum TextWidth {
    /// The columns that a text takes: 2 for each wide character, 0 for one that only marks another.
    ///
    /// - Source: Unicode Standard Annex #11, East Asian Width; emoji as terminals show them.
    static func columns(of text: some StringProtocol) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns(of: $1) }
    }

    private static func columns(of character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        // Variation selector 16 asks for the emoji's picture, which is wide.
        if first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}") { return 2 }
        if wide.contains(where: { $0.contains(first.value) }) { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return 1
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x17000...0x18CFF,
        0x1B000...0x1B2FF, 0x20000...0x3FFFD,
    ]

    /// The text, cut with `…` if it is wider.
    static func cut(_ text: String, to width: Int) -> String {
        guard columns(of: text) > width else { return text }
        return width > 0 ? beginning(of: text, to: width - 1) + "…" : ""
    }

    /// The beginning of a text, as far as whole characters fit.
    static func beginning(of text: String, to width: Int) -> String {
        var result = ""
        var used = 0
        for character in text {
            used += columns(of: character)
            if used > width { break }
            result.append(character)
        }
        return result
    }

    /// The text without what would move the cursor, change colours or turn the direction of reading; such is a space.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - keepsLines: Whether line ends stay.
    /// - Returns: The text that may be shown.
    static func harmless(_ text: String, keepsLines: Bool = false) -> String {
        let isHarmless = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        if isHarmless { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A where keepsLines: result.append(scalar)
            case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: result.append(" ")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
