// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tracking

/// One event of a file, as far as it is read.
///
/// Field numbers are those of `tensorboard/compat/proto/event.proto`, `summary.proto` and `tensor.proto`, and of the hparams
/// plugin's `plugin_data.proto`.
struct TensorBoardEvent {
    /// A value of a summary.
    enum Content {
        case scalar(Double)
        case text([String])
        case images([[UInt8]])
        case hyperparameters(HParams)
        /// A kind that runs have no place for, by its name.
        case other(String)
    }

    var wallTime = 0.0
    var step: Int64 = 0
    var values: [(tag: String, content: Content)] = []

    /// Milliseconds UTC; not negative, and finite.
    var timestampMs: Int64 {
        wallTime.isFinite ? Int64(min(max(wallTime * 1_000, 0), 253_402_300_799_999).rounded()) : 0
    }

    /// Reads an event.
    ///
    /// - Parameters:
    ///   - record: The record's bytes.
    ///   - plugins: The plugins of tags, which may stand with the first value only.
    /// - Throws: ``TransferError`` `.damaged`.
    init(_ record: [UInt8], plugins: inout [String: String]) throws(TransferError) {
        var values: [ArraySlice<UInt8>] = []
        try Protobuf.forEach(record[...]) { (field, value) throws(TransferError) in
            switch field {
            case 1: wallTime = value.double ?? 0
            case 2: step = value.integer ?? 0
            case 5:
                try Protobuf.forEach(value.bytes ?? []) { field, value in
                    if field == 1, let bytes = value.bytes { values.append(bytes) }
                }
            default: break
            }
        }
        for value in values {
            if let read = try Self.value(value, &plugins) { self.values.append(read) }
        }
    }

    private static func value(
        _ bytes: ArraySlice<UInt8>,
        _ plugins: inout [String: String]
    ) throws(TransferError) -> (tag: String, content: Content)? {
        var tag = ""
        var plugin: String?
        var data: ArraySlice<UInt8> = []
        var content: Content?
        var tensor: Tensor?
        try Protobuf.forEach(bytes) { (field, value) throws(TransferError) in
            switch field {
            case 1: tag = value.text ?? ""
            case 2: content = value.float.map { .scalar($0) }
            case 4: content = try image(value.bytes ?? [])
            case 5: content = .other("histograms")
            case 6: content = .other("audio")
            case 8: tensor = try Tensor(value.bytes ?? [])
            case 9:
                try Protobuf.forEach(value.bytes ?? []) { (field, value) throws(TransferError) in
                    guard field == 1 else { return }
                    try Protobuf.forEach(value.bytes ?? []) { field, value in
                        if field == 1 { plugin = value.text }
                        if field == 2 { data = value.bytes ?? [] }
                    }
                }
            default: break
            }
        }
        if let plugin { plugins[tag] = plugin }
        let kind = plugin ?? plugins[tag]
        if kind == "hparams" { return try HParams(data).map { (tag, .hyperparameters($0)) } }
        if let content { return (tag, content) }
        guard let tensor else { return nil }
        switch kind {
        case "text": return (tag, .text(tensor.strings.map { String(decoding: $0, as: UTF8.self) }))
        // Width and height stand before the images.
        case "images": return (tag, .images(tensor.strings.dropFirst(2).map { Array($0) }))
        case "scalars", nil:
            if let number = tensor.number { return (tag, .scalar(number)) }
            return (tag, .other("tensors"))
        default: return (tag, .other(kind == "audio" ? "audio" : kind ?? "tensors"))
        }
    }

    private static func image(_ bytes: ArraySlice<UInt8>) throws(TransferError) -> Content {
        var image: [UInt8] = []
        try Protobuf.forEach(bytes) { field, value in
            if field == 4, let bytes = value.bytes { image = Array(bytes) }
        }
        return .images([image])
    }
}

/// A tensor, as far as it is one number or texts.
private struct Tensor {
    private(set) var number: Double?
    private(set) var strings: [ArraySlice<UInt8>] = []

