// SPDX-License-Identifier: Apache-2.0

import Pipelines

/// Reads what stands behind the equals sign of a setting.
struct OverrideParser {
    /// Why a text is no value.
    struct Refusal: Error {
        let why: String
        var next: String?
    }

    /// One value, or the values of a sweep.
    private enum Element {
        case one(ParameterValue)
        case sweep([ParameterValue])

        var values: [ParameterValue] {
            switch self {
            case .one(let value): [value]
            case .sweep(let values): values
            }
        }
    }

    private static let functions = ["bool", "choice", "float", "int", "range", "shuffle", "sort", "str", "tag"]
    private static let escapable = "\\()[]{}:=, \t"
    private var rest: Substring

    init(_ text: Substring) { rest = text }

    /// The values; one unless they are a sweep.
    mutating func value() throws(Refusal) -> (values: [ParameterValue], isSweep: Bool) {
        skipBlanks()
        if rest.isEmpty { return ([.text("")], false) }
        var elements = [try element(0)]
        while take(",") { elements.append(try element(0)) }
        guard rest.isEmpty else { throw unexpected() }
        if elements.count == 1 {
            if case .sweep(let values) = elements[0] { return (values, true) }
            return (elements[0].values, false)
        }
        return (try elements.map { element throws(Refusal) in try single(element) }, true)
    }

    // MARK: Elements

    private mutating func element(_ depth: Int) throws(Refusal) -> Element {
        guard depth < 32 else { throw Refusal(why: "it has more than 32 brackets inside each other") }
        skipBlanks()
        guard let first = rest.first else { throw Refusal(why: "a value is missing at its end") }
        switch first {
        case "[":
            rest.removeFirst()
            return .one(.list(try items("]", depth).map { item throws(Refusal) in try single(item) }))
        case "{":
            rest.removeFirst()
            return .one(.mapping(try pairs(depth)))
        case "\"", "'": return .one(.text(try quoted(first)))
        default: return try word(depth)
        }
    }

    private func single(_ element: Element) throws(Refusal) -> ParameterValue {
        guard case .one(let value) = element else {
            throw Refusal(
                why: "a sweep stands inside of another value",
                next: "write the sweep alone: `KEY=choice(1,2)` or `KEY=1,2`"
            )
        }
        return value
    }

    private mutating func items(_ close: Character, _ depth: Int) throws(Refusal) -> [Element] {
        var items: [Element] = []
        if take(close) { return items }
        repeat { items.append(try element(depth + 1)) } while take(",")
        guard take(close) else { throw unclosed(close) }
        return items
    }

    private mutating func pairs(_ depth: Int) throws(Refusal) -> [ParameterValue.Pair] {
        var pairs: [ParameterValue.Pair] = []
        if take("}") { return pairs }
        repeat {
            skipBlanks()
            let key = unescaped(plain(stoppingAtColon: true).text)
            guard !key.isEmpty else { throw Refusal(why: "a key is missing in its `{}`") }
            guard take(":") else { throw rest.isEmpty ? unclosed("}") : unexpected() }
            pairs.removeAll { $0.key == key }
            pairs.append(.init(key, try single(try element(depth + 1))))
        } while take(",")
        guard take("}") else { throw unclosed("}") }
        return pairs
    }

    /// A text between marks; a mark inside is written `\'`, a `\` before a mark `\\`.
    private mutating func quoted(_ mark: Character) throws(Refusal) -> String {
        rest.removeFirst()
        var text = ""
        while let character = rest.first {
            let slashes = rest.prefix { $0 == "\\" }.count
            if slashes > 0 {
                rest = rest.dropFirst(slashes)
                guard rest.first == mark else {
                    text += String(repeating: "\\", count: slashes)
                    continue
                }
                text += String(repeating: "\\", count: slashes / 2)
                if slashes % 2 == 1 {
                    text.append(mark)
                    rest.removeFirst()
                }
                continue
            }
            rest.removeFirst()
            if character == mark { return text }
            text.append(character)
        }
        throw Refusal(why: "the quotation mark `\(mark)` is not closed")
    }

    private mutating func word(_ depth: Int) throws(Refusal) -> Element {
        let start = rest
        let (text, hasEscapes) = plain(stoppingAtColon: false)
        if text.isEmpty { throw unexpected() }
        if rest.first == "(" {
            let name = String(text)
            guard Self.isName(name) else { throw unexpected() }
            rest.removeFirst()
            return try call(name, depth)
        }
        if text.contains("${") || start.hasPrefix("${") {
            throw Refusal(why: "`${…}` in values is not supported here", next: "write the value itself")
        }
        return .one(hasEscapes ? .text(unescaped(text)) : Self.typed(String(text)))
    }

