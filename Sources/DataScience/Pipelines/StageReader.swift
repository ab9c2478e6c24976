// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents

/// Reads one stage of `dvc.yaml`, and notes every mistake with its place.
struct StageReader {
    private let name: String
    private let reader: FieldReader

    init(_ name: String, _ reader: FieldReader) {
        self.name = name
        self.reader = reader
    }

    /// The stage; what is wrong in it is left out, and noted.
    func read(at position: SourcePosition) -> Stage {
        for key in ["foreach", "do", "matrix", "vars"] {
            if let node = reader.value(key) { reader.report("`\(key)` is not supported yet", at: node.position) }
        }
        if let node = reader.value("wdir"), node.string.map({ [".", "./"].contains($0) }) != true {
            reader.report("`wdir` other than `.` is not supported yet", at: node.position)
        }
        _ = reader.value("meta")
        let commands = reader.strings("cmd")
        if reader.value("cmd") == nil || (commands.isEmpty && reader.value("cmd")?.sequence?.isEmpty == true) {
            reader.report("stage `\(name)` has no command", at: reader.value("cmd")?.position ?? position)
        }
        let written = [("outs", false), ("metrics", true), ("plots", false)].flatMap { outputs($0, isMetrics: $1) }
        return Stage(
            name: name,
            commands: commands.map { plain($0.text, at: $0.position) },
            writesList: reader.value("cmd")?.sequence != nil,
            dependencies: reader.strings("deps").compactMap { place($0.text, at: $0.position) }
                .sorted { Self.precedes($0.written, $1.written) },
            params: params(),
            outputs: written.sorted { Self.precedes($0.place.written, $1.place.written) },
            isFrozen: reader.bool("frozen") ?? false,
            alwaysChanged: reader.bool("always_changed") ?? false,
            description: reader.string("desc")
        )
    }

    /// DVC sorts by code points.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
    }

    private func outputs(_ key: String, isMetrics: Bool) -> [Stage.Output] {
        guard let list = reader.value(key) else { return [] }
        guard let items = list.sequence else {
            reader.report("`\(key)` is \(list.kindName); a list is expected", at: list.position)
            return []
        }
        return items.compactMap { item in
            if let path = item.string { return output(path, nil, item.position, isMetrics) }
            guard let entry = item.entries.first, item.entries.count == 1 else {
                reader.report("an item of `\(key)` is \(item.kindName); a path is expected", at: item.position)
                return nil
            }
            return output(entry.key, entry.value, entry.position, isMetrics)
        }
    }

    private func output(
        _ written: String,
        _ options: YAMLNode?,
        _ position: SourcePosition,
        _ isMetrics: Bool
    ) -> Stage.Output? {
        let known = [
            "cache", "persist", "remote", "push", "desc", "type", "labels", "meta", "x", "y", "x_label", "y_label",
            "title", "template", "header",
        ]
        for entry in options?.entries ?? [] where !known.contains(entry.key) {
            reader.report(
                "`\(entry.key)` is no option of an output",
                at: entry.position,
                suggestion: nearest(to: entry.key, among: known).map { "did you mean `\($0)`?" }
            )
        }
        func flag(_ key: String) -> Bool? {
            guard let value = options?[key] else { return nil }
            if value.bool == nil {
                reader.report("`\(key)` is \(value.kindName); true or false is expected", at: value.position)
            }
            return value.bool
        }
        let (isCached, persists) = (flag("cache") ?? true, flag("persist") ?? false)
        guard let place = place(written, at: position) else { return nil }
        let first = ProjectPath.parts(place.path).first ?? ""
        if [".git", ".dvc", ".gyre"].contains(first) || [Pipeline.file, LockFile.name].contains(place.path) {
            reader.report("`\(written)` cannot be an output: it is replaced each time", at: position)
            return nil
        }
        return Stage.Output(place: place, isCached: isCached, persists: persists, isMetrics: isMetrics)
    }

    private func params() -> [Stage.Parameter] {
        guard let list = reader.value("params") else { return [] }
        guard let items = list.sequence else {
            reader.report("`params` is \(list.kindName); a list is expected", at: list.position)
            return []
        }
        let result = items.flatMap { item -> [Stage.Parameter] in
            if let key = item.string { return [.init(file: "params.yaml", key: plain(key, at: item.position))] }
            if item.entries.isEmpty {
                reader.report("an item of `params` is \(item.kindName); a key is expected", at: item.position)
            }
            return item.entries.flatMap { entry -> [Stage.Parameter] in
                guard let place = place(entry.key, at: entry.position) else { return [] }
                if entry.value.isNull { return [.init(file: place.written, key: nil)] }
                guard let keys = entry.value.sequence else {
                    reader.report(
                        "`\(entry.key)` is \(entry.value.kindName); a list of keys is expected",
                        at: entry.value.position
                    )
                    return []
                }
                return keys.compactMap { key in
                    guard let text = key.string else {
                        reader.report("a key is \(key.kindName); a text is expected", at: key.position)
                        return nil
                    }
                    return .init(file: place.written, key: plain(text, at: key.position))
                }
            }
        }
        var seen: Set<Stage.Parameter> = []
        return result.filter { seen.insert($0).inserted }
    }

    private func place(_ written: String, at position: SourcePosition) -> Stage.Place? {
        let written = plain(written, at: position)
        guard let path = ProjectPath.normalized(written) else {
            reader.report("`\(written)` does not lie inside the project", at: position)
            return nil
        }
        return Stage.Place(written: written, path: path)
    }

    /// A text with `\${` as people mean it; `${` asks for a value, which is not supported yet.
    private func plain(_ text: String, at position: SourcePosition) -> String {
        guard text.contains("${") else { return text }
        if text.replacing("\\${", with: "").contains("${") {
            reader.report(
                "`${…}` is not supported yet",
                at: position,
                suggestion: "for a variable of the shell write `$NAME`"
            )
        }
        return text.replacing("\\${", with: "${")
    }
}
