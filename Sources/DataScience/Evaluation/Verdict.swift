// SPDX-License-Identifier: Apache-2.0

/// What came of holding a model against its requirements.
package struct Verdict: Sendable {
    /// One requirement and what was measured.
    package struct Line: Sendable {
        /// The requirement.
        package let requirement: Requirement
        /// The measured value; nil if it could not be measured.
        package let measured: Double?
        /// The number that it was held against; nil if there was none.
        package let bound: Double?
        /// Whether it is met.
        package let passed: Bool
        /// Why, if the numbers alone do not say it.
        package let note: String?
    }

    /// The requirements in the order of the project file.
    package let lines: [Line]

    /// Whether all are met; without a requirement there is nothing to fail.
    package var passed: Bool { lines.allSatisfy(\.passed) }

    /// The unmet requirements in one line, or that all are met.
    package var summary: String {
        let failed = lines.filter { !$0.passed }
        if failed.isEmpty { return lines.isEmpty ? "no requirement to meet" : "all \(lines.count) requirements are met" }
        return failed.map { line in
            "`\(line.requirement)` is not met: " + (line.measured.map { "measured \(Self.rounded($0))" } ?? line.note ?? "not measured")
        }
        .joined(separator: "; ")
    }

    /// Holds measured values against requirements.
    ///
    /// A value that was not measured does not pass. A bound that hangs on a model that does not exist yet (`champion` before
    /// the first promotion) passes, and the line says so; neither does a set without rows (`errors.*` before the first error)
    /// hold anything up.
    ///
    /// - Parameters:
    ///   - requirements: The conditions.
    ///   - measured: Values by metric, such as `recall`, `errors.recall`, `latency.p99`.
    ///   - baselines: Values of other models by their name, such as `champion`.
    package init(
        requirements: [Requirement],
        measured: [String: Double],
        baselines: [String: [String: Double]]
    ) {
        lines = requirements.map { requirement in
            guard let value = measured[requirement.metric] else {
                let isOptional = requirement.metric.hasPrefix("errors.")
                let note = isOptional ? "no gathered error yet" : "`\(requirement.metric)` was not measured"
                return Line(requirement: requirement, measured: nil, bound: nil, passed: isOptional, note: note)
            }
            switch requirement.bound {
            case .number(let bound):
                let passed = requirement.comparison.holds(value, bound)
                return Line(requirement: requirement, measured: value, bound: bound, passed: passed, note: nil)
            case .baseline(let name, let metric, let offset):
                guard let baseline = baselines[name] else {
                    return Line(requirement: requirement, measured: value, bound: nil, passed: true, note: "no \(name) yet")
                }
                guard let other = baseline[metric] else {
                    let note = metric.hasPrefix("errors.") ? "no gathered error yet" : "`\(name).\(metric)` was not measured"
                    return Line(
                        requirement: requirement,
                        measured: value,
                        bound: nil,
                        passed: metric.hasPrefix("errors."),
                        note: note
                    )
                }
                let bound = other + offset
                let passed = requirement.comparison.holds(value, bound)
                return Line(requirement: requirement, measured: value, bound: bound, passed: passed, note: nil)
            }
        }
    }

    private static func rounded(_ value: Double) -> String { String((value * 10_000).rounded() / 10_000) }
}
