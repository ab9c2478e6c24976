// SPDX-License-Identifier: Apache-2.0

/// An element of the XML that S3 answers with: names, texts and nesting; attributes are passed over.
struct XMLElement: Sendable {
    let name: String
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    /// The first element of a name below this one.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// All elements of a name below this one.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The text of the first element of a name.
    func text(_ name: String) -> String? { self[name]?.text }

    /// The root element of a document; nil if that is no XML.
    static func parse(_ bytes: [UInt8]) -> XMLElement? {
        var parser = XMLParser(bytes: bytes)
        return parser.root()
    }
}

/// Reads what S3 and its like write: no document type, no entities of one's own.
private struct XMLParser {
    private static let deepest = 32

    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func root() -> XMLElement? {
        var open: [XMLElement] = []
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "<") else {
                let start = place
                while place < bytes.count, bytes[place] != UInt8(ascii: "<") { place += 1 }
                if !open.isEmpty { open[open.count - 1].text += Self.text(bytes[start..<place]) }
                continue
            }
            if starts("<?") {
                guard skip(to: "?>") != nil else { return nil }
            } else if starts("<!--") {
                guard skip(to: "-->") != nil else { return nil }
            } else if starts("<![CDATA[") {
                let start = place + 9
                guard let end = skip(to: "]]>"), start <= end, !open.isEmpty else { return nil }
                open[open.count - 1].text += String(decoding: bytes[start..<end], as: UTF8.self)
            } else if starts("</") {
                guard skip(to: ">") != nil, let done = open.popLast() else { return nil }
                if open.isEmpty { return done }
                open[open.count - 1].children.append(done)
            } else {
                let start = place + 1
                guard let end = skip(to: ">"), start < end, open.count < Self.deepest else { return nil }
                let isEmpty = bytes[end - 1] == UInt8(ascii: "/")
                let name = bytes[start..<end].prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
                let element = XMLElement(name: String(decoding: name, as: UTF8.self))
                if !isEmpty {
                    open.append(element)
                } else if open.isEmpty {
                    return element
                } else {
                    open[open.count - 1].children.append(element)
                }
            }
        }
        return nil
    }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard place + count <= bytes.count else { return false }
        for index in 0..<count where bytes[place + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Goes behind the next `end`; where that begins.
    private mutating func skip(to end: StaticString) -> Int? {
        while place < bytes.count {
            if starts(end) {
                defer { place += end.utf8CodeUnitCount }
                return place
            }
            place += 1
        }
        return nil
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        for (number, part) in text.split(separator: "&", omittingEmptySubsequences: false).enumerated() {
            guard number > 0, let end = part.firstIndex(of: ";") else {
                result += (number > 0 ? "&" : "") + part
                continue
            }
            let name = part[..<end]
            let rest = part[part.index(after: end)...]
            let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
            switch name {
            case "amp": result += "&"
            case "lt": result += "<"
            case "gt": result += ">"
            case "quot": result += "\""
            case "apos": result += "'"
            default:
                if name.hasPrefix("#"), let scalar = number.flatMap(Unicode.Scalar.init) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "&\(name);"
                }
            }
            result += rest
        }
        return result
    }
}
