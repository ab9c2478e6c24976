// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents

/// Reads one stage of `dvc.yaml`, and notes every mistake with its place.
struct StageReader {
    private let name: String
    private let reader: FieldReader
    private let file: String
    private let folder: String
    /// The loop that made the stage.
    var group: String?

    /// A reader of a stage of `file`, which runs in `folder`; both relative to the project.
    init(_ name: String, _ reader: FieldReader, file: String, folder: String) {
        self.name = name
        self.reader = reader
        self.file = file
        self.folder = folder
    }

    /// The stage; what is wrong in it is left out, and noted.
    func read(at position: SourcePosition) -> Stage {
        for key in ["meta", "wdir", "vars"] { _ = reader.value(key) }
        let commands = reader.strings("cmd")
        if reader.value("cmd") == nil || (commands.isEmpty && reader.value("cmd")?.sequence?.isEmpty == true) {
            reader.report("stage `\(name)` has no command", at: reader.value("cmd")?.position ?? position)
        }
        let written = ["outs", "metrics", "plots"].flatMap { outputs($0) }
        let dependencies = reader.strings("deps").compactMap { place($0.text, at: $0.position) }
        return Stage(
            name: name,
            file: file,
            group: group,
            folder: folder,
            commands: commands.map(\.text),
            writesList: reader.value("cmd")?.sequence != nil,
            dependencies: dependencies.sorted { Self.precedes($0.written, $1.written) },
            readingOrder: dependencies,
            params: params(),
            outputs: written.sorted { Self.precedes($0.place.written, $1.place.written) },
            writingOrder: written,
            isFrozen: reader.bool("frozen") ?? false,
            alwaysChanged: reader.bool("always_changed") ?? false,
            description: reader.string("desc"),
            position: position
        )
    }

    /// DVC sorts by code points.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
    }

    private func outputs(_ key: String) -> [Stage.Output] {
        guard let list = reader.value(key) else { return [] }
        guard let items = list.sequence else {
            reader.report("`\(key)` is \(list.kindName); a list is expected", at: list.position)
            return []
        }
        return items.compactMap { item in
            if let path = item.string { return output(path, nil, item.position, key) }
            guard let entry = item.entries.first, item.entries.count == 1 else {
                reader.report("an item of `\(key)` is \(item.kindName); a path is expected", at: item.position)
                return nil
            }
            // DVC takes a list of ways to show a plot; the first one counts.
            let options = key == "plots" ? entry.value.sequence?.first ?? entry.value : entry.value
            return output(entry.key, options, entry.position, key)
        }
    }

    private static let options = ["cache", "persist", "checkpoint", "remote", "push", "desc", "type", "labels", "meta"]
    private static let plotOptions = ["x", "y", "x_label", "y_label", "title", "template", "header"]

    private func output(
        _ written: String,
        _ options: YAMLNode?,
        _ position: SourcePosition,
        _ key: String
    ) -> Stage.Output? {
        let known = Self.options + (key == "plots" ? Self.plotOptions : [])
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
        let parts = ProjectPath.parts(place.path)
        if [".git", ".dvc", ".gyre"].contains(parts.first) || [PipelineFile.name, LockFile.name].contains(parts.last) {
            reader.report("`\(written)` cannot be an output: it is replaced each time", at: position)
            return nil
        }
        let shown = options?.entries.filter { Self.plotOptions.contains($0.key) } ?? []
        let settings = shown.isEmpty ? nil : YAMLNode.made(.mapping(shown), at: position)
        return Stage.Output(
            place: place,
            isCached: isCached,
            persists: persists,
            kind: key == "metrics" ? .metrics : key == "plots" ? .plot(settings) : .data,
            remote: options?["remote"]?.string,
            isPushed: flag("push") ?? true
        )
    }

    private func params() -> [Stage.Parameter] {
        guard let list = reader.value("params") else { return [] }
        guard let items = list.sequence else {
            reader.report("`params` is \(list.kindName); a list is expected", at: list.position)
            return []
        }
        let result = items.flatMap { item -> [Stage.Parameter] in
            if let key = item.string {
                return place(ParameterFiles.main, at: item.position).map { [.init(place: $0, key: key)] } ?? []
            }
            if item.entries.isEmpty {
                reader.report("an item of `params` is \(item.kindName); a key is expected", at: item.position)
            }
            return item.entries.flatMap { entry -> [Stage.Parameter] in
                guard let place = place(entry.key, at: entry.position) else { return [] }
                if entry.value.isNull { return [.init(place: place, key: nil)] }
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
                    return .init(place: place, key: text)
                }
            }
        }
        var seen: Set<Stage.Parameter> = []
        return result.filter { seen.insert($0).inserted }
    }

    private func place(_ written: String, at position: SourcePosition) -> Stage.Place? {
        if let scheme = written.prefixMatch(of: /[A-Za-z][A-Za-z0-9+.-]*:\/\//) {
            reader.report(
                "`\(written)` lies outside of the project: dependencies and outputs by `\(scheme.0)` are not supported",
                at: position,
                suggestion: "bring it in by `gyre import-url`"
            )
            return nil
        }
        guard let path = ProjectPath.joined([folder, written]) else {
            let isOutside = written.hasPrefix("/") || written.hasPrefix("..")
            reader.report(
                "`\(written)` does not lie inside the project",
                at: position,
                suggestion: isOutside ? "bring it in by `gyre import-url`" : nil
            )
            return nil
        }
        return Stage.Place(written: written, path: path)
    }
}
