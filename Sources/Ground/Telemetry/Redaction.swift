// SPDX-License-Identifier: Apache-2.0

import Logging

/// Keeps secrets out of log lines.
enum Redaction {
    private static let hidden = "•••"
    private static let words = [
        "password", "passwd", "passphrase", "token", "secret", "authorization", "cookie", "apikey", "accesskey",
        "privatekey", "credential",
    ]

    /// Whether a key names something secret, in whatever way its words are joined.
    static func isSecret(_ key: String) -> Bool {
        let letters = key.lowercased().filter { $0.isLetter }
        return words.contains { letters.contains($0) }
    }

    /// A value without what is secret in it.
    static func safe(_ value: Logger.MetadataValue, key: String) -> Logger.MetadataValue {
        if isSecret(key) { return .string(hidden) }
        switch value {
        case .string(let text): return .string(safe(text))
        case .stringConvertible(let convertible): return .string(safe("\(convertible)"))
        case .dictionary(let entries):
            return .dictionary(entries.reduce(into: [:]) { $0[$1.key] = safe($1.value, key: $1.key) })
        case .array(let items): return .array(items.map { safe($0, key: "") })
        }
    }

    /// A text whose URLs have no user and password before their host.
    static func safe(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")), text.contains("://") else { return text }
        var result = ""
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let host = rest.prefix { !"/?#\"'`<> \n\t".contains($0) }
            if let at = host.lastIndex(of: "@") {
                result += hidden
                rest = rest[at...]
            }
        }
        return result + rest
    }
}

/// Texts that stay within their line.
enum LineText {
    /// Without characters that end a line, or steer a terminal.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return result
    }

    /// As a string of JSON.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            append(scalar, to: &result)
        }
        return result + "\""
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar.value {
        case 0x0A: text += "\\n"
        case 0x0D: text += "\\r"
        case 0x09: text += "\\t"
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029:
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
}
