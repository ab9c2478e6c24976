// SPDX-License-Identifier: Apache-2.0

package import Logging

#if canImport(Glibc)
import Glibc
#endif

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// A line for people.
    case console
    /// One JSON object a line.
    case json
}

/// Writes log lines to stderr, without secrets.
///
/// Values whose key speaks of a password, token, secret, key or authorization become `•••`.
package struct StreamLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// A handler; `write` takes whole lines.
    package init(
        label: String,
        level: Logger.Level,
        format: LogFormat,
        write: @escaping @Sendable (String) -> Void = { line in
            // One call for a whole line: lines of several threads do not mix.
            _ = line.withCString { Glibc.write(2, $0, strlen($0)) }
        }
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        if let error = event.error { fields["error"] = "\(error)" }
        let pairs = fields.sorted { $0.key < $1.key }.map { ($0.key, Self.isSecret($0.key) ? "•••" : "\($0.value)") }
        write(line(event.level, "\(event.message)", pairs))
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: [(String, String)]) -> String {
        switch format {
        case .console:
            let extra = fields.map { " \($0)=\(Self.oneLine($1))" }.joined()
            return "\(Timestamp.now()) \(level.rawValue) \(Self.oneLine(message))\(extra)\n"
        case .json:
            let head = [("time", Timestamp.now()), ("level", level.rawValue), ("logger", label), ("message", message)]
            return "{" + (head + fields).map { "\(Self.quoted($0)):\(Self.quoted($1))" }.joined(separator: ",") + "}\n"
        }
    }

    static func isSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        return [
            "password", "passwd", "token", "secret", "authorization", "api_key", "apikey", "access_key", "credential",
        ]
        .contains { key.contains($0) }
    }

    private static func oneLine(_ text: String) -> String {
        text.replacing("\n", with: "\\n").replacing("\r", with: "\\r")
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// The wall clock as ISO 8601 in UTC.
enum Timestamp {
    static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func padded(_ value: Int, _ digits: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let date = "\(Int(parts.tm_year) + 1_900)-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
        let clock = "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
        return "\(date)T\(clock).\(padded(time.tv_nsec / 1_000_000, 3))Z"
    }
}
