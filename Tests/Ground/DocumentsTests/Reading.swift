// SPDX-License-Identifier: Apache-2.0

import Documents

/// A value as one line, to compare documents by.
func described(_ node: YAMLNode) -> String {
    switch node.content {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .real(let value): "real \(value)"
    case .string(let value): value.debugDescription
    case .sequence(let items): "[" + items.map(described).joined(separator: ", ") + "]"
    case .mapping(let entries):
        "{" + entries.map { "\($0.key.debugDescription): \(described($0.value))" }.joined(separator: ", ") + "}"
    }
}

func read(_ text: String) throws -> String { described(try YAMLDocument.parse(text, file: "f.yaml")) }

/// Numbers that look random and are the same each time.
struct Chance {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }
}
