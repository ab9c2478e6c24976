// SPDX-License-Identifier: Apache-2.0

/// A type of tensor elements; raw values are ONNX's.
package enum ElementType: Int32, Sendable, CaseIterable {
    /// 32-bit floating point.
    case float32 = 1
    /// Unsigned 8-bit integer.
    case uint8 = 2
    /// Signed 8-bit integer.
    case int8 = 3
    /// Signed 32-bit integer.
    case int32 = 6
    /// Signed 64-bit integer.
    case int64 = 7
    /// UTF-8 text.
    case string = 8
    /// `true` or `false` in a byte.
    case bool = 9
    /// 64-bit floating point.
    case float64 = 11

    /// The name in the Open Inference Protocol.
    package var openInferenceName: String {
        switch self {
        case .float32: "FP32"
        case .uint8: "UINT8"
        case .int8: "INT8"
        case .int32: "INT32"
        case .int64: "INT64"
        case .string: "BYTES"
        case .bool: "BOOL"
        case .float64: "FP64"
        }
    }
}

/// A dense tensor in row-major order.
package struct Tensor: Sendable, Hashable {
    /// The elements.
    package enum Storage: Sendable, Hashable {
        /// Floating-point numbers of 32 bits.
        case float32([Float])
        /// Floating-point numbers of 64 bits.
        case float64([Double])
        /// Whole numbers of 64 bits.
        case int64([Int64])
        /// Whole numbers of 32 bits.
        case int32([Int32])
        /// Bytes, for 8-bit numbers.
        case int8([Int8])
        /// Bytes, for 8-bit numbers.
        case uint8([UInt8])
        /// Truth values.
        case bool([Bool])
        /// Texts.
        case string([String])
    }

    /// The name of the input or output.
    package let name: String
    /// The size of each dimension, all known.
    package let shape: [Int]
    /// The elements; as many as the product of the shape.
    package let storage: Storage

    /// A tensor.
    package init(name: String, shape: [Int], storage: Storage) {
        self.name = name
        self.shape = shape
        self.storage = storage
    }

    /// The type of the elements.
    package var elementType: ElementType {
        switch storage {
        case .float32: .float32
        case .float64: .float64
        case .int64: .int64
        case .int32: .int32
        case .int8: .int8
        case .uint8: .uint8
        case .bool: .bool
        case .string: .string
        }
    }

    /// How many elements there are.
    package var count: Int { shape.reduce(1, *) }

    /// The elements as numbers; nil for texts.
    package var doubles: [Double]? {
        switch storage {
        case .float32(let values): values.map(Double.init)
        case .float64(let values): values
        case .int64(let values): values.map(Double.init)
        case .int32(let values): values.map(Double.init)
        case .int8(let values): values.map(Double.init)
        case .uint8(let values): values.map(Double.init)
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .string: nil
        }
    }

    /// The elements as texts; whole numbers without a fraction.
    package var texts: [String] {
        switch storage {
        case .float32(let values): values.map { String($0) }
        case .float64(let values): values.map { String($0) }
        case .int64(let values): values.map { String($0) }
        case .int32(let values): values.map { String($0) }
        case .int8(let values): values.map { String($0) }
        case .uint8(let values): values.map { String($0) }
        case .bool(let values): values.map { $0 ? "true" : "false" }
        case .string(let values): values
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
        func whole<Number: FixedWidthInteger>(_: Number.Type) throws(ServingError) -> [Number] {
            var result: [Number] = []
            result.reserveCapacity(values.count)
            for value in values {
                guard let number = Number(exactly: value) else {
                    throw .request("`\(name)` takes \(type.openInferenceName), and \(value) is none")
                }
                result.append(number)
            }
            return result
        }
        let storage: Storage =
            switch type {
            case .float32: .float32(values.map(Float.init))
            case .float64: .float64(values)
            case .int64: .int64(try whole(Int64.self))
            case .int32: .int32(try whole(Int32.self))
            case .int8: .int8(try whole(Int8.self))
            case .uint8: .uint8(try whole(UInt8.self))
            case .bool: .bool(values.map { $0 != 0 })
            case .string: .string(values.map { String($0) })
            }
        return Tensor(name: name, shape: shape, storage: storage)
    }
}
