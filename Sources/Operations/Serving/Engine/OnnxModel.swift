// SPDX-License-Identifier: Apache-2.0

import COnnxRuntime
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A model in ONNX, loaded and ready.
///
/// The session is freed with the last reference, so requests that run while a newer version goes live end undisturbed.
package final class OnnxModel: InferenceEngine {
    /// What goes in.
    package let inputs: [TensorSpec]
    /// What comes out.
    package let outputs: [TensorSpec]
    private let runtime: OnnxRuntime
    // A session may be run from any number of threads at once.
    private nonisolated(unsafe) let session: OpaquePointer

    /// Loads a model file.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - runtime: The library.
    ///   - path: The `.onnx` file.
    ///   - threads: Threads that one run uses.
    /// - Throws: ``ServingError`` `.invalidModel`.
    package init(runtime: OnnxRuntime, path: FilePath, threads: Int = 1) throws(ServingError) {
        var session: OpaquePointer?
        let problem = takeMessage(gyre_ort_load(runtime.handle, path.string, Int32(threads), &session))
        guard problem == nil, let session else {
            throw ServingError(
                .invalidModel,
                what: "cannot load `\(path)`",
                why: problem ?? "the engine gives no reason",
                next: "save it again; what Gyre converted is made anew once its folder is removed"
            )
        }
        self.runtime = runtime
        self.session = session
        inputs = Self.specs(session, isInput: true)
        outputs = Self.specs(session, isInput: false)
    }

    deinit { gyre_ort_unload(session) }

    private static func specs(_ session: OpaquePointer, isInput: Bool) -> [TensorSpec] {
        (0..<gyre_ort_port_count(session, isInput)).map { index in
            var shape: UnsafePointer<Int64>?
            let rank = gyre_ort_port_shape(session, isInput, index, &shape)
            let sizes = (0..<rank).map { position in shape.map { Int($0[position]) } ?? -1 }
            let kind = gyre_ort_port_kind(session, isInput, index)
            let name = String(cString: gyre_ort_port_name(session, isInput, index))
            let type = ElementType(rawValue: gyre_ort_port_type(session, isInput, index))
            return switch kind {
            case 2: TensorSpec(name: name, kind: .sequence, type: type, shape: [-1] + sizes)
            case 3: TensorSpec(name: name, kind: .maps, type: type, shape: [-1, -1])
            default: TensorSpec(name: name, type: type, shape: sizes)
            }
        }
    }

    // MARK: Running

    package func run(_ inputs: [Tensor], outputs wanted: [String]) throws(ServingError) -> [Tensor] {
        for input in inputs where !input.isComplete {
            throw Self.failed("`\(input.name)` has not as many values as its shape \(input.shape) wants")
        }
        var results: [OpaquePointer?] = Array(repeating: nil, count: wanted.count)
        defer {
            for result in results { if let result { gyre_ort_release(session, result) } }
        }
        let session = session
        let names = wanted.map { strdup($0) }
        defer { names.forEach { free($0) } }
        let problem = Self.withArguments(inputs) { arguments in
            takeMessage(
                gyre_ort_run(
                    session,
                    arguments,
                    arguments.count,
                    names.map { UnsafePointer($0) },
                    names.count,
                    &results
                )
            )
        }
        if let problem { throw Self.failed(problem) }
        var outputs: [Tensor] = []
        for (name, result) in zip(wanted, results) {
            guard let result else { throw Self.failed("the output `\(name)` is missing") }
            outputs.append(try output(result, name))
        }
        return outputs
    }

    /// Calls `body` with the inputs as C has them; numbers are not copied.
    private static func withArguments<Result>(
        _ inputs: [Tensor],
        _ body: ([gyre_ort_input]) -> Result
    ) -> Result {
        var arguments: [gyre_ort_input] = []
        func add(_ rest: ArraySlice<Tensor>) -> Result {
            guard let tensor = rest.first else { return body(arguments) }
            let shape = tensor.shape.map { Int64($0) }
            return tensor.name.withCString { name in
                shape.withUnsafeBufferPointer { shape in
                    var argument = gyre_ort_input()
                    argument.name = name
                    argument.type = tensor.type.rawValue
                    argument.shape = shape.baseAddress
                    argument.rank = shape.count
                    switch tensor.storage {
                    case .bytes(let bytes):
                        return bytes.withUnsafeBytes { bytes in
                            argument.data = bytes.baseAddress
                            argument.byte_count = bytes.count
                            arguments.append(argument)
                            return add(rest.dropFirst())
                        }
                    case .texts(let texts):
                        let copies = texts.map { UnsafePointer<CChar>?(strdup($0)) }
                        defer { copies.forEach { free(UnsafeMutablePointer(mutating: $0)) } }
                        return copies.withUnsafeBufferPointer { copies in
                            argument.texts = copies.baseAddress
                            argument.text_count = copies.count
                            arguments.append(argument)
                            return add(rest.dropFirst())
                        }
                    }
                }
            }
        }
        return add(inputs[...])
    }

    static func failed(_ why: String) -> ServingError { ServingError(.engineFailed, what: "cannot predict", why: why) }

    // MARK: Results

    private func output(_ value: OpaquePointer, _ name: String) throws(ServingError) -> Tensor {
        var kind: Int32 = 0
        if let problem = takeMessage(gyre_ort_kind(session, value, &kind)) { throw Self.failed(problem) }
        switch kind {
        case 1: return try tensor(value, name)
        case 2: return try sequence(value, name)
        case 3: return try NamedNumbers([try map(value, name)]).tensor(name, isOne: true)
        default: throw Self.failed("the output `\(name)` is neither a tensor nor a sequence nor a map")
        }
    }

    /// The tensors of a sequence as one, or its maps as one.
    private func sequence(_ value: OpaquePointer, _ name: String) throws(ServingError) -> Tensor {
        var count = 0
        if let problem = takeMessage(gyre_ort_part_count(session, value, &count)) { throw Self.failed(problem) }
        var tensors: [Tensor] = []
        var maps: [(keys: Tensor, values: Tensor)] = []
        for index in 0..<count {
            let part = try part(value, index)
            defer { gyre_ort_release(session, part) }
            var kind: Int32 = 0
            if let problem = takeMessage(gyre_ort_kind(session, part, &kind)) { throw Self.failed(problem) }
            if kind == 3 { maps.append(try map(part, name)) } else { tensors.append(try tensor(part, name)) }
        }
        if !maps.isEmpty || count == 0, outputs.first(where: { $0.name == name })?.kind == .maps {
            return try NamedNumbers(maps).tensor(name, isOne: false)
        }
        guard let stacked = Tensor.stacked(tensors, as: name) else {
            throw Self.failed("the sequence `\(name)` holds tensors of several shapes")
        }
        return stacked
    }

    private func part(_ value: OpaquePointer, _ index: Int) throws(ServingError) -> OpaquePointer {
        var part: OpaquePointer?
        let problem = takeMessage(gyre_ort_part(session, value, index, &part))
        guard problem == nil, let part else { throw Self.failed(problem ?? "a part of a sequence is missing") }
        return part
    }

    private func map(_ value: OpaquePointer, _ name: String) throws(ServingError) -> (keys: Tensor, values: Tensor) {
        let keys = try part(value, 0)
        defer { gyre_ort_release(session, keys) }
        let values = try part(value, 1)
        defer { gyre_ort_release(session, values) }
        return (try tensor(keys, name), try tensor(values, name))
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
        let shape = sizes.prefix(rank).map { Int($0) }
        guard let size = element.size else {
            return Tensor(name: name, shape: shape, texts: try texts(value, count))
        }
        let bytes = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : count * size)
        return Tensor(name: name, type: element, shape: shape, bytes: Array(bytes))
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
}

