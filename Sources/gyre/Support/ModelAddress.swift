// SPDX-License-Identifier: Apache-2.0

import Registry

/// A model as a person names it: `models:/churn@champion`, `models:/churn/3`, `runs:/RUN/model`, a folder, an `.onnx` file, or the
/// number of a version of the project's model.
struct ModelAddress: Sendable, Hashable {
    /// Where a model is.
    enum Place: Sendable, Hashable {
        /// A version of the project's model.
        case version(Int)
        /// A registered version.
        case registered(VersionReference)
        /// A model that was logged: `models:/m-…`.
        case logged(String)
        /// Files of a run.
        case run(String, path: String)
        /// A file or folder, as it was written.
        case path(String)
    }

    /// The name that it is served under; nil for its own.
    let name: String?
    /// Where it is.
    let place: Place

    /// Understands an address, with `NAME=` in front of it or without.
    ///
    /// - Throws: ``UsageError`` for a URI that cannot be one, or names no version.
    init(_ text: String) throws {
        var address = text
        if let sign = text.firstIndex(of: "="), !text[..<sign].contains(where: { "/:.".contains($0) }) {
            name = String(text[..<sign])
            address = String(text[text.index(after: sign)...])
        } else {
            name = nil
        }
        if name?.isEmpty == true { throw Self.invalid(text, "there is no name in front of the `=`") }
        place = try Self.place(address)
    }

    private static func place(_ text: String) throws -> Place {
        if let number = Int(text), number > 0 { return .version(number) }
        if text.hasPrefix("runs:/") {
            let parts = text.dropFirst("runs:/".count).split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw invalid(text, "it names no files of a run, as in `runs:/RUN/model`") }
            return .run(parts[0], path: parts[1])
        }
        guard text.hasPrefix("models:/") else {
            guard let end = text.firstRange(of: ":/") else {
                if text.isEmpty { throw invalid(text, "it names no model") }
                return .path(text)
            }
            throw invalid(text, "`\(text[..<end.lowerBound])` is neither `models` nor `runs`, and no path begins so")
        }
        let rest = text.dropFirst("models:/".count)
        if rest.hasPrefix("m-"), !rest.contains(where: { "/@".contains($0) }) { return .logged(String(rest)) }
        if !rest.contains(where: { "/@".contains($0) }) {
            return .registered(try VersionReference(typed: "\(rest)@latest"))
        }
        if rest.lowercased().hasSuffix("/latest") {
            return .registered(try VersionReference(typed: "\(rest.dropLast("/latest".count))@latest"))
        }
        return .registered(try VersionReference(typed: String(rest)))
    }

    private static func invalid(_ text: String, _ why: String) -> UsageError {
        UsageError(
            what: "cannot serve `\(text)`",
            why: why,
            next: "name for example `models:/NAME@champion`, `runs:/RUN/model`, a folder or an `.onnx` file"
        )
    }
}
