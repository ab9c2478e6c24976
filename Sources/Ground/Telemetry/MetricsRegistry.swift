// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics
import Synchronization

/// Keeps what swift-metrics counts, and writes it in the text format of OpenMetrics.
///
/// Timers and recorders become histograms; timers in seconds. Names are written with `_` for `.` and `-`.
package final class MetricsRegistry: MetricsFactory, Sendable {
    private struct Key: Hashable {
        let name: String
        let labels: String
    }

    private enum Kind: String { case counter, gauge, histogram }

    private struct State {
        var kinds: [String: Kind] = [:]
        var numbers: [Key: Cell] = [:]
        var histograms: [Key: Histogram] = [:]
    }

    private let state = Mutex(State())

    /// A registry of nothing yet.
    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(label, dimensions, .counter)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions, scale: 1) : cell(label, dimensions, .gauge)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(label, dimensions, .gauge)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label + ".seconds", dimensions, scale: 1e-9)
    }

    // What was counted stays until the process ends, as Prometheus expects of counters.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// All values, each family once, sorted by name.
    package func openMetricsText() -> String {
        let snapshot = state.withLock { $0 }
        var text = ""
        for (name, kind) in snapshot.kinds.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(kind.rawValue)\n"
            switch kind {
            case .counter, .gauge:
                let suffix = kind == .counter ? "_total" : ""
                for (key, cell) in snapshot.numbers.filter({ $0.key.name == name }).sorted(by: {
                    $0.key.labels < $1.key.labels
                }) {
                    text += "\(name)\(suffix)\(Self.braced(key.labels)) \(Self.number(cell.value))\n"
                }
            case .histogram:
                let own = snapshot.histograms.filter { $0.key.name == name }.sorted { $0.key.labels < $1.key.labels }
                for (key, histogram) in own { text += histogram.text(name, key.labels) }
            }
        }
        return text + "# EOF\n"
    }

    static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> Key {
        func escaped(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }
        let labels = dimensions.sorted { $0.0 < $1.0 }.map { "\(safe($0.0))=\"\(escaped($0.1))\"" }
        return Key(name: safe(label), labels: labels.joined(separator: ","))
    }

    private static func safe(_ name: String) -> String {
        let text = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        return text.first?.isNumber == true ? "_" + text : text
    }

    private func cell(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> Cell {
        let key = Self.key(label, dimensions)
        return state.withLock { state in
            if let known = state.numbers[key] { return known }
            let cell = Cell()
            state.kinds[key.name] = kind
            state.numbers[key] = cell
            return cell
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], scale: Double) -> Histogram {
        let key = Self.key(label, dimensions)
        return state.withLock { state in
            if let known = state.histograms[key] { return known }
            let histogram = Histogram(scale: scale)
            state.kinds[key.name] = .histogram
            state.histograms[key] = histogram
            return histogram
        }
    }
}

/// One number that is counted up, or set.
private final class Cell: CounterHandler, RecorderHandler, MeterHandler, Sendable {
    private let state = Mutex(0.0)

    var value: Double { state.withLock { $0 } }

    func increment(by amount: Int64) { state.withLock { $0 += Double(amount) } }
    func increment(by amount: Double) { state.withLock { $0 += amount } }
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

    /// Upper bounds: 1, 2.5 and 5 of each decade from 10⁻⁴ to 100.
    private static let bounds = [-4, -3, -2, -1, 0, 1].flatMap { exponent -> [Double] in
        var decade = 1.0
        for _ in 0..<abs(exponent) { decade *= exponent < 0 ? 0.1 : 10 }
        return [decade, 2.5 * decade, 5 * decade].map { ($0 * 1e6).rounded() / 1e6 }
    }

    private let state = Mutex(State(counts: Array(repeating: 0, count: Histogram.bounds.count + 1)))
    private let scale: Double

    init(scale: Double) { self.scale = scale }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let value = value * scale
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
            text += "\(name)_bucket{\(prefix)le=\"\(MetricsRegistry.number(bound))\"} \(total)\n"
        }
        text += "\(name)_sum\(MetricsRegistry.braced(labels)) \(MetricsRegistry.number(state.sum))\n"
        return text + "\(name)_count\(MetricsRegistry.braced(labels)) \(total)\n"
    }
}
