// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A benchmark that cannot go on.
package struct Problem: Error, CustomStringConvertible {
    package let description: String

    /// What is wrong.
    package init(_ description: String) { self.description = description }
}

/// Tables on standard output.
package enum Table {
    /// Prints what the figures were measured on.
    package static func machine() {
        let processor = Child.text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") } ?? ""
        let memory = Child.text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal") } ?? ""
        let kilobytes = memory.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        print("\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores \(processor.drop { $0 != ":" }), \(kilobytes >> 20) GiB\n")
    }

    /// Prints a title and the names of the columns.
    package static func heading(_ title: String, _ columns: [String]) {
        print("\n\(title)")
        row("", columns)
    }

    /// Prints a row.
    package static func row(_ name: String, _ cells: [String]) {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let head = name + String(repeating: " ", count: max(0, 16 - name.count))
        print("  " + head + cells.map { padded($0, 12) }.joined())
        fflush(nil)
    }
}

/// Figures from many measurements, and their texts.
package enum Figures {
    /// The value that a share of all does not exceed; NaN if there is none.
    package static func quantile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count - 1) * share).rounded(.up)))]
    }

    /// The middle value.
    package static func median(_ values: [Double]) -> Double { quantile(values, 0.5) }

    /// Seconds as milliseconds.
    package static func ms(_ seconds: Double) -> String { fixed(seconds * 1_000, 1) }

    /// How many times as much it is.
    package static func ratio(_ value: Double, _ own: Double) -> String { "×" + fixed(value / own, 1) }

    /// A number with so many digits behind the point.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * scale).rounded())
        guard digits > 0 else { return "\(whole)" }
        let rest = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - rest.count) + rest
    }
}
