// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A condition that a model must meet: `recall >= 0.90`, `roc_auc >= champion.roc_auc - 0.005`, `latency.p99 <= 20 ms`.
package struct Requirement: Sendable, Hashable, CustomStringConvertible {
    /// How the measured value is compared with the bound.
    package enum Comparison: String, Sendable, CaseIterable {
        /// At least.
        case atLeast = ">="
        /// More than.
        case above = ">"
        /// At most.
        case atMost = "<="
        /// Less than.
        case below = "<"
        /// Exactly.
        case equal = "=="

        func holds(_ measured: Double, _ bound: Double) -> Bool {
            switch self {
            case .atLeast: measured >= bound
            case .above: measured > bound
            case .atMost: measured <= bound
            case .below: measured < bound
            case .equal: measured == bound
            }
        }
    }

    /// What the measured value is compared with.
    package enum Bound: Sendable, Hashable {
        /// A number.
        case number(Double)
        /// A metric of another model, such as `champion.roc_auc`, plus an offset.
        case baseline(name: String, metric: String, offset: Double)
    }

    /// What models are measured by: first classifiers, then regressions.
    package static let knownMetrics = [
        "accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "mcc", "roc_auc", "pr_auc",
        "log_loss",
        "brier", "mae", "mse", "rmse", "r2", "max_error",
    ]
    /// What a metric can be measured on besides the named data: the gathered errors, and the worst slice.
    private static let scopes = ["errors", "slice"]
    private static let latencies = ["p50", "p90", "p99"]

    /// The requirement as it is written.
    package let text: String
    /// The metric, such as `recall`, `errors.recall`, `slice.recall` (of the worst slice) or `latency.p99`.
    package let metric: String
    /// The comparison.
    package let comparison: Comparison
    /// The bound; times in milliseconds.
    package let bound: Bound

    package var description: String { text }

    /// Reads `METRIC COMPARISON BOUND`, where a bound is a number (with `ms`, `s` or `%`), or `champion.METRIC` with
    /// `+ NUMBER` or `- NUMBER` behind it.
    ///
    /// - Throws: ``EvaluationError`` `.invalidRequirement` that names the part it cannot read.
    package static func parse(_ text: String) throws(EvaluationError) -> Requirement { try Requirement(text) }

    /// Reads a requirement as ``parse(_:)`` does.
    package init(_ text: String) throws(EvaluationError) {
        self.text = text
        var parts = Self.words(text)
        guard parts.count >= 3 else { throw Self.invalid(text, "it has three parts: metric, comparison, bound") }
        metric = parts.removeFirst()
        try Self.check(metric: metric, in: text)
        let sign = parts.removeFirst()
        guard let comparison = Comparison(rawValue: sign) else {
            throw Self.invalid(text, "`\(sign)` is not a comparison", next: "use `>=`, `>`, `<=`, `<` or `==`")
        }
        self.comparison = comparison
        bound = try Self.bound(parts, in: text)
    }

    /// The words of a requirement; comparisons need no spaces around them.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isSign = false
        for character in text {
            let signs = "<>=!".contains(character)
            if character.isWhitespace || signs != isSign {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            isSign = signs
            if !character.isWhitespace { word.append(character) }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    private static func check(metric: String, in text: String) throws(EvaluationError) {
        let parts = metric.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let last = parts.last, parts.count <= 2 else { throw invalid(text, "`\(metric)` is not a metric") }
        if parts.count == 2, parts[0] == "latency" {
            guard !latencies.contains(last) else { return }
            let known = latencies.map { "`latency.\($0)`" }.joined(separator: ", ")
            throw invalid(text, "`\(metric)` is not a latency", next: "use one of \(known)")
        }
        guard knownMetrics.contains(last) else {
            let near = nearest(to: last, among: knownMetrics).map { "did you mean `\($0)`?" }
            throw invalid(
                text,
                "`\(last)` is not a metric",
                next: near ?? "they are \(knownMetrics.joined(separator: ", "))"
            )
        }
        if parts.count == 2, !scopes.contains(parts[0]) {
            let near = nearest(to: parts[0], among: scopes + ["latency"]).map { "did you mean `\($0).\(last)`?" }
            throw invalid(text, "`\(parts[0])` is nothing that is measured", next: near ?? "write `\(last)` alone")
        }
    }

    private static func bound(_ parts: [String], in text: String) throws(EvaluationError) -> Bound {
        if let number = number(parts) { return .number(number) }
        let names = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard names.count >= 2, names[0].first?.isLetter == true else {
            throw invalid(text, "`\(parts.joined(separator: " "))` is not a number")
        }
        let metric = names.dropFirst().joined(separator: ".")
        guard names[0] == "champion" else {
            let near = nearest(to: names[0], among: ["champion"]).map { "did you mean `\($0).\(metric)`?" }
            throw invalid(text, "`\(names[0])` is no model to compare with", next: near ?? "use `champion.\(metric)`")
        }
        try check(metric: metric, in: text)
        if parts.count == 1 { return .baseline(name: names[0], metric: metric, offset: 0) }
        if ["+", "-"].contains(parts[1]), let offset = number(Array(parts.dropFirst(2))), offset >= 0 {
            return .baseline(name: names[0], metric: metric, offset: parts[1] == "-" ? -offset : offset)
        }
        throw invalid(text, "behind `\(parts[0])` comes nothing, or `+` or `-` and a number")
    }

    private static func number(_ parts: [String]) -> Double? {
        let text = parts.joined()
        for (unit, factor) in [("ms", 1.0), ("s", 1_000.0), ("%", 0.01), ("", 1.0)] where text.hasSuffix(unit) {
            if let value = Double(text.dropLast(unit.count)), value.isFinite { return value * factor }
        }
        return nil
    }

    private static func invalid(_ text: String, _ why: String, next: String? = nil) -> EvaluationError {
        EvaluationError(
            .invalidRequirement,
            what: "cannot read the requirement `\(text)`",
            why: why,
            next: next ?? "write for example `recall >= 0.90`"
        )
    }
}
