// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents

/// Walks over a text with the place of each character.
struct TextScanner {
    let scalars: [Unicode.Scalar]
    var index = 0
    private let file: String
    private(set) var line = 1
    private var lineStart = 0

    init(_ text: String, file: String) {
        scalars = Array(text.replacing("\r\n", with: "\n").unicodeScalars)
        self.file = file
    }

    var position: SourcePosition { SourcePosition(file: file, line: line, column: index - lineStart + 1) }
    var isAtEnd: Bool { index >= scalars.count }
    var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    func peek(_ offset: Int = 1) -> Unicode.Scalar? {
        index + offset < scalars.count ? scalars[index + offset] : nil
    }

    func starts(with text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        return index + wanted.count <= scalars.count && scalars[index..<index + wanted.count].elementsEqual(wanted)
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < scalars.count {
            if scalars[index] == "\n" {
                line += 1
                lineStart = index + 1
            }
            index += 1
        }
    }

    /// Takes a text if it comes next.
    mutating func take(_ text: String) -> Bool {
        guard starts(with: text) else { return false }
        advance(text.unicodeScalars.count)
        return true
    }

    mutating func take(while accepts: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = current, accepts(scalar) {
            text.append(scalar)
            advance()
        }
        return String(text)
    }

    func error(_ message: String, at position: SourcePosition? = nil) -> DocumentError {
        DocumentError(file: file, problems: [.init(message, at: position ?? self.position)])
    }
}

extension YAMLNode {
    /// A text.
    static func text(_ text: String, at position: SourcePosition) -> YAMLNode {
        made(.string(text), source: text, at: position)
    }

    /// A whole number of any size: what no machine word holds keeps its digits.
    static func whole(_ digits: String, radix: Int = 10, at position: SourcePosition) -> YAMLNode {
        if let value = Int64(digits, radix: radix) { return made(.integer(value), source: "\(value)", at: position) }
        return made(.real(Double(digits) ?? .infinity), source: digits, at: position)
    }

    /// A number with a fraction or an exponent.
    static func fraction(_ value: Double, at position: SourcePosition) -> YAMLNode {
        made(.real(value), source: PythonText.real(value), at: position)
    }

    /// True or false.
    static func truth(_ value: Bool, at position: SourcePosition) -> YAMLNode {
        made(.bool(value), source: value ? "true" : "false", at: position)
    }
}
