// SPDX-License-Identifier: Apache-2.0

/// Looks whether rows of several requests may share a run of a model: whether each row's answer is the same among others as it is
/// alone.
package enum BatchProbe {
    /// Whether runs may be shared; also warms the engine.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - engine: The model.
    ///   - example: A tensor for each input, with two rows or more; nil to make some up.
    ///   - outputs: The outputs that are used.
    /// - Returns: False if an input or output has no free first dimension, if answers differ, or if the engine takes nothing of
    ///   what was made up.
    package static func canShare(_ engine: any InferenceEngine, example: [Tensor]?, outputs: [String]) -> Bool {
        let used = engine.outputs.filter { outputs.contains($0.name) }
        guard !engine.inputs.isEmpty, engine.inputs.allSatisfy({ $0.kind == .tensor && $0.shape.first == -1 }),
            used.allSatisfy({ $0.kind == .maps || ($0.kind == .tensor && $0.shape.first == -1) }),
            let rows = example ?? madeUp(engine.inputs), rows.allSatisfy({ $0.rowCount >= 2 })
        else { return false }
        do throws(ServingError) {
            let both = try engine.run(rows.map { $0.rows(0..<2) }, outputs: outputs)
            for row in 0..<2 {
                let alone = try engine.run(rows.map { $0.rows(row..<(row + 1)) }, outputs: outputs)
                for (one, all) in zip(alone, both) {
                    guard all.rowCount == 2, one.rowCount == 1, isSame(one, all.rows(row..<(row + 1))) else {
                        return false
                    }
                }
            }
            return true
        } catch {
            return false
        }
    }

    /// Two rows of numbers that differ; nil for inputs that take texts alone or have other free dimensions.
    private static func madeUp(_ specs: [TensorSpec]) -> [Tensor]? {
        var result: [Tensor] = []
        for spec in specs {
            let inner = spec.shape.dropFirst()
            guard let type = spec.type, type != .string, !inner.contains(where: { $0 < 1 }) else { return nil }
            let count = 2 * inner.reduce(1, *)
            guard count <= 1 << 24 else { return nil }
            let values = (0..<count).map { Double($0 % 7 == 3 ? 1 : ($0 * 5) % 3) }
            guard let tensor = try? Tensor.numbers(values, as: type, name: spec.name, shape: [2] + inner) else {
                return nil
            }
            result.append(tensor)
        }
        return result
    }

    /// Whether two tensors are equal, numbers up to the order in which they were added.
    private static func isSame(_ one: Tensor, _ other: Tensor) -> Bool {
        guard one.shape == other.shape, one.type == other.type, one.labels == other.labels else { return false }
        guard let left = one.doubles, let right = other.doubles else { return one.storage == other.storage }
        return zip(left, right).allSatisfy { left, right in
            left == right || (left.isNaN && right.isNaN) || abs(left - right) <= 1e-5 * max(1, abs(left))
        }
    }
}
