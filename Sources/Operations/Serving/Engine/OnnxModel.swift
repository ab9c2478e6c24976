// SPDX-License-Identifier: Apache-2.0

import COnnxRuntime
package import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A model in ONNX, loaded and ready.
///
/// Runs happen on threads of their own, several at a time. The session is freed with the last reference, so requests that
/// run while a newer version goes live end undisturbed.
package final class OnnxModel: Sendable {
    /// An input or output.
    package struct Port: Sendable, Hashable {
        /// The name.
        package let name: String
        /// The type of the elements; nil if it is no tensor, or of a type that is not served.
        package let elementType: ElementType?
        /// The size of each dimension; -1 where any is taken.
        package let shape: [Int]
    }

    /// What goes in.
    package let inputs: [Port]
    /// What comes out.
    package let outputs: [Port]
    private let runtime: OnnxRuntime
    // A session may be run from any number of threads at once.
    private nonisolated(unsafe) let session: OpaquePointer
    private let pool: BlockingPool

    /// Loads a model file.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - runtime: The library.
    ///   - path: The `.onnx` file.
    ///   - threads: Threads that one run uses.
    ///   - pool: The threads that runs are called from.
    /// - Throws: ``ServingError`` `.invalidModel`.
    package init(
        runtime: OnnxRuntime,
        path: FilePath,
        threads: Int = 1,
        pool: BlockingPool = .shared
    ) throws(ServingError) {
        var session: OpaquePointer?
        let problem = takeMessage(gyre_ort_load(runtime.handle, path.string, Int32(threads), &session))
        guard problem == nil, let session else {
            throw ServingError(
                .invalidModel,
                what: "cannot load `\(path)`",
                why: problem ?? "the engine gives no reason"
            )
        }
        self.runtime = runtime
        self.session = session
        self.pool = pool
        inputs = Self.ports(session, isInput: true)
        outputs = Self.ports(session, isInput: false)
    }

    deinit { gyre_ort_unload(session) }

    /// Runs the model once.
    ///
    /// - Parameters:
    ///   - inputs: A tensor for each input.
    ///   - wanted: Names of outputs; all that are tensors if nil.
    /// - Returns: The outputs in the order wanted.
    /// - Throws: ``ServingError`` `.engineFailed` with the engine's words.
    package func run(_ inputs: [Tensor], outputs wanted: [String]? = nil) async throws -> [Tensor] {
        try await pool.run { try self.runBlocking(inputs, wanted ?? self.outputs.map(\.name)) }
    }

    /// Runs the model on the calling thread.
    package func runBlocking(_ inputs: [Tensor], _ wanted: [String]) throws(ServingError) -> [Tensor] {
        let arena = Arena()
        let arguments = inputs.map { arena.argument($0) }
        let names = wanted.map { arena.text($0) }
        var results: [OpaquePointer?] = Array(repeating: nil, count: wanted.count)
        let problem = takeMessage(
            gyre_ort_run(session, arguments, arguments.count, names.map { UnsafePointer($0) }, names.count, &results)
        )
        defer {
            for result in results { if let result { gyre_ort_release(session, result) } }
        }
        if let problem { throw Self.failed(problem) }
        var outputs: [Tensor] = []
        for (name, result) in zip(wanted, results) {
            guard let result else { throw Self.failed("the output `\(name)` is missing") }
            outputs.append(try tensor(result, name))
        }
        return outputs
    }

    private func tensor(_ value: OpaquePointer, _ name: String) throws(ServingError) -> Tensor {
        var type: Int32 = 0
        var rank = 0
        var count = 0
        var data: UnsafeRawPointer?
        var sizes: [Int64] = Array(repeating: 0, count: 16)
        let room = sizes.count
        if let problem = takeMessage(gyre_ort_describe(session, value, &type, &rank, &sizes, room, &count, &data)) {
            throw Self.failed("output `\(name)`: \(problem)")
        }
        guard let element = ElementType(rawValue: type) else {
            throw Self.failed("output `\(name)` has elements of type \(type), which are not served")
        }
        func array<Element>(_: Element.Type) -> [Element] {
            // The engine's memory is aligned for its type and holds `count` elements.
            guard let data, count > 0 else { return [] }
            return Array(UnsafeBufferPointer(start: data.assumingMemoryBound(to: Element.self), count: count))
        }
        let storage: Tensor.Storage =
            switch element {
            case .float32: .float32(array(Float.self))
            case .float64: .float64(array(Double.self))
            case .int64: .int64(array(Int64.self))
            case .int32: .int32(array(Int32.self))
            case .int8: .int8(array(Int8.self))
            case .uint8: .uint8(array(UInt8.self))
            case .bool: .bool(array(Bool.self))
            case .string: .string(try texts(value, count))
            }
        return Tensor(name: name, shape: sizes.prefix(rank).map { Int($0) }, storage: storage)
    }

    private func texts(_ value: OpaquePointer, _ count: Int) throws(ServingError) -> [String] {
        var bytes: UnsafeMutablePointer<CChar>?
        var offsets: UnsafeMutablePointer<Int>?
        let problem = takeMessage(gyre_ort_texts(session, value, count, &bytes, &offsets))
        defer {
            free(bytes)
            free(offsets)
        }
        guard problem == nil, let bytes, let offsets else { throw Self.failed(problem ?? "no memory is left") }
        return (0..<count).map { index in
            let range = offsets[index]..<offsets[index + 1]
            let part = UnsafeRawBufferPointer(start: bytes + range.lowerBound, count: range.count)
            return String(decoding: part, as: UTF8.self)
        }
    }

    private static func failed(_ why: String) -> ServingError {
        ServingError(.engineFailed, what: "cannot predict", why: why)
    }

    private static func ports(_ session: OpaquePointer, isInput: Bool) -> [Port] {
        (0..<gyre_ort_port_count(session, isInput)).map { index in
            var shape: UnsafePointer<Int64>?
            let rank = gyre_ort_port_shape(session, isInput, index, &shape)
            return Port(
                name: String(cString: gyre_ort_port_name(session, isInput, index)),
                elementType: ElementType(rawValue: gyre_ort_port_type(session, isInput, index)),
                shape: (0..<rank).map { position in shape.map { Int($0[position]) } ?? -1 }
            )
        }
    }
}

