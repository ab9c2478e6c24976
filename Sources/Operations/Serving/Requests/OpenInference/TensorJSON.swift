// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText

/// Tensors as the JSON of the Open Inference Protocol has them.
enum TensorJSON {
    /// The most elements of a tensor: 2³¹ − 1, as in the inference library's own indices.
    private static let countLimit = Int(Int32.max)

    /// The name of a tensor of a request.
    static func name(_ element: JSONElement) throws(ServingError) -> String {
        guard let name = element["name"]?.string, !name.isEmpty else {
            throw .request("an item of `inputs` has no `name`")
        }
        return name
    }

    /// The shape of a tensor of a request; every size is known.
    static func shape(_ element: JSONElement, _ name: String) throws(ServingError) -> [Int] {
        guard let listed = element["shape"], listed.kind == .array else {
            throw .request("`\(name.prefix(100))` has no list `shape`")
        }
        guard listed.count <= 16 else { throw .request("`\(name.prefix(100))` has more than 16 dimensions") }
        var count = 1
        var shape: [Int] = []
        for size in listed.elements {
            guard let size = size.int64, size >= 0, size <= countLimit else {
                throw .request("the `shape` of `\(name.prefix(100))` holds something that is no size")
            }
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: Int(size))
            guard !isTooLarge, product <= countLimit else {
                throw .request("the `shape` of `\(name.prefix(100))` has more than \(countLimit) elements")
            }
            count = product
            shape.append(Int(size))
        }
        return shape
    }

    /// The type of a tensor of a request.
    static func type(_ element: JSONElement, _ name: String) throws(ServingError) -> ElementType {
        let text = element["datatype"]?.string ?? ""
        guard let type = ElementType(openInferenceName: text) else {
            let types = ElementType.allCases.map(\.openInferenceName)
            throw .request(
                "`\(text.prefix(20))` is not a datatype",
                next: nearest(to: text, among: types).map { "did you mean `\($0)`?" }
                    ?? "they are \(types.joined(separator: ", "))"
            )
        }
        return type
    }

    /// Reads the `data` of a tensor, flat or nested as its shape is.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest` for a value of another type or out of its range, and for another number of
    ///   values than the shape has.
    static func tensor(
        _ element: JSONElement,
        _ name: String,
        _ type: ElementType,
        _ shape: [Int]
    ) throws(ServingError) -> Tensor {
        guard let data = element["data"], data.kind == .array else {
            throw .request("`\(name.prefix(100))` has no list `data`")
        }
        return try tensor(of: data, name, type, shape)
    }

    /// As above, of the `data` itself.
    static func tensor(
        of data: JSONElement,
        _ name: String,
        _ type: ElementType,
        _ shape: [Int]
    ) throws(ServingError) -> Tensor {
        let tensor: Tensor
        switch type {
        case .float64: tensor = Tensor(name: name, shape: shape, try numbers(data, name, shape) { $0 })
        case .float32: tensor = Tensor(name: name, shape: shape, try numbers(data, name, shape) { Float($0) })
        case .float16: tensor = Tensor(name: name, shape: shape, try numbers(data, name, shape) { Float16($0) })
        case .bfloat16:
            let halves = try numbers(data, name, shape) { BFloat16.bits(Float($0)) }
            let bytes = halves.withUnsafeBytes { [UInt8]($0) }
            tensor = Tensor(name: name, type: .bfloat16, shape: shape, bytes: bytes)
        case .int64: tensor = try whole(data, name, shape, Int64.self)
        case .int32: tensor = try whole(data, name, shape, Int32.self)
        case .int16: tensor = try whole(data, name, shape, Int16.self)
        case .int8: tensor = try whole(data, name, shape, Int8.self)
        case .uint64: tensor = try whole(data, name, shape, UInt64.self)
        case .uint32: tensor = try whole(data, name, shape, UInt32.self)
        case .uint16: tensor = try whole(data, name, shape, UInt16.self)
        case .uint8: tensor = try whole(data, name, shape, UInt8.self)
        case .bool:
            tensor = Tensor(
                name: name,
                shape: shape,
                try values(data, name, shape, "is neither true nor false") { element in
                    element.bool ?? element.int64.flatMap { $0 == 0 ? false : $0 == 1 ? true : nil }
                }
            )
        case .string:
            let texts = try values(data, name, shape, "is no text") { $0.string }
            tensor = Tensor(name: name, shape: shape, texts: texts)
        }
        return tensor
    }

    /// A tensor without dimensions, of a value that stands in no list.
    static func tensor(of value: JSONElement, single name: String, _ type: ElementType) throws(ServingError) -> Tensor {
        let document: JSONDocument
        do {
            document = try JSONDocument("[\(value.json)]")
        } catch {
            throw .request("`\(name.prefix(100))` is no value")
        }
        return try tensor(of: document.root, name, type, [])
    }

    private static func numbers<Number>(
        _ data: JSONElement,
        _ name: String,
        _ shape: [Int],
        _ convert: (Double) -> Number
    ) throws(ServingError) -> [Number] {
        try values(data, name, shape, "is no number") { element in
            switch element.kind {
            case .integer, .unsigned, .real: element.double.map(convert)
            case .null: convert(.nan)
            case .bool: convert(element.bool == true ? 1 : 0)
            // What JSON has no number for.
            case .string:
                switch element.string {
                case "NaN": convert(.nan)
                case "Infinity": convert(.infinity)
                case "-Infinity": convert(-.infinity)
                default: nil
                }
            case .array, .object: nil
            }
        }
    }

    private static func whole<Number: FixedWidthInteger & TensorElement>(
        _ data: JSONElement,
        _ name: String,
        _ shape: [Int],
        _: Number.Type
    ) throws(ServingError) -> Tensor {
        let values: [Number] = try values(
            data,
            name,
            shape,
            "is no whole number of \(Number.elementType.openInferenceName)"
        ) { element in
            switch element.kind {
            case .integer: element.int64.flatMap { Number(exactly: $0) }
            case .unsigned: element.uint64.flatMap { Number(exactly: $0) }
            case .real: element.double.flatMap { Number(exactly: $0) }
            case .bool: element.bool == true ? 1 : 0
            case .null, .string, .array, .object: nil
            }
        }
        return Tensor(name: name, shape: shape, values)
    }

    /// The values of a list that is flat or nested.
    private static func values<Value>(
        _ data: JSONElement,
        _ name: String,
        _ shape: [Int],
        _ otherwise: String,
        _ read: (JSONElement) -> Value?
    ) throws(ServingError) -> [Value] {
        let count = shape.reduce(1, *)
        var result: [Value] = []
        // What is claimed may be more than there is.
        result.reserveCapacity(min(count, 1 << 20))
        func add(_ list: JSONElement, _ depth: Int) throws(ServingError) {
            for element in list.elements {
                if element.kind == .array, depth < shape.count {
                    try add(element, depth + 1)
                } else if let value = read(element) {
                    guard result.count < count else {
                        throw .request("`\(name.prefix(100))` has more values; its shape wants \(count)")
                    }
                    result.append(value)
                } else {
                    throw .request("a value of `\(name.prefix(100))` \(otherwise)")
                }
            }
        }
        try add(data, 1)
        guard result.count == count else {
            throw .request("`\(name.prefix(100))` has \(result.count) values; its shape wants \(count)")
        }
        return result
    }

    // MARK: Writing

    /// Writes the elements of a tensor as a flat list.
    static func write(_ tensor: Tensor, into writer: inout JSONWriter) {
        write(tensor, as: [tensor.count], into: &writer)
    }

    /// Writes the elements of a tensor as lists of lists, as its shape is; of a tensor without dimensions the element alone.
    static func writeNested(_ tensor: Tensor, into writer: inout JSONWriter) {
        write(tensor, as: tensor.shape, into: &writer)
    }

    private static func write(_ tensor: Tensor, as shape: [Int], into writer: inout JSONWriter) {
        func list<Value>(_ values: [Value], _ one: (Value, inout JSONWriter) -> Void) {
            var next = 0
            func add(_ depth: Int) {
                guard depth < shape.count else {
                    one(values[next], &writer)
                    next += 1
                    return
                }
                writer.beginArray()
                for _ in 0..<shape[depth] { add(depth + 1) }
                writer.endArray()
            }
            add(0)
        }
        switch tensor.type {
        case .float32: list(tensor.values(as: Float.self)) { $1.float($0) }
        case .float64: list(tensor.values(as: Double.self)) { $1.double($0) }
        case .float16, .bfloat16: list(tensor.doubles ?? []) { $1.float(Float($0)) }
        case .int64: list(tensor.values(as: Int64.self)) { $1.integer($0) }
        case .bool: list(tensor.values(as: Bool.self)) { $1.bool($0) }
        case .string: list(tensor.texts) { $1.string($0) }
        case .uint64: list(tensor.values(as: UInt64.self)) { $1.raw(String($0)) }
        case .uint8, .uint16, .uint32, .int8, .int16, .int32: list(tensor.doubles ?? []) { $1.integer(Int64($0)) }
        }
    }
}
