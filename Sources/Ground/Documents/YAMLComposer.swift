// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import Diagnostics

/// Makes values out of libyaml's events.
struct YAMLComposer: ~Copyable {
    private struct Anchored {
        let node: YAMLNode
        /// How many values it holds, itself included.
        let count: Int
    }

    private static let tagPrefix = "tag:yaml.org,2002:"

    private let parser: OpaquePointer?
    private let bytes: UnsafeBufferPointer<UInt8>
    private let file: String
    private var event = gyre_yaml_event()
    /// Where the last value ended.
    private var end = 0
    private var anchors: [String: Anchored] = [:]
    private var count = 0
    private var problems: [DocumentError.Problem] = []

    /// A composer of UTF-8, which must outlive it.
    init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
        parser = gyre_yaml_open(bytes.baseAddress, bytes.count)
        self.bytes = bytes
        self.file = file
    }

    deinit { if let parser { gyre_yaml_free(parser) } }

    /// The one document of the text.
    mutating func document() throws(DocumentError) -> YAMLNode {
        try next()
        guard event.kind == gyre_yaml_document else {
            return YAMLNode(.null, at: place(event.start), range: 0..<0)
        }
        try next()
        let node = try value(depth: 0)
        try next()
        if event.kind == gyre_yaml_document {
            problems.append(.init("a second document begins here; one is expected", at: place(event.start)))
        }
        guard problems.isEmpty else { throw DocumentError(file: file, problems: problems) }
        return node
    }

    private mutating func next() throws(DocumentError) {
        guard let parser, gyre_yaml_next(parser, &event) else { throw syntaxError() }
    }

    // MARK: Values

    /// The value that the current event begins; the current event is its last one afterwards.
    private mutating func value(depth: Int) throws(DocumentError) -> YAMLNode {
        let start = event.start
        guard depth < YAMLDocument.depthLimit else {
            throw error("values are nested more than \(YAMLDocument.depthLimit) deep", at: start)
        }
        let anchor = event.anchor.map { String(cString: $0) }
        if event.kind == gyre_yaml_alias { return try aliased(anchor ?? "") }
        let before = count
        try spend(1, at: start)
        let node: YAMLNode
        switch event.kind {
        case gyre_yaml_sequence: node = try sequence(depth: depth)
        case gyre_yaml_mapping: node = try mapping(depth: depth)
        default: node = scalar()
        }
        if let anchor { anchors[anchor] = Anchored(node: node, count: count - before) }
        return node
    }

    private mutating func aliased(_ name: String) throws(DocumentError) -> YAMLNode {
        let place = place(event.start)
        let range = ended()
        guard let anchored = anchors[name] else {
            problems.append(.init("the alias `*\(name)` points to no anchor above it", at: place))
            return YAMLNode(.null, at: place, range: range)
        }
        try spend(anchored.count, at: event.start)
        let node = anchored.node
        return YAMLNode(node.content, at: place, source: node.source, range: range, isAlias: true)
    }

    private mutating func sequence(depth: Int) throws(DocumentError) -> YAMLNode {
        let (start, isFlow) = (event.start, event.is_flow)
        end = Int(event.end.index)
        var items: [YAMLNode] = []
        try next()
        while event.kind != gyre_yaml_close {
            items.append(try value(depth: depth + 1))
            try next()
        }
        return YAMLNode(.sequence(items), at: place(start), range: closed(from: start, isFlow))
    }

    private mutating func mapping(depth: Int) throws(DocumentError) -> YAMLNode {
        let (start, isFlow) = (event.start, event.is_flow)
        end = Int(event.end.index)
        var indent: Int?
        var entries: [YAMLNode.Entry] = []
        var names: Set<String> = []
        var merged: [YAMLNode.Entry] = []
        try next()
        while event.kind != gyre_yaml_close {
            if !isFlow, indent == nil { indent = Int(event.start.column) }
            let isMerge = event.kind == gyre_yaml_scalar && event.is_plain && event.tag == nil
            let key = try value(depth: depth + 1)
            try next()
            let value = try value(depth: depth + 1)
            try next()
            if isMerge, key.source == "<<" {
                merged += mergeable(value)
            } else if key.isMapping || key.sequence != nil {
                problems.append(.init("a key is \(key.kindName); a text is expected", at: key.position))
            } else if names.insert(key.source).inserted {
                entries.append(YAMLNode.Entry(key: key.source, position: key.position, value: value))
            } else {
                problems.append(.init("the key `\(key.source)` is there twice", at: key.position))
            }
        }
        // What is written here wins over what is merged, and of that what is named first.
        entries += merged.filter { names.insert($0.key).inserted }
        return YAMLNode(.mapping(entries), at: place(start), range: closed(from: start, isFlow), indent: indent)
    }

    /// The entries that the value of a `<<` brings.
    private mutating func mergeable(_ value: YAMLNode) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        for node in value.sequence ?? [value] {
            guard node.isMapping else {
                let message = "`<<` merges \(node.kindName); a mapping is expected"
                problems.append(.init(message, at: node.position))
                continue
            }
            entries += node.entries.map {
                YAMLNode.Entry(key: $0.key, position: $0.position, value: $0.value, isMerged: true)
            }
        }
        return entries
    }

    private mutating func scalar() -> YAMLNode {
        let text = String(decoding: UnsafeBufferPointer(start: event.text, count: event.length), as: UTF8.self)
        let content = content(of: text, tag: event.tag.map { String(cString: $0) })
        let range = ended()
        return YAMLNode(content, at: place(event.start), source: text, range: range)
    }

    private mutating func content(of text: String, tag: String?) -> YAMLNode.Content {
        let plain = YAMLNode.Content(plain: text)
        let kind = tag.flatMap { $0.hasPrefix(Self.tagPrefix) ? $0.dropFirst(Self.tagPrefix.count) : nil }
        switch (kind, plain) {
        case ("str", _): return .string(text)
        case ("null", .null), ("bool", .bool), ("int", .integer), ("float", .real): return plain
        case ("float", .integer(let number)): return .real(Double(number))
        case ("null", _), ("bool", _), ("int", _), ("float", _):
            problems.append(.init("`\(text)` is not what its tag `!!\(kind ?? "")` says", at: place(event.start)))
            return .null
        // The tags of programs mean nothing here; `!` alone says that the value is a text.
        default: return event.is_plain && tag != "!" ? plain : .string(text)
        }
    }

    private mutating func spend(_ values: Int, at mark: gyre_yaml_mark) throws(DocumentError) {
        count += values
        guard count <= YAMLDocument.valueLimit else {
            throw error("the document holds more than \(YAMLDocument.valueLimit) values", at: mark)
        }
    }

    // MARK: Places and problems

    private func place(_ mark: gyre_yaml_mark) -> SourcePosition {
        SourcePosition(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    /// Where the single value of the current event is.
    private mutating func ended() -> Range<Int> {
        end = Int(event.end.index)
        return Int(event.start.index)..<end
    }

    /// Where the list or mapping is that the current event closes.
    private mutating func closed(from start: gyre_yaml_mark, _ isFlow: Bool) -> Range<Int> {
        if isFlow { end = Int(event.end.index) }
        return Int(start.index)..<end
    }

    /// A mistake that ends the reading, after those that were found before.
    private func error(
        _ message: String,
        at mark: gyre_yaml_mark,
        suggestion: String? = nil
    ) -> DocumentError {
        DocumentError(file: file, problems: problems + [.init(message, at: place(mark), suggestion: suggestion)])
    }

    private func syntaxError() -> DocumentError {
        guard let parser else {
            return error("it cannot be read: no memory is left", at: gyre_yaml_mark())
        }
        let problem = gyre_yaml_last_problem(parser)
        let message = String(cString: problem.problem)
        if problem.is_byte { return error("it is no valid YAML: \(message)", at: mark(ofByte: problem.offset)) }
        let context = problem.context.map { " \(String(cString: $0))" } ?? ""
        // The end of the text is where it is noticed, and what never ends began elsewhere.
        let isUnended = problem.context != nil && message == "found unexpected end of stream"
        return error(
            "it is no valid YAML: \(message)\(context)",
            at: isUnended ? problem.context_mark : problem.mark,
            suggestion: byte(at: problem.mark) == UInt8(ascii: "\t") ? "indent with spaces, not with tabs" : nil
        )
    }

    private func mark(ofByte offset: Int) -> gyre_yaml_mark {
        var mark = gyre_yaml_mark()
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                mark.line += 1
                mark.column = 0
            } else if byte & 0xC0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }

    private func byte(at mark: gyre_yaml_mark) -> UInt8? {
        var index = 0
        for byte in bytes where byte & 0xC0 != 0x80 {
            if index == mark.index { return byte }
            index += 1
        }
        return nil
    }
}
