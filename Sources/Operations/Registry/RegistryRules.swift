// SPDX-License-Identifier: Apache-2.0

import Tracking

/// What names, tags and places may be; the limits are MLflow's.
enum RegistryRules {
    static func check(modelName name: String) throws(RegistryError) {
        let isPath = name.contains("/") || name.contains(":") || Rules.resemblesOtherPath(name)
        guard !name.allSatisfy(\.isWhitespace), name.unicodeScalars.count <= 256, !isPath, !name.utf8.contains(0)
        else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot register a model as `\(name.prefix(100))`",
                why: "a name has 1 to 256 characters, neither `/` nor `:`, and is not `.` or `..`"
            )
        }
    }

    static func check(_ tag: KeyValue) throws(RegistryError) {
        do {
            try Rules.check(key: tag.key, of: "tag")
            try Rules.check(tag.value, limit: 100_000, of: "tag", tag.key)
        } catch {
            throw RegistryError(error)
        }
    }

    /// Refuses what people or clients say of a model or version, if it is too long or holds a NUL.
    static func check(text: String, _ thing: String) throws(RegistryError) {
        do {
            try Rules.check(text, limit: 100_000, of: thing, text)
        } catch {
            throw RegistryError(error)
        }
    }

    static func check(alias: String) throws(RegistryError) {
        let isNumber =
            (alias.first == "v" || alias.first == "V") && alias.count > 1 && alias.dropFirst().allSatisfy(\.isNumber)
        let isAllowed = alias.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        guard (1...255).contains(alias.unicodeScalars.count), isAllowed, alias.lowercased() != "latest", !isNumber
        else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot use the alias `\(alias.prefix(100))`",
                why: "it has 1 to 255 letters, digits, `_` and `-`, and is neither `latest` nor a `v` with a number"
            )
        }
    }

    /// Refuses a place that the server would read on its own disk, or that leads out of its store.
    static func check(source: String) throws(RegistryError) {
        let what = "cannot register the files in `\(source.prefix(100))`"
        let scheme = source.prefix { $0 != ":" }.lowercased()
        guard source.utf8.count <= 8_192, !source.utf8.contains(0) else {
            throw RegistryError(.invalidParameter, what: what, why: "it has more than 8192 bytes, or holds a NUL")
        }
        guard source.contains(":/"), scheme != "file",
            scheme.allSatisfy({ $0.isLetter || "+-.".contains($0) || $0.isNumber })
        else {
            throw RegistryError(
                .invalidParameter,
                what: what,
                why: "it is a path of some machine, and no URI",
                next: "log the model, and register what `log_model` returns"
            )
        }
        var plain = source.lowercased()
        // Encoded again and again, it would still be `..` to whoever decodes it as often.
        while plain.contains("%25") { plain = plain.replacing("%25", with: "%") }
        for (code, character) in [("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("\\", "/")] {
            plain = plain.replacing(code, with: character)
        }
        guard !plain.split(separator: "/").contains(".."), !plain.contains("%00") else {
            throw RegistryError(.invalidParameter, what: what, why: "it holds `..` or a NUL")
        }
    }
}
