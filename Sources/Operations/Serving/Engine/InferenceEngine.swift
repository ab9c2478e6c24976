// SPDX-License-Identifier: Apache-2.0

/// What a model takes or gives under a name.
package struct TensorSpec: Sendable, Hashable {
    /// What lies under a name.
    package enum Kind: Sendable, Hashable {
        /// A tensor.
        case tensor
        /// Tensors of one shape, which are given as one tensor with a dimension more.
        case sequence
        /// For each row a number by name, which is given as a tensor of [rows, names] with labels.
        case maps
    }

    /// The name.
    package let name: String
    /// What there is.
    package let kind: Kind
    /// The type of the elements; nil if it is of a kind that is not served.
    package let type: ElementType?
    /// The size of each dimension; -1 where any is taken.
    package let shape: [Int]

    /// A description.
    package init(name: String, kind: Kind = .tensor, type: ElementType?, shape: [Int]) {
        (self.name, self.kind, self.type, self.shape) = (name, kind, type, shape)
    }
}

/// Runs a model.
package protocol InferenceEngine: Sendable {
    /// What goes in.
    var inputs: [TensorSpec] { get }
    /// What comes out.
    var outputs: [TensorSpec] { get }

    /// Runs the model once, on the calling thread.
    ///
    /// Blocks. Any number of threads may call it at once.
    ///
    /// - Parameters:
    ///   - inputs: A tensor for each input.
    ///   - wanted: Names of outputs.
    /// - Returns: The outputs in the order wanted.
    /// - Throws: ``ServingError`` `.engineFailed` with the engine's words.
    func run(_ inputs: [Tensor], outputs wanted: [String]) throws(ServingError) -> [Tensor]
}
