// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics
import Synchronization

/// Keeps what swift-metrics counts, and writes it in the text format of OpenMetrics.
///
/// Timers and recorders become histograms; timers in seconds. Names are written with `_` for what the format doesn't know.
/// A name that is taken, by another kind or by a part of another family, gets its kind at the end.
package final class MetricsRegistry: MetricsFactory, Sendable {
    private enum Kind: String {
        case counter, gauge, histogram

        /// The ends of the names of its samples.
        var suffixes: [String] {
            switch self {
            case .counter: ["_total", "_created"]
            case .gauge: [""]
            case .histogram: ["_bucket", "_sum", "_count", "_created"]
            }
        }
    }

    private struct Wish: Hashable {
        let name: String
        let kind: Kind
    }

    private struct Family {
        let kind: Kind
        var numbers: [String: Number] = [:]
        var histograms: [String: Histogram] = [:]
    }

    private struct State {
        /// What families are called that were asked for.
        var names: [Wish: String] = [:]
        /// Names of families and samples.
        var taken: Set<String> = []
        var families: [String: Family] = [:]

        /// The family's name, which is new if it must be.
        mutating func name(of wish: Wish) -> String {
            if let known = names[wish] { return known }
            var name = wish.name
            while !taken.isDisjoint(with: [name] + wish.kind.suffixes.map { name + $0 }) { name += "_\(wish.kind)" }
            taken.formUnion([name] + wish.kind.suffixes.map { name + $0 })
            names[wish] = name
            families[name] = Family(kind: wish.kind)
            return name
        }
    }

    private let state = Mutex(State())

    /// A registry of nothing yet.
    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        // The format adds this end itself.
        number(label.hasSuffix("_total") ? String(label.dropLast(6)) : label, dimensions, .counter)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions, divisor: 1) : number(label, dimensions, .gauge)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        number(label, dimensions, .gauge)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label + ".seconds", dimensions, divisor: 1e9)
    }

    // What was counted stays until the process ends, as Prometheus expects of counters.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// All values, each family once, sorted by name.
    package func openMetricsText() -> String {
        let families = state.withLock { $0.families }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            let suffix = family.kind == .counter ? "_total" : ""
            for (labels, number) in family.numbers.sorted(by: { $0.key < $1.key }) {
                text += "\(name)\(suffix)\(OpenMetrics.braced(labels)) \(OpenMetrics.number(number.value))\n"
            }
            for (labels, histogram) in family.histograms.sorted(by: { $0.key < $1.key }) {
                text += histogram.text(name, labels)
            }
        }
        return text + "# EOF\n"
    }

    private func number(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> Number {
        let labels = OpenMetrics.labels(dimensions)
        return state.withLock { state in
            let name = state.name(of: Wish(name: OpenMetrics.name(label), kind: kind))
            if let known = state.families[name]?.numbers[labels] { return known }
            let number = Number(onlyGrows: kind == .counter)
            state.families[name]?.numbers[labels] = number
            return number
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], divisor: Double) -> Histogram {
        let labels = OpenMetrics.labels(dimensions, reserved: ["le"])
        return state.withLock { state in
            let name = state.name(of: Wish(name: OpenMetrics.name(label), kind: .histogram))
            if let known = state.families[name]?.histograms[labels] { return known }
            let histogram = Histogram(divisor: divisor)
            state.families[name]?.histograms[labels] = histogram
            return histogram
        }
    }
}

/// The spelling of OpenMetrics 1.0.
enum OpenMetrics {
    static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }

    /// A name of letters, digits and `_`, which does not begin with a digit.
    static func name(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            let isKnown = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            text.unicodeScalars.append(isKnown ? scalar : "_")
        }
        return text.first.map { ("0"..."9").contains($0) } ?? true ? "_" + text : text
    }

    /// Labels as they are written, sorted; names that are there twice or mean something to the format get a `_` more.
    static func labels(_ dimensions: [(String, String)], reserved: Set<String> = []) -> String {
        var used = reserved
        return dimensions.sorted { $0.0 < $1.0 }.map { dimension in
            var name = name(dimension.0)
            while !used.insert(name).inserted { name += "_" }
            return "\(name)=\"\(escaped(dimension.1))\""
        }
        .joined(separator: ",")
    }

    private static func escaped(_ text: String) -> String {
        // Characters of Swift can hold a quote and more.
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", "\"": result += "\\\(scalar)"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// One number that is counted up, or set.
private final class Number: CounterHandler, RecorderHandler, MeterHandler, Sendable {
    private let state = Mutex(0.0)
    private let onlyGrows: Bool

    init(onlyGrows: Bool) { self.onlyGrows = onlyGrows }

    var value: Double { state.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) {
        guard !onlyGrows || amount >= 0 else { return }
        state.withLock { $0 += amount }
    }
    func decrement(by amount: Double) { state.withLock { $0 -= amount } }
    func reset() { state.withLock { $0 = 0 } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0 = value } }
}

/// Values counted by size.
private final class Histogram: RecorderHandler, TimerHandler, Sendable {
    private struct State {
        var counts: [Int]
        var sum = 0.0
    }

    /// Upper bounds: 1, 2.5 and 5 of each decade from 10⁻⁴ to 10.
    private static let bounds = [-4, -3, -2, -1, 0, 1].flatMap { exponent -> [Double] in
        var decade = 1.0
        for _ in 0..<abs(exponent) { decade *= exponent < 0 ? 0.1 : 10 }
        return [decade, 2.5 * decade, 5 * decade].map { ($0 * 1e6).rounded() / 1e6 }
    }

    private let state = Mutex(State(counts: Array(repeating: 0, count: Histogram.bounds.count + 1)))
    private let divisor: Double

    init(divisor: Double) { self.divisor = divisor }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        // It has no place among the others, and would make their sum unknown for ever.
        guard !value.isNaN else { return }
        let value = value / divisor
        let bucket = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }

    func text(_ name: String, _ labels: String) -> String {
        let state = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var total = 0
        var text = ""
        for (bound, count) in zip(Self.bounds + [.infinity], state.counts) {
            total += count
            // The format wants bounds to look like numbers with a fraction.
            let bound = bound.isInfinite ? "+Inf" : String(bound)
            text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
        }
        text += "\(name)_sum\(OpenMetrics.braced(labels)) \(OpenMetrics.number(state.sum))\n"
        return text + "\(name)_count\(OpenMetrics.braced(labels)) \(total)\n"
    }
}