/// Maps of names to numbers, such as those of ONNX's ZipMap, as one tensor.
private struct NamedNumbers {
    private let rows: [[String: Double]]
    private let names: [String]
    private let type: ElementType

    init(_ maps: [(keys: Tensor, values: Tensor)]) {
        var names: [String] = []
        var known: Set<String> = []
        rows = maps.map { map in
            let keys = map.keys.texts
            for key in keys where known.insert(key).inserted { names.append(key) }
            return Dictionary(zip(keys, map.values.doubles ?? [])) { first, _ in first }
        }
        self.names = names
        type = maps.first?.values.type ?? .float32
    }

    /// A tensor of [rows, names]; of [names] if there is one map and no list of them.
    func tensor(_ name: String, isOne: Bool) throws(ServingError) -> Tensor {
        // What a row lacks is no number; where there are whole numbers alone it is 0.
        let missing: Double = type.isWhole ? 0 : .nan
        let values = rows.flatMap { row in names.map { row[$0] ?? missing } }
        let shape = isOne ? [names.count] : [rows.count, names.count]
        let plain = try Tensor.numbers(values, as: type == .string ? .float64 : type, name: name, shape: shape)
        guard case .bytes(let bytes) = plain.storage else { return plain }
        return Tensor(name: name, type: plain.type, shape: shape, bytes: bytes, labels: names)
    }
}