/// Keeps what a call's C arguments point to until the call is over.
private final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { blocks.forEach { free($0) } }

    func text(_ text: String) -> UnsafeMutablePointer<CChar> {
        array(Array(text.utf8CString))
    }

    func argument(_ tensor: Tensor) -> gyre_ort_input {
        var result = gyre_ort_input()
        result.name = UnsafePointer(text(tensor.name))
        result.type = tensor.elementType.rawValue
        result.shape = UnsafePointer(array(tensor.shape.map { Int64($0) }))
        result.rank = tensor.shape.count
        func store<Element>(_ values: [Element]) {
            result.data = UnsafeRawPointer(array(values))
            result.byte_count = values.count * MemoryLayout<Element>.stride
        }
        switch tensor.storage {
        case .float32(let values): store(values)
        case .float64(let values): store(values)
        case .int64(let values): store(values)
        case .int32(let values): store(values)
        case .int8(let values): store(values)
        case .uint8(let values): store(values)
        case .bool(let values): store(values)
        case .string(let values):
            let pointers: [UnsafePointer<CChar>?] = values.map { UnsafePointer(text($0)) }
            result.texts = UnsafePointer(array(pointers))
            result.text_count = values.count
        }
        return result
    }

    private func array<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
        let bytes = max(1, values.count * MemoryLayout<Element>.stride)
        guard let block = malloc(bytes) else { fatalError("no memory is left for \(bytes) bytes") }
        blocks.append(block)
        let pointer = block.bindMemory(to: Element.self, capacity: max(1, values.count))
        pointer.initialize(from: values, count: values.count)
        return pointer
    }
}
