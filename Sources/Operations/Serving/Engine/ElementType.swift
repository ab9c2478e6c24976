// SPDX-License-Identifier: Apache-2.0

/// A type of tensor elements; raw values are ONNX's.
package enum ElementType: Int32, Sendable, CaseIterable {
    /// 32-bit floating point.
    case float32 = 1
    /// Unsigned 8-bit integer.
    case uint8 = 2
    /// Signed 8-bit integer.
    case int8 = 3
    /// Unsigned 16-bit integer.
    case uint16 = 4
    /// Signed 16-bit integer.
    case int16 = 5
    /// Signed 32-bit integer.
    case int32 = 6
    /// Signed 64-bit integer.
    case int64 = 7
    /// UTF-8 text.
    case string = 8
    /// `true` or `false` in a byte.
    case bool = 9
    /// 16-bit floating point, IEEE 754's.
    case float16 = 10
    /// 64-bit floating point.
    case float64 = 11
    /// Unsigned 32-bit integer.
    case uint32 = 12
    /// Unsigned 64-bit integer.
    case uint64 = 13
    /// The upper half of a 32-bit floating point.
    case bfloat16 = 16

    /// The bytes of an element; nil for texts, which have any length.
    package var size: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        case .string: nil
        }
    }

    /// Whether elements are whole numbers.
    package var isWhole: Bool {
        switch self {
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
        case .bool, .string, .float16, .bfloat16, .float32, .float64: false
        }
    }

    /// The name in the Open Inference Protocol.
    package var openInferenceName: String {
        switch self {
        case .float16: "FP16"
        case .float32: "FP32"
        case .float64: "FP64"
        case .bfloat16: "BF16"
        case .uint8: "UINT8"
        case .uint16: "UINT16"
        case .uint32: "UINT32"
        case .uint64: "UINT64"
        case .int8: "INT8"
        case .int16: "INT16"
        case .int32: "INT32"
        case .int64: "INT64"
        case .string: "BYTES"
        case .bool: "BOOL"
        }
    }

    private static let named = Dictionary(uniqueKeysWithValues: allCases.map { ($0.openInferenceName, $0) })

    /// The type of that name in the Open Inference Protocol; nil if there is none.
    package init?(openInferenceName name: String) {
        guard let type = Self.named[name] else { return nil }
        self = type
    }
}

/// A Swift type that elements of tensors have.
package protocol TensorElement: BitwiseCopyable, Sendable {
    /// The type of the elements.
    static var elementType: ElementType { get }
}

extension Float16: TensorElement { package static var elementType: ElementType { .float16 } }
extension Float: TensorElement { package static var elementType: ElementType { .float32 } }
extension Double: TensorElement { package static var elementType: ElementType { .float64 } }
extension UInt8: TensorElement { package static var elementType: ElementType { .uint8 } }
extension UInt16: TensorElement { package static var elementType: ElementType { .uint16 } }
extension UInt32: TensorElement { package static var elementType: ElementType { .uint32 } }
extension UInt64: TensorElement { package static var elementType: ElementType { .uint64 } }
extension Int8: TensorElement { package static var elementType: ElementType { .int8 } }
extension Int16: TensorElement { package static var elementType: ElementType { .int16 } }
extension Int32: TensorElement { package static var elementType: ElementType { .int32 } }
extension Int64: TensorElement { package static var elementType: ElementType { .int64 } }
extension Bool: TensorElement { package static var elementType: ElementType { .bool } }
