// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Registry
import Tracking

extension Call {
    func versionNumber() throws -> Int {
        guard let number = Int(try required("version")), number > 0 else {
            throw CallError.invalid("Model version must be an integer")
        }
        return number
    }
}

/// A filter on the name of registered models: `name = 'x'`, `name LIKE 'x%'`, `name ILIKE 'x%'`.
struct NameFilter {
    /// The pattern with `*` for anything; nil for all.
    let pattern: String?

    init(_ text: String?) throws {
        guard let text, !text.allSatisfy(\.isWhitespace) else {
            pattern = nil
            return
        }
        let parts = try Condition.all(in: text)
        guard parts.count == 1, let part = parts.first, part.field == "name" else {
            throw CallError.invalid(
                "cannot read the filter `\(text.prefix(200))`: registered models are found by `name`"
            )
        }
        let escaped = part.value.map { "*?[".contains($0) ? "[\($0)]" : String($0) }.joined()
        pattern = part.sign == "=" ? escaped : escaped.replacing("%", with: "*").replacing("_", with: "?")
    }
}

/// A filter on versions: `name`, `run_id` and `source_path` by `=`, joined by `AND`.
struct VersionFilter {
    let search: VersionSearch

    init(_ text: String?) throws {
        var search = VersionSearch()
        for part in try Condition.all(in: text ?? "") {
            guard part.sign == "=" else {
                throw CallError.invalid("versions are found by `=`, and not by `\(part.sign)`")
            }
            switch part.field {
            case "name": search.model = part.value
            case "run_id": search.runID = part.value
            case "source_path", "source": search.source = part.value
            default: throw CallError.invalid("`\(part.field)` is not a field; they are name, run_id, source_path")
            }
        }
        self.search = search
    }
}

/// `FIELD SIGN 'VALUE'`.
private struct Condition {
    let field: String
    let sign: String
    let value: String

    static func all(in text: String) throws -> [Condition] {
        var rest = Substring(text)
        var result: [Condition] = []
        func word() -> String {
            rest = rest.drop(while: \.isWhitespace)
            let word = rest.prefix { !$0.isWhitespace && !"='\"".contains($0) }
            rest = rest.dropFirst(word.count)
            return String(word)
        }
        while !rest.allSatisfy(\.isWhitespace) {
            if !result.isEmpty, word().uppercased() != "AND" {
                throw CallError.invalid("conditions are joined by `AND`")
            }
            let field = word()
            rest = rest.drop(while: \.isWhitespace)
            var sign = "="
            if rest.first == "=" { rest = rest.dropFirst() } else { sign = word().uppercased() }
            rest = rest.drop(while: \.isWhitespace)
            guard ["=", "LIKE", "ILIKE"].contains(sign), let quote = rest.first, quote == "'" || quote == "\"",
                let end = rest.dropFirst().firstIndex(of: quote)
            else {
                throw CallError.invalid(
                    "cannot read the filter `\(text.prefix(200))`: write for example `name = 'churn'`"
                )
            }
            let start = rest.index(after: rest.startIndex)
            let name = field.replacing("`", with: "")
            result.append(Condition(field: name, sign: sign, value: String(rest[start..<end])))
            rest = rest[rest.index(after: end)...]
        }
        return result
    }
}

extension RegisteredModel {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("registered_model")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("creation_timestamp", createdMs)
            writer.field("last_updated_timestamp", updatedMs)
            writer.field("description", description)
            writer.key("latest_versions")
            writer.array { writer in for version in latest { version.write(into: &writer) } }
            writer.pairs("tags", tags)
            writer.key("aliases")
            writer.array { writer in
                for (alias, version) in aliases {
                    writer.object { writer in
                        writer.field("alias", alias)
                        writer.field("version", String(version))
                    }
                }
            }
        }
    }
}

extension ModelVersion {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("model_version")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("version", String(version))
            writer.field("creation_timestamp", createdMs)
            writer.field("last_updated_timestamp", updatedMs)
            writer.field("current_stage", stage)
            writer.field("description", description)
            writer.field("source", source)
            if let runID { writer.field("run_id", runID) }
            if let modelID { writer.field("model_id", modelID) }
            writer.field("run_link", runLink)
            writer.field("status", "READY")
            writer.pairs("tags", tags)
            writer.key("aliases")
            writer.array { writer in for alias in aliases { writer.string(alias) } }
        }
    }
}

extension Response {
    static func versions(_ versions: [ModelVersion], next: String?) -> Response {
        .json { writer in
            writer.object { writer in
                writer.key("model_versions")
                writer.array { writer in for version in versions { version.write(into: &writer) } }
                if let next { writer.field("next_page_token", next) }
            }
        }
    }
}
