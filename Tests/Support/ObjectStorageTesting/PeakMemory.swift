// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// The most memory that this process had at once, measured from here.
struct PeakMemory {
    private let start: Int

    init() throws {
        // Resets the peak to what is there now.
        let file = try FileDescriptor.open("/proc/self/clear_refs", .writeOnly)
        try file.closeAfter { _ = try file.writeAll("5".utf8) }
        start = try Self.kibibytes("VmRSS:")
    }

    func growthInMiB() throws -> Int { (try Self.kibibytes("VmHWM:") - start) / 1_024 }

    private static func kibibytes(_ name: String) throws -> Int {
        let line =
            try FileReader.text(of: "/proc/self/status").split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}
