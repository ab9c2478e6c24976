// SPDX-License-Identifier: Apache-2.0

package import Pipelines

/// A setting as `-S` takes it: what becomes of one key, with one value or several.
///
/// - Source: Hydra's override grammar, <https://hydra.cc/docs/advanced/override_grammar/basic>, as DVC reads it: without config
///   groups, interpolation, `interval` and `glob`.
package struct Override: Sendable, Hashable {
    /// How the key is meant.
    package let kind: ParameterChange.Kind
    /// The file, relative to the project.
    package let file: String
    /// The dotted key.
    package let key: String
    /// The values, one for each run; nil stands for none.
    package let values: [ParameterValue?]
    /// Whether several values were meant, also if there is one.
    package let isSweep: Bool

    /// Reads a setting.
    ///
    /// - Parameter text: `[FILE:][+|++|~]KEY[=VALUE]`.
    /// - Throws: ``ExperimentsError`` `.invalidOverride`.
    package init(_ text: String) throws(ExperimentsError) {
        let head = text.prefix { $0 != "=" }
        var rest = text[...]
        var file = ParameterChange.mainFile
        if let colon = head.firstIndex(of: ":") {
            file = String(text[..<colon])
            rest = text[text.index(after: colon)...]
        }
        func refusal(_ why: String, _ next: String? = nil) -> ExperimentsError {
            ExperimentsError(
                .invalidOverride,
                what: "cannot set `\(text)`",
                why: why,
                next: next ?? "write for example `-S train.C=0.01`, or `-S train.C=0.1,1` for a sweep"
            )
        }
        guard !file.isEmpty else { throw refusal("no file stands before its `:`") }
        let (mark, kind): (String, ParameterChange.Kind) =
            if rest.hasPrefix("++") { ("++", .put) } else if rest.hasPrefix("+") {
                ("+", .add)
            } else if rest.hasPrefix(
                "~"
            ) { ("~", .remove) } else { ("", .set) }
        rest = rest.dropFirst(mark.count)
        let key = String(rest.prefix { $0 != "=" })
        guard !key.isEmpty else { throw refusal("it has no `=` with a key before it") }
        if key.contains("/") || key.contains("@") {
            throw refusal("`\(key)` names a config group of Hydra, which is not supported here", "name a key")
        }
        guard key.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(Self.isKey) else {
            throw refusal(
                "`\(key)` is no key: letters, digits, `_`, `-`, and dots between, not beginning with a dot or `-`"
            )
        }
        (self.kind, self.file, self.key) = (kind, file, key)
        guard let equals = rest.firstIndex(of: "=") else {
            guard kind == .remove else {
                throw refusal("it has no `=` with a key before and a value behind it", "write `-S \(text)=VALUE`")
            }
            (values, isSweep) = ([nil], false)
            return
        }
        var parser = OverrideParser(text[rest.index(after: equals)...])
        do {
            let parsed = try parser.value()
            (values, isSweep) = (parsed.values, parsed.isSweep)
        } catch {
            throw refusal(error.why, error.next)
        }
        if kind == .remove, isSweep { throw refusal("what is removed has one value at most") }
    }

    private static func isKey(_ part: Substring) -> Bool {
        guard let first = part.first else { return false }
        if part.allSatisfy(\.isWholeNumber), part.utf8.allSatisfy({ $0 < 128 }) { return part == "0" || first != "0" }
        guard first.isLetter || first == "_" || first == "$" else { return false }
        return part.allSatisfy { $0.isLetter || $0.isWholeNumber || "_-$".contains($0) }
    }

    /// The change for one of the values.
    package func change(_ value: ParameterValue?) -> ParameterChange {
        ParameterChange(kind, file: file, key: key, value: value)
    }
}

/// Settings that stand for one or several runs.
package struct Sweep: Sendable {
    /// More runs than a person means.
    package static let limit = 10_000

    /// The changes of each run: every combination of the values, the first key slowest.
    package let combinations: [[ParameterChange]]
    /// Whether several values were meant.
    package let isSweep: Bool

    /// Reads settings.
    ///
    /// - Throws: ``ExperimentsError`` `.invalidOverride`; also for more combinations than ``limit``.
    package init(_ settings: [String]) throws(ExperimentsError) {
        var combinations: [[ParameterChange]] = [[]]
        var isSweep = false
        for setting in settings {
            let override = try Override(setting)
            isSweep = isSweep || override.isSweep
            guard combinations.count * override.values.count <= Self.limit else {
                throw ExperimentsError(
                    .invalidOverride,
                    what: "cannot sweep over `\(setting)`",
                    why: "these are more than \(Self.limit) combinations",
                    next: "name fewer values"
                )
            }
            combinations = combinations.flatMap { known in override.values.map { known + [override.change($0)] } }
        }
        (self.combinations, self.isSweep) = (combinations, isSweep)
    }
}
