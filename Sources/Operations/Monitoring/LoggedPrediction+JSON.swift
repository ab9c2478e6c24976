// SPDX-License-Identifier: Apache-2.0

import JSONText

extension LoggedPrediction {
    /// The prediction as one JSON object, `id` first; infinities become a list with their name, `["Infinity"]`, NaN null.
    func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 512, nonFinite: .text)
        writer.object { writer in
            writer.field("id", id)
            writer.field("model", model)
            writer.field("version", version)
            writer.field("run_id", runID)
            writer.field("time_ms", timeMs)
            writer.field("duration_ns", durationNs)
            writer.field("label", label)
            writer.key("score")
            Self.write(.number(score ?? .nan), into: &writer)
            writer.field("trace_id", traceID)
            // Two lists, because an object would lose the order and the second of two equal names.
            writer.key("names")
            writer.array { writer in
                for feature in features { writer.string(feature.name) }
            }
            writer.key("values")
            writer.array { writer in
                for feature in features { Self.write(feature.value, into: &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(_ value: FeatureValue, into writer: inout JSONWriter) {
        switch value {
        case .number(let number) where number.isFinite: writer.double(number)
        case .number(let number) where number.isNaN: writer.null()
        case .number(let number): writer.array { $0.double(number) }
        case .text(let text): writer.string(text)
        }
    }

    private static func value(_ element: JSONElement) -> FeatureValue {
        if let text = element.string { return .text(text) }
        if let number = element.double { return .number(number) }
        switch element.elements.first(where: { _ in true })?.string {
        case "Infinity": return .number(.infinity)
        case "-Infinity": return .number(-.infinity)
        default: return .null
        }
    }

    /// Reads what ``encoded()`` wrote.
    init(decoding bytes: UnsafeRawBufferPointer) throws(JSONError) {
        let root = try JSONDocument(parsing: bytes).root
        guard let id = root["id"]?.string, let model = root["model"]?.string, let label = root["label"]?.string,
            let names = root["names"], let values = root["values"]
        else { throw JSONError(why: "a prediction lacks `id`, `model`, `label`, `names` or `values`") }
        let features = zip(names.elements, values.elements).map { name, value in
            Feature(name: name.string ?? "", value: Self.value(value))
        }
        var score: Double?
        if let element = root["score"], case .number(let number) = Self.value(element), !number.isNaN { score = number }
        self.init(
            id: id,
            model: model,
            version: root["version"]?.string ?? "",
            runID: root["run_id"]?.string,
            timeMs: root["time_ms"]?.int64 ?? 0,
            durationNs: root["duration_ns"]?.int64 ?? 0,
            features: features,
            label: label,
            score: score,
            traceID: root["trace_id"]?.string
        )
    }

    /// The id in what ``encoded()`` wrote, without reading the rest; nil if it takes a whole look.
    static func id(in bytes: UnsafeRawBufferPointer) -> String? {
        let start = Array("{\"id\":\"".utf8)
        guard bytes.starts(with: start) else { return nil }
        let rest = bytes[start.count...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let text = rest[..<end]
        return text.contains(UInt8(ascii: "\\")) ? nil : String(decoding: text, as: UTF8.self)
    }
}
