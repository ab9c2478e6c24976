// SPDX-License-Identifier: Apache-2.0

/// What names and values may be; the limits are MLflow's.
enum Rules {
    static func check(key: String, of thing: String) throws(TrackingError) {
        let what = "cannot use `\(key.prefix(100))` as the name of a \(thing)"
        guard !key.isEmpty, key.utf8.count <= 250 else {
            throw .invalid(what, "it has \(key.utf8.count) bytes; 1 to 250 are allowed")
        }
        let isAllowed = key.unicodeScalars.allSatisfy { scalar in
            "_-.: /".unicodeScalars.contains(scalar) || scalar.properties.isAlphabetic
                || scalar.properties.numericType != nil
        }
        guard isAllowed else { throw .invalid(what, "it may hold letters, digits, `_`, `-`, `.`, `:`, `/` and spaces") }
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard !key.hasPrefix("/"), !parts.contains(where: { $0 == ".." || $0 == "." || $0.isEmpty }) else {
            throw .invalid(what, "it must not look like an absolute path, nor hold empty parts, `.` or `..`")
        }
    }

    static func check(_ value: String, limit: Int, of thing: String, _ key: String) throws(TrackingError) {
        guard value.utf8.count <= limit else {
            throw .invalid(
                "cannot store the \(thing) `\(key.prefix(100))`",
                "its value has \(value.utf8.count) bytes; \(limit) are allowed"
            )
        }
    }

    static func check(experimentName name: String) throws(TrackingError) {
        guard !name.isEmpty, name.count <= 500 else {
            throw .invalid(
                "cannot use that name for an experiment",
                "it has \(name.count) characters; 1 to 500 are allowed"
            )
        }
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
    static func newRunName() -> String {
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