    /// Characters that need no quotation marks, without blanks at the end.
    private mutating func plain(stoppingAtColon: Bool) -> (text: Substring, hasEscapes: Bool) {
        var (end, hasEscapes, index) = (rest.startIndex, false, rest.startIndex)
        while index < rest.endIndex {
            let character = rest[index]
            let after = rest.index(after: index)
            if character == "\\", after < rest.endIndex, Self.escapable.contains(rest[after]) {
                hasEscapes = true
                index = rest.index(after: after)
                end = index
                continue
            }
            if character == " " || character == "\t" {
                index = after
                continue
            }
            // `${…}` is told by its name.
            let isPlain =
                character.isLetter || character.isWholeNumber || "_/-\\+.$%*@?|".contains(character)
                || (character == ":" && !stoppingAtColon) || (character == "{" && rest[..<index].hasSuffix("$"))
            guard isPlain else { break }
            index = after
            end = index
        }
        let text = rest[..<end]
        rest = rest[end...]
        skipBlanks()
        return (text, hasEscapes)
    }

    private func unescaped(_ text: Substring) -> String {
        var (result, rest) = ("", text)
        while let character = rest.first {
            rest.removeFirst()
            if character == "\\", let next = rest.first, Self.escapable.contains(next) {
                result.append(next)
                rest.removeFirst()
            } else {
                result.append(character)
            }
        }
        return result
    }

    // MARK: Functions

    private mutating func call(_ name: String, _ depth: Int) throws(Refusal) -> Element {
        if name == "interval" || name == "glob" || name == "extend_list" || name == "json_str" {
            throw Refusal(
                why: "`\(name)(…)` is not supported",
                next: "use `range(START,STOP,STEP)`, or name the values"
            )
        }
        guard Self.functions.contains(name) else {
            throw Refusal(
                why: "there is no function `\(name)`",
                next: "use `choice(…)` or `range(…)`; a text with brackets stands in quotation marks"
            )
        }
        var (named, items) = ([String: ParameterValue](), [Element]())
        if !take(")") {
            repeat {
                skipBlanks()
                let word = rest.prefix { $0.isLetter || $0 == "_" }
                if !word.isEmpty, rest[word.endIndex...].drop(while: { $0 == " " }).first == "=" {
                    rest = rest[word.endIndex...].drop { $0 == " " }.dropFirst()
                    named[String(word)] = try single(try element(depth + 1))
                } else {
                    items.append(try element(depth + 1))
                }
            } while take(",")
            guard take(")") else { throw unclosed(")") }
        }
        switch name {
        case "choice":
            guard !items.isEmpty else { throw Refusal(why: "`choice()` names no value") }
            return .sweep(try items.map { item throws(Refusal) in try single(item) })
        case "range": return .sweep(try range(items, named))
        case "tag":
            // A mark for people; the last is what is marked.
            guard let last = items.last else { throw Refusal(why: "`tag()` names no value") }
            return last
        case "shuffle":
            return .sweep(items.count == 1 ? items[0].values.shuffled() : items.flatMap(\.values).shuffled())
        case "sort": return .sweep(try sorted(items.flatMap(\.values), named["reverse"] == .bool(true)))
        default: return try cast(items, to: name)
        }
    }

    private func range(_ items: [Element], _ named: [String: ParameterValue]) throws(Refusal) -> [ParameterValue] {
        var numbers = try items.map { item throws(Refusal) in try single(item) }
        if let other = named.keys.first(where: { !["start", "stop", "step"].contains($0) }) {
            throw Refusal(why: "`range` has no `\(other)`", next: "it has `start`, `stop` and `step`")
        }
        if numbers.count == 1, named["stop"] == nil { numbers.insert(.integer("0"), at: 0) }
        let start = named["start"] ?? numbers.first ?? .integer("0")
        let stop = named["stop"] ?? (numbers.count > 1 ? numbers[1] : nil)
        let step = named["step"] ?? (numbers.count > 2 ? numbers[2] : .integer("1"))
        guard let stop, numbers.count <= 3 else { throw Refusal(why: "`range` takes START, STOP and STEP") }
        if let first = Self.whole(start), let end = Self.whole(stop), let width = Self.whole(step) {
            guard width != 0 else { throw Refusal(why: "the step of `range` is 0") }
            let values = stride(from: first, to: end, by: width).prefix(Sweep.limit + 1)
            return try checked(values.map { .integer(String($0)) })
        }
        guard let first = Self.number(start), let end = Self.number(stop), let width = Self.number(step),
            first.isFinite, end.isFinite, width.isFinite
        else { throw Refusal(why: "`range` takes numbers") }
        guard width != 0 else { throw Refusal(why: "the step of `range` is 0") }
        var values: [ParameterValue] = []
        while values.count <= Sweep.limit {
            let value = Self.neat(first + Double(values.count) * width, width)
            guard width > 0 ? value < end : value > end else { break }
            values.append(.real(value))
        }
        return try checked(values)
    }

    private func checked(_ values: [ParameterValue]) throws(Refusal) -> [ParameterValue] {
        guard !values.isEmpty else {
            throw Refusal(why: "`range` has no value between its ends", next: "a STEP below 0 counts down")
        }
        guard values.count <= Sweep.limit else { throw Refusal(why: "`range` has more than \(Sweep.limit) values") }
        return values
    }

