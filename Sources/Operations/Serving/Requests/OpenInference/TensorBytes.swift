// SPDX-License-Identifier: Apache-2.0

/// Tensors as the binary extension of the Open Inference Protocol has them: elements one after the other, little-endian; a text
/// behind its length in 4 bytes.
enum TensorBytes {
    /// Reads a tensor.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest` if there are not exactly as many bytes as the shape wants.
    static func tensor(
        _ name: String,
        _ type: ElementType,
        _ shape: [Int],
        _ bytes: ArraySlice<UInt8>
    ) throws(ServingError) -> Tensor {
        let count = shape.reduce(1, *)
        guard let size = type.size else {
            return Tensor(name: name, shape: shape, texts: try texts(name, count, bytes))
        }
        guard bytes.count == count * size else {
            throw .request("`\(name.prefix(100))` has \(bytes.count) bytes; its shape wants \(count * size)")
        }
        return Tensor(name: name, type: type, shape: shape, bytes: Array(bytes))
    }

    private static func texts(_ name: String, _ count: Int, _ bytes: ArraySlice<UInt8>) throws(ServingError) -> [String]
    {
        var texts: [String] = []
        var rest = bytes
        while texts.count < count, rest.count >= 4 {
            let start = rest.startIndex
            let length = (0..<4).reduce(0) { $0 | Int(rest[start + $1]) << (8 * $1) }
            rest = rest.dropFirst(4)
            guard length <= rest.count else { break }
            guard let text = String(validating: rest.prefix(length), as: UTF8.self) else {
                throw .request("value \(texts.count) of `\(name.prefix(100))` is no UTF-8 text")
            }
            texts.append(text)
            rest = rest.dropFirst(length)
        }
        guard texts.count == count, rest.isEmpty else {
            throw .request(
                "the bytes of `\(name.prefix(100))` are not \(count) texts, each behind its length in 4 bytes"
            )
        }
        return texts
    }

    /// The bytes of a tensor.
    static func bytes(_ tensor: Tensor) -> [UInt8] {
        switch tensor.storage {
        case .bytes(let bytes): return bytes
        case .texts(let texts):
            var bytes: [UInt8] = []
            for text in texts {
                let length = UInt32(text.utf8.count)
                for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
                bytes += text.utf8
            }
            return bytes
        }
    }
}
