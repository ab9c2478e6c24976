// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// One line of `loop.retrain_when`: a measured quantity, a comparison and a bound, such as `errors.new >= 50`.
package struct RetrainRule: Sendable, Hashable, CustomStringConvertible {
    /// What a rule can look at.
    package enum Quantity: String, Sendable, CaseIterable {
        /// Gathered errors with a known truth that no data version holds yet.
        case newErrors = "errors.new"
        /// Share of features that drifted from the reference, 0 to 1.
        case driftShare = "drift.share"
    }

    /// What the rule looks at.
    package let quantity: Quantity
    /// Whether the bound itself fires the rule.
    package let includesBound: Bool
    /// The rule fires at or above (`>=`), or above (`>`), this.
    package let bound: Double

    /// Reads `QUANTITY >= NUMBER` or `QUANTITY > NUMBER`.
    ///
    /// - Throws: ``FeedbackError`` `.invalidRule` that names the part it cannot read.
    package init(_ text: String) throws(FeedbackError) {
        let parts = Self.parts(text)
        guard parts.count == 3 else {
            throw Self.unreadable(text, why: "a rule has three parts: quantity, `>=` or `>`, number")
        }
        guard let quantity = Quantity(rawValue: parts[0]) else {
            let meant = nearest(to: parts[0], among: Quantity.allCases.map(\.rawValue))
            let known = Quantity.allCases.map { "`\($0.rawValue)`" }.joined(separator: " and ")
            throw Self.unreadable(
                text,
                why: "`\(parts[0])` is not a quantity; \(known) are",
                next: meant.map { "did you mean `\($0)`?" }
            )
        }
        guard parts[1] == ">=" || parts[1] == ">" else {
            throw Self.unreadable(text, why: "`\(parts[1])` is not a comparison; `>=` and `>` are")
        }
        guard let bound = Double(parts[2]), bound.isFinite, bound >= 0 else {
            throw Self.unreadable(text, why: "`\(parts[2])` is not a number of 0 or more")
        }
        self.quantity = quantity
        self.includesBound = parts[1] == ">="
        self.bound = bound
    }

    /// Whether `value` fires the rule.
    package func fires(at value: Double) -> Bool { includesBound ? value >= bound : value > bound }

    /// The rule as people write it.
    package var description: String {
        let number = Int64(exactly: bound).map { "\($0)" } ?? "\(bound)"
        return "\(quantity.rawValue) \(includesBound ? ">=" : ">") \(number)"
    }

    /// Words and comparisons, with or without spaces between them.
    private static func parts(_ text: String) -> [String] {
        var parts: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            var rest = word[...]
            while let first = rest.first {
                let isSign = "<>=!".contains(first)
                let part = rest.prefix { "<>=!".contains($0) == isSign }
                parts.append(String(part))
                rest = rest.dropFirst(part.count)
            }
        }
        return parts
    }

    private static func unreadable(_ text: String, why: String, next: String? = nil) -> FeedbackError {
        FeedbackError(
            .invalidRule,
            what: "cannot read the rule `\(text)`",
            why: why,
            next: next ?? "write for example `errors.new >= 50`"
        )
    }
}
