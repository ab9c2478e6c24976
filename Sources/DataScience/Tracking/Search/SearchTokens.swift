// SPDX-License-Identifier: Apache-2.0

/// A word of a filter.
enum SearchToken: Equatable {
    /// A name, number or keyword, with the quotes inside it.
    case word(String)
    /// A text in quotes, without them; a doubled quote stands for one.
    case text(String)
    /// `=`, `!=`, `<` and the like.
    case sign(String)
    /// `(`, `)` or `,`.
    case mark(Character)

    /// The word in capitals, if it is one.
    var keyword: String? {
        if case .word(let word) = self { word.uppercased() } else { nil }
    }

    /// As it was written, for messages.
    var shown: String {
        switch self {
        case .word(let text), .sign(let text): text
        case .text(let text): "'\(text)'"
        case .mark(let character): String(character)
        }
    }
}

/// The words of a filter, one after the other.
struct SearchTokens {
    /// The most characters of a filter.
    static let lengthLimit = 65_536

    private var tokens: [SearchToken] = []
    private var position = 0

    /// The next word, which stays; nil at the end.
    var peek: SearchToken? { position < tokens.count ? tokens[position] : nil }

    /// The next word; nil at the end.
    mutating func next() -> SearchToken? {
        defer { position += 1 }
        return peek
    }

    /// Takes the next word if it is this keyword.
    mutating func take(_ keyword: String) -> Bool {
        guard peek?.keyword == keyword else { return false }
        position += 1
        return true
    }

    /// Takes the next word if it is this mark.
    mutating func take(mark: Character) -> Bool {
        guard peek == .mark(mark) else { return false }
        position += 1
        return true
    }

    init(_ text: String, what: String) throws(TrackingError) {
        guard text.utf8.count <= Self.lengthLimit else {
            throw .invalid(what, "it has more than \(Self.lengthLimit) bytes")
        }
        let characters = Array(text)
        var index = 0
        while index < characters.count {
            let character = characters[index]
            switch character {
            case _ where character.isWhitespace: index += 1
            case "(", ")", ",":
                tokens.append(.mark(character))
                index += 1
            case "=", "!", "<", ">":
                let end = characters[index...].firstIndex { !"=!<>".contains($0) } ?? characters.count
                tokens.append(.sign(String(characters[index..<end])))
                index = end
            case "'", "\"":
                let (content, end) = try Self.quoted(characters, index, what)
                // A name may begin with a quoted word: `"tags".colour`.
                if end < characters.count, characters[end] == "." { fallthrough }
                tokens.append(.text(content))
                index = end
            default:
                let end = try Self.endOfWord(characters, index, what)
                tokens.append(.word(String(characters[index..<end])))
                index = end
            }
        }
    }

    private static func quoted(
        _ characters: [Character],
        _ start: Int,
        _ what: String
    ) throws(TrackingError) -> (String, Int) {
        let quote = characters[start]
        var content = ""
        var index = start + 1
        while index < characters.count {
            if characters[index] != quote {
                content.append(characters[index])
                index += 1
            } else if index + 1 < characters.count, characters[index + 1] == quote {
                content.append(quote)
                index += 2
            } else {
                return (content, index + 1)
            }
        }
        throw .invalid(what, "a quote has no end")
    }

    private static func endOfWord(
        _ characters: [Character],
        _ start: Int,
        _ what: String
    ) throws(TrackingError) -> Int {
        var index = start
        while index < characters.count, !characters[index].isWhitespace, !"(),=!<>".contains(characters[index]) {
            guard "'\"`".contains(characters[index]) else {
                index += 1
                continue
            }
            guard let end = characters[(index + 1)...].firstIndex(of: characters[index]) else {
                throw .invalid(what, "a quote has no end")
            }
            index = end + 1
        }
        return index
    }
}
