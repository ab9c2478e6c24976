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
/// Values whose key speaks of a password, token, secret, key or authorization become `•••`, also inside lists and
/// dictionaries, and so does what stands before the `@` of a URL's host. An event is one line, whatever its texts hold.
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
        write: @escaping @Sendable (String) -> Void = Self.writeToStandardError
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
        let pairs = fields.sorted { $0.key < $1.key }.map { ($0.key, Redaction.safe($0.value, key: $0.key)) }
        write(line(event.level, Redaction.safe("\(event.message)"), pairs))
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: [(String, Logger.MetadataValue)]) -> String {
        switch format {
        case .console:
            let extra = fields.map { " \($0)=\(Self.word("\($1)"))" }.joined()
            return "\(Timestamp.now()) \(level.rawValue) \(LineText.escaped(message))\(extra)\n"
        case .json:
            let head = [("time", Timestamp.now()), ("level", level.rawValue), ("logger", label), ("message", message)]
            let names = Set(head.map(\.0))
            let own = head.map { "\(LineText.quoted($0)):\(LineText.quoted($1))" }
            // A key twice in an object means something else to each reader.
            let more = fields.map { "\(LineText.quoted(names.contains($0) ? $0 + "_" : $0)):\(Self.json($1))" }
            return "{" + (own + more).joined(separator: ",") + "}\n"
        }
    }

    /// A value that shows where it begins and ends.
    private static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { " \"=".unicodeScalars.contains($0) }
        return isPlain ? LineText.escaped(text) : LineText.quoted(text)
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .dictionary(let entries):
            let pairs = entries.sorted { $0.key < $1.key }.map { "\(LineText.quoted($0.key)):\(json($0.value))" }
            return "{" + pairs.joined(separator: ",") + "}"
        case .array(let items): return "[" + items.map(json).joined(separator: ",") + "]"
        default: return LineText.quoted("\(value)")
        }
    }

    /// Writes a whole line in one call, so that lines of several threads do not mix.
    package static func writeToStandardError(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let count = Glibc.write(2, base, rest.count)
                // Nobody is left to tell.
                if count < 0, errno != EINTR { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[max(0, count)...])
            }
        }
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
