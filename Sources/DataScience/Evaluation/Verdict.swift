// SPDX-License-Identifier: Apache-2.0

import JSONText

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
        if failed.isEmpty {
            return lines.isEmpty ? "no requirement to meet" : "all \(lines.count) requirements are met"
        }
        return failed.map { line in
            let reason = line.note ?? line.measured.map { "measured \(Self.rounded($0))" } ?? "not measured"
            return "`\(line.requirement)` is not met: \(reason)"
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
                    return Line(
                        requirement: requirement,
                        measured: value,
                        bound: nil,
                        passed: true,
                        note: "no \(name) yet"
                    )
                }
                guard let other = baseline[metric] else {
                    let note =
                        metric.hasPrefix("errors.") ? "no gathered error yet" : "`\(name).\(metric)` was not measured"
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

    /// A verdict that was given before.
    init(lines: [Line]) { self.lines = lines }

    /// One row a requirement, as people read it: requirement, measured, bound, `met` or `not met`, note.
    package var table: [[String]] {
        lines.map { line in
            [
                line.requirement.text, line.measured.map(Self.rounded) ?? "–", line.bound.map(Self.rounded) ?? "–",
                line.passed ? "met" : "not met", line.note ?? "",
            ]
        }
    }

    /// The verdict as one JSON object.
    package var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("passed", passed)
            writeLines(into: &writer)
        }
        return writer.text
    }

    /// Writes the member `requirements`.
    func writeLines(into writer: inout JSONWriter) {
        writer.key("requirements")
        writer.array { writer in
            for line in lines {
                writer.object { writer in
                    writer.field("requirement", line.requirement.text)
                    writer.field("measured", line.measured)
                    writer.field("bound", line.bound)
                    writer.field("passed", line.passed)
                    if let note = line.note { writer.field("note", note) }
                }
            }
        }
    }

    /// Reads what ``writeLines(into:)`` wrote.
    static func lines(_ root: JSONElement) throws(EvaluationError) -> [Line] {
        var lines: [Line] = []
        for element in root["requirements"]?.elements ?? root.elements {
            guard let text = element["requirement"]?.string, let passed = element["passed"]?.bool else {
                throw EvaluationError(
                    .unusableReport,
                    what: "cannot read the verdict",
                    why: "a requirement lacks `requirement` or `passed`"
                )
            }
            lines.append(
                Line(
                    requirement: try Requirement(text),
                    measured: element["measured"]?.double,
                    bound: element["bound"]?.double,
                    passed: passed,
                    note: element["note"]?.string
                )
            )
        }
        return lines
    }

    static func rounded(_ value: Double) -> String { String((value * 10_000).rounded() / 10_000) }
}
