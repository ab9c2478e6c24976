// SPDX-License-Identifier: Apache-2.0

/// A parser that takes what OpenMetrics 1.0 allows and nothing else.
struct StrictOpenMetrics {
    struct Mistake: Error {
        let line: Int
        let why: String
    }

    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var samples: [Sample] = []

    private static let suffixes = [
        "counter": ["_total", "_created"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count", "_created"],
    ]

    /// - Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
    init(_ text: String) throws(Mistake) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "", lines.popLast() == "# EOF" else {
            throw Mistake(line: lines.count, why: "no # EOF")
        }
        var family = ""
        var ends: Set<String> = []
        for (index, line) in lines.enumerated() {
            func mistake(_ why: String) -> Mistake { Mistake(line: index + 1, why: "\(why): \(line)") }
            if line.hasPrefix("#") {
                let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 4, parts[0] == "#", parts[1] == "TYPE", let own = Self.suffixes[parts[3]] else {
                    throw mistake("neither a type nor a sample")
                }
                family = parts[2]
                guard Self.isName(family[...]) else { throw mistake("a bad name") }
                guard types.updateValue(parts[3], forKey: family) == nil else { throw mistake("a family twice") }
                for name in [family] + own.map({ family + $0 }) where !ends.insert(name).inserted && name != family {
                    throw mistake("a name of another family")
                }
            } else {
                var rest = line[...]
                let sample = try Self.sample(&rest, mistake)
                guard let own = Self.suffixes[types[family] ?? ""], own.contains(where: { family + $0 == sample.name })
                else {
                    throw mistake("a sample outside of its family")
                }
                guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
                    throw mistake("a series twice")
                }
                samples.append(sample)
            }
        }
        try checkValues()
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    // MARK: Lines

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
    }

    private static func sample(_ rest: inout Substring, _ mistake: (String) -> Mistake) throws(Mistake) -> Sample {
        var scalars = rest.unicodeScalars
        func take(while predicate: (Unicode.Scalar) -> Bool) -> String {
            let taken = scalars.prefix(while: predicate)
            scalars = scalars[taken.endIndex...]
            return String(taken)
        }
        let name = take { $0 != "{" && $0 != " " }
        guard isName(name[...]) else { throw mistake("a bad name") }
        var labels: [String: String] = [:]
        if scalars.first == "{" {
            repeat {
                scalars = scalars.dropFirst()
                let label = take { $0 != "=" }
                guard isName(label[...]), scalars.starts(with: "=\"".unicodeScalars) else {
                    throw mistake("a bad label")
                }
                scalars = scalars.dropFirst(2)
                var value = ""
                while let next = scalars.popFirst(), next != "\"" {
                    guard next == "\\" else {
                        value.unicodeScalars.append(next)
                        continue
                    }
                    switch scalars.popFirst() {
                    case "n": value += "\n"
                    case "\\": value += "\\"
                    case "\"": value += "\""
                    default: throw mistake("a bad escape")
                    }
                }
                guard labels.updateValue(value, forKey: label) == nil else { throw mistake("a label twice") }
            } while scalars.first == ","
            guard scalars.popFirst() == "}" else { throw mistake("labels without an end") }
        }
        guard scalars.popFirst() == " " else { throw mistake("no space before the value") }
        let text = String(scalars)
        let special = ["NaN": Double.nan, "+Inf": .infinity, "-Inf": -.infinity]
        let isPlain = text.utf8.allSatisfy { (48...57).contains($0) || "+-.e".utf8.contains($0) }
        guard let value = special[text] ?? (isPlain ? Double(text) : nil) else { throw mistake("a bad value") }
        return Sample(name: name, labels: labels, value: value)
    }

    // MARK: Values

    private func checkValues() throws(Mistake) {
        for (family, type) in types {
            if type == "counter" {
                for sample in samples where sample.name == family + "_total" && !(sample.value >= 0) {
                    throw Mistake(line: 0, why: "the counter \(sample) is negative or unknown")
                }
            }
            guard type == "histogram" else { continue }
            var series: [[String: String]: [(bound: String, count: Double)]] = [:]
            for sample in samples where sample.name == family + "_bucket" {
                var labels = sample.labels
                guard let bound = labels.removeValue(forKey: "le") else {
                    throw Mistake(line: 0, why: "no bound: \(sample)")
                }
                series[labels, default: []].append((bound, sample.value))
            }
            for (labels, buckets) in series {
                let bounds = buckets.map { $0.bound == "+Inf" ? Double.infinity : Double($0.bound) ?? .nan }
                guard zip(bounds, bounds.dropFirst()).allSatisfy(<), bounds.last == .infinity else {
                    throw Mistake(line: 0, why: "the bounds of \(family) do not rise to +Inf: \(bounds)")
                }
                // Canonical numbers: 1.0, not 1.
                guard buckets.allSatisfy({ $0.bound == "+Inf" || $0.bound.contains(".") }) else {
                    throw Mistake(line: 0, why: "the bounds of \(family) are not canonical")
                }
                let counts = buckets.map(\.count)
                guard zip(counts, counts.dropFirst()).allSatisfy(<=), value(family + "_count", labels) == counts.last,
                    value(family + "_sum", labels) != nil
                else { throw Mistake(line: 0, why: "the counts of \(family) do not add up") }
            }
        }
    }
}
