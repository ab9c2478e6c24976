// SPDX-License-Identifier: Apache-2.0

/// A dense tensor in row-major order.
package struct Tensor: Sendable, Hashable {
    /// The elements.
    package enum Storage: Sendable, Hashable {
        /// Numbers and truth values, one after the other as the machine has them: little-endian.
        case bytes([UInt8])
        /// Texts.
        case texts([String])
    }

    /// The name of the input or output.
    package let name: String
    /// The type of the elements.
    package let type: ElementType
    /// The size of each dimension, all known.
    package let shape: [Int]
    /// The elements; as many as the product of the shape.
    package let storage: Storage
    /// What the places of the last dimension are called, such as classes; empty if they have no names.
    package let labels: [String]

    /// A tensor of elements as bytes.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: The type of its elements; no texts.
    ///   - shape: Its dimensions.
    ///   - bytes: `type.size` bytes an element.
    ///   - labels: Names of the last dimension's places.
    package init(name: String, type: ElementType, shape: [Int], bytes: [UInt8], labels: [String] = []) {
        (self.name, self.type, self.shape, self.labels) = (name, type, shape, labels)
        storage = .bytes(bytes)
    }

    /// A tensor of texts.
    package init(name: String, shape: [Int], texts: [String]) {
        (self.name, self.shape, type, labels) = (name, shape, .string, [])
        storage = .texts(texts)
    }

    /// A tensor of numbers or truth values.
    package init<Element: TensorElement>(name: String, shape: [Int], _ values: [Element], labels: [String] = []) {
        let bytes = values.withUnsafeBytes { [UInt8]($0) }
        self.init(name: name, type: Element.elementType, shape: shape, bytes: bytes, labels: labels)
    }

    /// How many elements the shape has.
    package var count: Int { shape.reduce(1, *) }

    /// How many rows the first dimension has; 1 without any.
    package var rowCount: Int { shape.first ?? 1 }

    /// Whether there are as many elements as the shape has.
    package var isComplete: Bool {
        switch storage {
        case .bytes(let bytes): bytes.count == count * (type.size ?? 0)
        case .texts(let texts): texts.count == count
        }
    }

    /// The elements; empty if they are of another type.
    package func values<Element: TensorElement>(as: Element.Type) -> [Element] {
        guard type == Element.elementType, case .bytes(let bytes) = storage else { return [] }
        return Self.elements(bytes)
    }

    private static func elements<Element: BitwiseCopyable>(
        _ bytes: [UInt8],
        as: Element.Type = Element.self
    ) -> [Element] {
        let stride = MemoryLayout<Element>.stride
        return [Element](unsafeUninitializedCapacity: bytes.count / stride) { target, count in
            count = bytes.count / stride
            bytes.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(target).copyMemory(from: .init(rebasing: $0[..<(count * stride)]))
            }
        }
    }

    /// The elements as numbers; nil for texts.
    package var doubles: [Double]? {
        guard case .bytes(let bytes) = storage else { return nil }
        switch type {
        case .float16: return Self.elements(bytes, as: Float16.self).map(Double.init)
        case .float32: return Self.elements(bytes, as: Float.self).map(Double.init)
        case .float64: return Self.elements(bytes)
        case .bfloat16: return Self.elements(bytes, as: UInt16.self).map { Double(BFloat16.float($0)) }
        case .uint8, .bool: return bytes.map(Double.init)
        case .uint16: return Self.elements(bytes, as: UInt16.self).map(Double.init)
        case .uint32: return Self.elements(bytes, as: UInt32.self).map(Double.init)
        case .uint64: return Self.elements(bytes, as: UInt64.self).map { Double($0) }
        case .int8: return Self.elements(bytes, as: Int8.self).map(Double.init)
        case .int16: return Self.elements(bytes, as: Int16.self).map(Double.init)
        case .int32: return Self.elements(bytes, as: Int32.self).map(Double.init)
        case .int64: return Self.elements(bytes, as: Int64.self).map(Double.init)
        case .string: return nil
        }
    }

    /// The elements as texts; whole numbers without a fraction.
    package var texts: [String] {
        guard case .bytes(let bytes) = storage else {
            if case .texts(let texts) = storage { return texts }
            return []
        }
        switch type {
        case .float16: return Self.elements(bytes, as: Float16.self).map { String(Float($0)) }
        case .float32: return Self.elements(bytes, as: Float.self).map { String($0) }
        case .bfloat16: return Self.elements(bytes, as: UInt16.self).map { String(BFloat16.float($0)) }
        case .bool: return bytes.map { $0 != 0 ? "true" : "false" }
        case .uint64: return Self.elements(bytes, as: UInt64.self).map { String($0) }
        case .int64: return Self.elements(bytes, as: Int64.self).map { String($0) }
        case .float64: return Self.elements(bytes, as: Double.self).map { String($0) }
        default: return (doubles ?? []).map { String(Int64($0)) }
        }
    }

    /// Numbers as a tensor of the type that a model wants.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest` if a number does not fit a whole-number type.
    package static func numbers(
        _ values: [Double],
        as type: ElementType,
        name: String,
        shape: [Int]
    ) throws(ServingError) -> Tensor {
        func whole<Number: FixedWidthInteger & TensorElement>(_: Number.Type) throws(ServingError) -> Tensor {
            var result: [Number] = []
            result.reserveCapacity(values.count)
            for value in values {
                guard let number = Number(exactly: value) else {
                    throw .request("`\(name)` takes \(type.openInferenceName), and \(value) is none")
                }
                result.append(number)
            }
            return Tensor(name: name, shape: shape, result)
        }
        switch type {
        case .float16: return Tensor(name: name, shape: shape, values.map(Float16.init))
        case .float32: return Tensor(name: name, shape: shape, values.map(Float.init))
        case .float64: return Tensor(name: name, shape: shape, values)
        case .bfloat16:
            let bytes = values.flatMap { value in
                let half = BFloat16.bits(Float(value))
                return [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
            }
            return Tensor(name: name, type: .bfloat16, shape: shape, bytes: bytes)
        case .int64: return try whole(Int64.self)
        case .int32: return try whole(Int32.self)
        case .int16: return try whole(Int16.self)
        case .int8: return try whole(Int8.self)
        case .uint64: return try whole(UInt64.self)
        case .uint32: return try whole(UInt32.self)
        case .uint16: return try whole(UInt16.self)
        case .uint8: return try whole(UInt8.self)
        case .bool: return Tensor(name: name, shape: shape, values.map { $0 != 0 })
        case .string: return Tensor(name: name, shape: shape, texts: values.map { String($0) })
        }
    }
}

/// Floating-point numbers of 16 bits with the range of those of 32.
enum BFloat16 {
    static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// The nearest; of two that are as near the even one.
    static func bits(_ value: Float) -> UInt16 {
        guard !value.isNaN else { return 0x7FC0 }
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
