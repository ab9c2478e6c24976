// SPDX-License-Identifier: Apache-2.0

/// What names and values may be; the limits are MLflow's, counted in Unicode scalars.
package enum Rules {
    /// Refuses a name that MLflow refuses: one that could not be the path of a file below a folder.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - thing: What has it, for the message.
    /// - Throws: ``TrackingError`` `.invalidParameter`.
    package static func check(key: String, of thing: String) throws(TrackingError) {
        func what() -> String { "cannot use `\(key.prefix(100))` as the name of a \(thing)" }
        guard !key.isEmpty, fits(key, 250) else {
            throw .invalid(what(), "it has \(key.unicodeScalars.count) characters; 1 to 250 are allowed")
        }
        let isAllowed = key.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", ":", "/", " ": true
            default: !scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            }
        }
        guard isAllowed else {
            throw .invalid(what(), "it may hold letters, digits, `_`, `-`, `.`, `:`, `/` and spaces")
        }
        guard !resemblesOtherPath(key) else {
            throw .invalid(what(), "it must not look like an absolute path, nor hold empty parts, `.` or `..`")
        }
    }

    /// Whether a name, taken as a path, stands for another one, or leads out of its folder.
    package static func resemblesOtherPath(_ name: String) -> Bool {
        if name == "." || name.hasPrefix("..") { return true }
        guard name.utf8.contains(UInt8(ascii: "/")) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).contains { ["", ".", ".."].contains($0) }
    }

    /// Refuses a value that is too long, or holds a NUL.
    package static func check(
        _ value: String,
        limit: Int,
        of thing: String,
        _ key: String
    ) throws(TrackingError) {
        func what() -> String { "cannot store the \(thing) `\(key.prefix(100))`" }
        guard fits(value, limit) else {
            throw .invalid(what(), "its value has \(value.unicodeScalars.count) characters; \(limit) are allowed")
        }
        guard !value.utf8.contains(0) else { throw .invalid(what(), "its value holds a NUL") }
    }

    /// The value, cut to what is allowed, as MLflow cuts long values of parameters and of tags of runs.
    static func cut(_ value: String, to limit: Int, of thing: String, _ key: String) throws(TrackingError) -> String {
        let value = fits(value, limit) ? value : String(String.UnicodeScalarView(value.unicodeScalars.prefix(limit)))
        try check(value, limit: limit, of: thing, key)
        return value
    }

    static func check(experimentName name: String) throws(TrackingError) {
        guard !name.isEmpty, fits(name, 500), !name.utf8.contains(0) else {
            throw .invalid(
                "cannot use `\(name.prefix(100))` as the name of an experiment",
                "a name has 1 to 500 characters and no NUL"
            )
        }
    }

    /// Refuses the place of artefacts that no store can be asked for.
    static func check(artifactLocation location: String) throws(TrackingError) {
        let what = "cannot keep artefacts in `\(location.prefix(100))`"
        guard fits(location, 2_048), !location.utf8.contains(0) else {
            throw .invalid(what, "it has more than 2048 characters, or holds a NUL")
        }
        guard !location.hasPrefix("runs:") else { throw .invalid(what, "a run's URI is no place of its own") }
        guard !location.contains("#"), !location.contains("?") else { throw .invalid(what, "it holds `#` or `?`") }
        let plain = location.lowercased().replacing("%2e", with: ".")
        guard !plain.split(separator: "/").contains("..") else { throw .invalid(what, "it holds `..`") }
    }

    /// Refuses a time before 1970 or behind the year 9999, with which no clock or calendar can go on.
    static func check(timeMs: Int64, of thing: String) throws(TrackingError) {
        guard (0...253_402_300_799_999).contains(timeMs) else {
            throw .invalid(
                "cannot use \(timeMs) as the \(thing)",
                "times are milliseconds since 1970, up to the year 9999"
            )
        }
    }

    static func check(modelName name: String) throws(TrackingError) {
        guard !name.isEmpty, !name.contains(where: { "/:.%\"'".contains($0) }), !name.utf8.contains(0),
            fits(name, 500)
        else {
            throw .invalid(
                "cannot log a model as `\(name.prefix(100))`",
                "a name has 1 to 500 characters and none of / : . % \" '"
            )
        }
    }

    private static func fits(_ text: String, _ limit: Int) -> Bool {
        // No scalar takes less than a byte, so most texts need no count.
        text.utf8.count <= limit || text.unicodeScalars.count <= limit
    }

    /// 32 hexadecimal digits.
    static func newID() -> String {
        let digits = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return digits.joined()
    }

    /// A name that people can say: adjective, noun, number.
    static func newName() -> String {
        let adjectives = [
            "amber", "brave", "calm", "clever", "eager", "gentle", "keen", "lucid", "merry", "quiet", "swift", "vivid",
        ]
        let nouns = [
            "badger", "comet", "falcon", "harbor", "lark", "maple", "otter", "pebble", "river", "spruce", "wren",
            "zephyr",
        ]
        return "\(adjectives.randomElement() ?? "calm")-\(nouns.randomElement() ?? "lark")-\(Int.random(in: 0..<1_000))"
    }
}