    init(_ bytes: ArraySlice<UInt8>) throws(TransferError) {
        var type: Int64 = 0
        var count: Int64 = 1
        var content: ArraySlice<UInt8> = []
        var numbers: [Double] = []
        var strings: [ArraySlice<UInt8>] = []
        try Protobuf.forEach(bytes) { (field, value) throws(TransferError) in
            switch field {
            case 1: type = value.integer ?? 0
            case 2:
                try Protobuf.forEach(value.bytes ?? []) { (field, value) throws(TransferError) in
                    guard field == 2 else { return }
                    try Protobuf.forEach(value.bytes ?? []) { field, value in
                        guard field == 1 else { return }
                        let (product, overflows) = count.multipliedReportingOverflow(by: value.integer ?? 0)
                        count = overflows ? .max : product
                    }
                }
            case 4: content = value.bytes ?? []
            case 5: numbers = value.bytes.map { Self.numbers($0, 1) } ?? value.float.map { [$0] } ?? []
            case 6: numbers = value.bytes.map { Self.numbers($0, 2) } ?? value.double.map { [$0] } ?? []
            case 7, 10, 11:
                let read = try value.bytes.map(Protobuf.varints) ?? value.integer.map { [UInt64(bitPattern: $0)] } ?? []
                numbers = read.map { Double(Int64(bitPattern: $0)) }
            case 8: if let bytes = value.bytes { strings.append(bytes) }
            default: break
            }
        }
        self.strings = strings
        guard count == 1 else { return }
        number = numbers.first ?? (content.isEmpty ? nil : Self.numbers(content, type).first)
    }

    /// Numbers of a type that stand behind each other.
    private static func numbers(_ bytes: ArraySlice<UInt8>, _ type: Int64) -> [Double] {
        let width: Int? =
            switch type {
            case 1, 3: 4
            case 2, 9: 8
            default: nil
            }
        guard let width, bytes.count.isMultiple(of: width) else { return [] }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
            let bits = Protobuf.integer(bytes[start..<start + width])
            return switch type {
            case 1: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            case 2: Double(bitPattern: bits)
            case 3: Double(Int32(truncatingIfNeeded: bits))
            default: Double(Int64(bitPattern: bits))
            }
        }
    }
}

/// What the hparams plugin notes at the start or end of a session.
struct HParams {
    var params: [KeyValue] = []
    var startMs: Int64?
    var endMs: Int64?
    var status: RunStatus?

    /// Nil for what is neither a start nor an end.
    init?(_ bytes: ArraySlice<UInt8>) throws(TransferError) {
        var isSession = false
        try Protobuf.forEach(bytes) { (field, value) throws(TransferError) in
            switch field {
            case 3:
                isSession = true
                try readStart(value.bytes ?? [])
            case 4:
                isSession = true
                try readEnd(value.bytes ?? [])
            default: break
            }
        }
        guard isSession else { return nil }
    }

    private mutating func readStart(_ bytes: ArraySlice<UInt8>) throws(TransferError) {
        var params: [KeyValue] = []
        var start: Int64?
        try Protobuf.forEach(bytes) { (field, value) throws(TransferError) in
            if field == 5 { start = Self.milliseconds(value.double) }
            guard field == 1 else { return }
            var key = ""
            var text = ""
            try Protobuf.forEach(value.bytes ?? []) { (field, value) throws(TransferError) in
                if field == 1 { key = value.text ?? "" }
                if field == 2 { text = try Self.text(value.bytes ?? []) }
            }
            params.append(KeyValue(key, text))
        }
        self.params = params
        startMs = start
    }

    private mutating func readEnd(_ bytes: ArraySlice<UInt8>) throws(TransferError) {
        var status: RunStatus?
        var end: Int64?
        try Protobuf.forEach(bytes) { field, value in
            if field == 1 {
                status =
                    switch value.integer {
                    case 1: .finished
                    case 2: .failed
                    case 3: .running
                    default: nil
                    }
            }
            if field == 2 { end = Self.milliseconds(value.double) }
        }
        self.status = status
        endMs = end
    }

    private static func milliseconds(_ seconds: Double?) -> Int64? {
        seconds.flatMap { (0..<253_402_300_799).contains($0) && $0 > 0 ? Int64($0 * 1_000) : nil }
    }

    /// A `google.protobuf.Value` as people write it.
    private static func text(_ bytes: ArraySlice<UInt8>) throws(TransferError) -> String {
        var text = ""
        try Protobuf.forEach(bytes) { (field, value) throws(TransferError) in
            switch field {
            case 2: text = value.double.map { Int64(exactly: $0).map(String.init) ?? "\($0)" } ?? ""
            case 3: text = value.text ?? ""
            case 4: text = value.integer == 0 ? "false" : "true"
            case 6:
                var items: [String] = []
                try Protobuf.forEach(value.bytes ?? []) { (_, value) throws(TransferError) in
                    items.append(try Self.text(value.bytes ?? []))
                }
                text = "[" + items.joined(separator: ", ") + "]"
            default: break
            }
        }
        return text
    }
}