    /// 0.7 where sums of tenths would give 0.7000000000000001.
    private static func neat(_ value: Double, _ step: Double) -> Double {
        guard abs(step) > 1e-9, abs(value) < 1e3 else { return value }
        return (value * 1e12).rounded() / 1e12
    }

    private func sorted(_ values: [ParameterValue], _ isReversed: Bool) throws(Refusal) -> [ParameterValue] {
        let numbers = values.compactMap(Self.number)
        let order: [ParameterValue]
        if numbers.count == values.count {
            order = zip(numbers, values).sorted { $0.0 < $1.0 }.map(\.1)
        } else {
            let texts = values.compactMap { if case .text(let text) = $0 { text } else { nil } }
            guard texts.count == values.count else {
                throw Refusal(why: "`sort` takes numbers alone, or texts alone")
            }
            order = texts.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }.map { .text($0) }
        }
        return isReversed ? order.reversed() : order
    }

    private func cast(_ items: [Element], to name: String) throws(Refusal) -> Element {
        let values = items.flatMap(\.values)
        guard !values.isEmpty else { throw Refusal(why: "`\(name)()` names no value") }
        let changed = try values.map { value throws(Refusal) in try Self.cast(value, to: name) }
        let isSweep = items.count > 1 || items.contains { if case .sweep = $0 { true } else { false } }
        return isSweep ? .sweep(changed) : .one(changed[0])
    }

    private static func cast(_ value: ParameterValue, to name: String) throws(Refusal) -> ParameterValue {
        var value = value
        if name != "str", case .text(let text) = value { value = typed(text) }
        switch (name, value) {
        case ("str", _): return .text(value.shown)
        case ("bool", .bool): return value
        case ("bool", _): if let number = number(value) { return .bool(number != 0) }
        case ("int", .bool(let flag)): return .integer(flag ? "1" : "0")
        case ("int", .integer): return value
        case ("int", .real(let number)):
            if let whole = Int64(exactly: number.rounded(.towardZero)) { return .integer("\(whole)") }
        case ("float", .bool(let flag)): return .real(flag ? 1 : 0)
        case ("float", _): if let number = number(value) { return .real(number) }
        default: break
        }
        throw Refusal(why: "`\(value.shown)` is no \(name)")
    }

    // MARK: Words

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy { $0.isLetter || $0.isWholeNumber || "_-".contains($0) }
    }

    /// A word as what it looks like.
    static func typed(_ text: String) -> ParameterValue {
        switch text.lowercased() {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        let sign = text.hasPrefix("-") ? "-" : ""
        let body = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        if isWhole(body) { return .integer(sign + body.filter { $0 != "_" }) }
        if body.lowercased() == "inf" { return .real(sign.isEmpty ? .infinity : -.infinity) }
        if body.lowercased() == "nan" { return .real(.nan) }
        if isFraction(body), let number = Double(sign + Self.padded(body.filter { $0 != "_" })) { return .real(number) }
        return .text(text)
    }

    /// `0`, `10`, `1_000`, but not `01`.
    private static func isWhole(_ text: Substring) -> Bool {
        isDigits(text) && (text == "0" || text.first != "0")
    }

    private static func isDigits(_ text: Substring) -> Bool {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        return groups.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }

    private static func isFraction(_ text: Substring) -> Bool {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        if parts.count == 2 {
            let power = parts[1].hasPrefix("-") || parts[1].hasPrefix("+") ? parts[1].dropFirst() : parts[1]
            return isDigits(power) && (isWhole(parts[0]) || isPoint(parts[0]))
        }
        return isPoint(text)
    }

    private static func isPoint(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !(parts[0].isEmpty && parts[1].isEmpty) else { return false }
        return (parts[0].isEmpty || isWhole(parts[0])) && (parts[1].isEmpty || isDigits(parts[1]))
    }

    /// With digits on both sides of the point.
    private static func padded(_ text: some StringProtocol) -> String {
        var text = String(text)
        if text.hasPrefix(".") { text = "0" + text }
        return text.hasSuffix(".") ? text + "0" : text.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
    }

    private static func whole(_ value: ParameterValue) -> Int? {
        if case .integer(let digits) = value { Int(digits) } else { nil }
    }

    private static func number(_ value: ParameterValue) -> Double? {
        switch value {
        case .integer(let digits): Double(digits)
        case .real(let number): number
        default: nil
        }
    }

    // MARK: Characters

    private mutating func skipBlanks() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    private mutating func take(_ character: Character) -> Bool {
        skipBlanks()
        guard rest.first == character else { return false }
        rest.removeFirst()
        skipBlanks()
        return true
    }

    private func unclosed(_ close: Character) -> Refusal {
        rest.isEmpty ? Refusal(why: "a `\(close)` is missing at its end") : unexpected()
    }

    private func unexpected() -> Refusal {
        guard let character = rest.first else { return Refusal(why: "a value is missing at its end") }
        return Refusal(
            why: "`\(character)` may not stand where it does",
            next: "put the value in quotation marks for Gyre inside those of the shell: `-S 'KEY=\"a=b\"'`"
        )
    }
}
