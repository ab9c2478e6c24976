// SPDX-License-Identifier: Apache-2.0

/// Tensors put together and taken apart along their first dimension, as batches are.
extension Tensor {
    /// Tensors of one type and shape one after the other, with a dimension for their number; nil if they differ.
    static func stacked(_ tensors: [Tensor], as name: String) -> Tensor? {
        guard let first = tensors.first else { return Tensor(name: name, type: .float32, shape: [0], bytes: []) }
        guard tensors.allSatisfy({ $0.type == first.type && $0.shape == first.shape }) else { return nil }
        return joined(tensors, name, shape: [tensors.count] + first.shape)
    }

    /// Tensors one below the other; nil if they differ in type, in labels, or in any dimension but the first.
    static func concatenated(_ tensors: [Tensor]) -> Tensor? {
        guard let first = tensors.first, !first.shape.isEmpty else { return nil }
        if tensors.count == 1 { return first }
        let fits = tensors.allSatisfy { tensor in
            tensor.type == first.type && tensor.labels == first.labels && tensor.shape.count == first.shape.count
                && tensor.shape.dropFirst() == first.shape.dropFirst()
        }
        guard fits else { return nil }
        let rows = tensors.reduce(0) { $0 + $1.rowCount }
        return joined(tensors, first.name, shape: [rows] + first.shape.dropFirst())
    }

    private static func joined(_ tensors: [Tensor], _ name: String, shape: [Int]) -> Tensor {
        let first = tensors[0]
        guard let size = first.type.size else {
            return Tensor(name: name, shape: shape, texts: tensors.flatMap(\.texts))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shape.reduce(size, *))
        for tensor in tensors { if case .bytes(let own) = tensor.storage { bytes += own } }
        return Tensor(name: name, type: first.type, shape: shape, bytes: bytes, labels: first.labels)
    }

    /// The same elements in another shape of as many.
    func reshaped(_ shape: [Int]) -> Tensor {
        switch storage {
        case .bytes(let bytes): Tensor(name: name, type: type, shape: shape, bytes: bytes, labels: labels)
        case .texts(let texts): Tensor(name: name, shape: shape, texts: texts)
        }
    }

    /// Some of the rows.
    func rows(_ range: Range<Int>) -> Tensor {
        if range == 0..<rowCount { return self }
        let shape = [range.count] + self.shape.dropFirst()
        let width = shape.dropFirst().reduce(1, *)
        switch storage {
        case .texts(let texts):
            return Tensor(
                name: name,
                shape: shape,
                texts: Array(texts[range.lowerBound * width..<range.upperBound * width])
            )
        case .bytes(let bytes):
            let stride = width * (type.size ?? 0)
            let own = Array(bytes[range.lowerBound * stride..<range.upperBound * stride])
            return Tensor(name: name, type: type, shape: shape, bytes: own, labels: labels)
        }
    }
}
