// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
package import Documents

/// One `dvc.yaml`, with its templates resolved.
package struct PipelineFile: Sendable {
    /// The file's name.
    package static let name = "dvc.yaml"

    /// A plot that the file defines beside its stages.
    package struct Plot: Sendable {
        /// A path relative to the file's folder, or any name if `y` says where the data is.
        package let id: String
        /// What it shows and how, as it is written.
        package let settings: YAMLNode?
    }

    /// The path relative to the project.
    package let path: String
    /// The folder that holds it, relative to the project; empty for the project's own.
    package let folder: String
    /// The stages in the order of the file.
    package let stages: [Stage]
    /// Files with metrics beside those of stages; paths count from the folder.
    package let metrics: [String]
    /// Files with parameters beside those of stages; paths count from the folder.
    package let params: [String]
    /// Plots beside those of stages; paths count from the folder.
    package let plots: [Plot]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: Its path relative to the project.
    ///   - source: The files of the project.
    ///   - style: How mappings become flags.
    /// - Returns: The file; without stages if there is none.
    /// - Throws: ``DocumentError`` with every mistake in it.
    static func read(_ path: String, from source: FileSource, style: FlagStyle = FlagStyle()) throws -> PipelineFile {
        let folder = ProjectPath.parts(path).dropLast().joined(separator: "/")
        let document = try YAMLDocument.parse(try source.text(path) ?? "", file: path)
        return try Builder(path: path, folder: folder, source: source, style: style, document: document).build()
    }

    /// Goes through a document.
    private struct Builder {
        let path: String
        let folder: String
        let source: FileSource
        let style: FlagStyle
        let reader: FieldReader

        init(path: String, folder: String, source: FileSource, style: FlagStyle, document: YAMLNode) {
            (self.path, self.folder, self.source, self.style) = (path, folder, source, style)
            reader = FieldReader(document, file: path)
        }

        func build() throws -> PipelineFile {
            for key in ["artifacts", "datasets"] { _ = reader.value(key) }
            let (metrics, params) = (reader.value("metrics"), reader.value("params"))
            let (plots, vars) = (reader.value("plots"), reader.value("vars"))
            let definitions = reader.value("stages")
            if let definitions, !definitions.isMapping {
                reader.report("`stages` is \(definitions.kindName); a mapping is expected", at: definitions.position)
            }
            var context = TemplateContext()
            let main = folder.isEmpty ? ParameterFiles.main : "\(folder)/\(ParameterFiles.main)"
            // Parameters count only where something names them; a file that is broken or no mapping is told of then.
            if Self.mayHaveTemplates(try source.text(path) ?? ""), try source.text(main) != nil {
                try load(ParameterFiles.main, into: &context, at: SourcePosition(file: path, line: 1, column: 1))
            }
            try load(vars, from: folder, into: &context)
            var stages: [Stage] = []
            for entry in definitions?.entries ?? [] { stages += try read(entry, context) }
            let resolver = TemplateResolver(context: context, style: style, reader: reader)
            let result = PipelineFile(
                path: path,
                folder: folder,
                stages: stages,
                metrics: names(metrics, "metrics", resolver),
                params: names(params, "params", resolver),
                plots: self.plots(plots, resolver)
            )
            try reader.finish()
            return result
        }

        private static func mayHaveTemplates(_ text: String) -> Bool { text.contains("${") }

        // MARK: Variables

        private func load(_ vars: YAMLNode?, from folder: String, into context: inout TemplateContext) throws {
            guard let vars else { return }
            guard let items = vars.sequence else {
                return reader.report("`vars` is \(vars.kindName); a list is expected", at: vars.position)
            }
            for item in items {
                if Self.holdsTemplate(item) {
                    reader.report("`vars` cannot use `${…}`", at: item.position)
                } else if item.isMapping {
                    do throws(TemplateContext.Refusal) {
                        try context.merge(item)
                    } catch {
                        reader.report(error.message, at: item.position, suggestion: error.suggestion)
                    }
                } else if let text = item.string {
                    try load(text, from: folder, into: &context, at: item.position)
                } else {
                    reader.report(
                        "an item of `vars` is \(item.kindName); a file or a mapping is expected",
                        at: item.position
                    )
                }
            }
        }

        private func load(
            _ item: String,
            from folder: String? = nil,
            into context: inout TemplateContext,
            at position: SourcePosition
        ) throws {
            do {
                try context.load(item, from: folder ?? self.folder, source)
            } catch let refusal as TemplateContext.Refusal {
                reader.report("`vars`: " + refusal.message, at: position, suggestion: refusal.suggestion)
            }
        }

        private static func holdsTemplate(_ node: YAMLNode) -> Bool {
            switch node.content {
            case .string(let text): !Template(text).expressions.isEmpty
            case .sequence(let items): items.contains { holdsTemplate($0) }
            case .mapping(let entries): entries.contains { holdsTemplate($0.value) }
            default: false
            }
        }

        // MARK: Stages

        /// A stage, or all that a loop makes.
        private func read(_ entry: YAMLNode.Entry, _ context: TemplateContext) throws -> [Stage] {
            let definition = entry.value
            guard !definition.isNull else {
                reader.report("stage `\(entry.key)` is empty", at: entry.position)
                return []
            }
            guard definition.isMapping else {
                reader.report(
                    "`stages.\(entry.key)` is \(definition.kindName); a mapping is expected",
                    at: definition.position
                )
                return []
            }
            guard !entry.key.contains("@") else {
                reader.report("the name `\(entry.key)` has `@`, which marks the stages of loops", at: entry.position)
                return []
            }
            let resolver = TemplateResolver(context: context, style: style, reader: reader)
            if let foreach = definition["foreach"] {
                let fields = reader.reader(of: definition, as: "stages.\(entry.key)")
                _ = fields.value("foreach")
                guard let template = fields.value("do"), template.isMapping else {
                    reader.report("`foreach` of stage `\(entry.key)` has no `do`", at: foreach.position)
                    return []
                }
                fields.checkKeys()
                return try each(of: resolver.resolve(foreach, key: nil), entry).flatMap { name, names in
                    try read(entry, name, template, context.inLoop(names), group: entry.key)
                }
            }
            if let matrix = definition["matrix"] {
                let template = YAMLNode.made(
                    .mapping(definition.entries.filter { $0.key != "matrix" }),
                    at: definition.position
                )
                return try combinations(of: resolver.resolve(matrix, key: nil), entry).flatMap { name, names in
                    try read(entry, name, template, context.inLoop(names), group: entry.key)
                }
            }
            return try read(entry, entry.key, definition, context, group: nil)
        }

        private func read(
            _ entry: YAMLNode.Entry,
            _ name: String,
            _ definition: YAMLNode,
            _ context: TemplateContext,
            group: String?
        ) throws -> [Stage] {
            let before = reader.problems.count
            var context = context
            var wdir = folder
            var position = definition.position
            if let node = definition["wdir"], !node.isNull {
                position = node.position
                let written = TemplateResolver(context: context, style: style, reader: reader).text(node)
                // With a name behind it the project's own folder is a path too.
                guard let path = ProjectPath.joined([folder, written, "x"]) else {
                    reader.report("`wdir`: `\(written)` does not lie inside the project", at: position)
                    return []
                }
                wdir = ProjectPath.parts(path).dropLast().joined(separator: "/")
            }
            try load(definition["vars"], from: wdir, into: &context)
            let resolver = TemplateResolver(context: context, style: style, reader: reader)
            let resolved = definition.entries.filter { $0.key != "vars" }.map { field in
                YAMLNode.Entry.made(field.key, resolver.resolve(field.value, key: field.key), at: field.position)
            }
            // A template that has no value is one mistake, not two.
            guard reader.problems.count == before else { return [] }
            let fields = reader.reader(of: .made(.mapping(resolved), at: definition.position), as: "stages.\(name)")
            var stageReader = StageReader(name, fields, file: path, folder: wdir)
            stageReader.group = group
            let stage = stageReader.read(at: entry.position)
            fields.checkKeys()
            return [stage]
        }

        // MARK: Loops

        private typealias Round = (name: String, names: [String: YAMLNode])

        private func each(of items: YAMLNode, _ entry: YAMLNode.Entry) -> [Round] {
            var rounds: [Round] = []
            if items.isMapping {
                rounds = items.entries.map { item in
                    (item.key, ["key": .text(item.key, at: item.position), "item": item.value])
                }
            } else if let list = items.sequence {
                let isSimple = list.allSatisfy { !$0.isMapping && $0.sequence == nil }
                rounds = list.enumerated().map { index, item in
                    (isSimple ? TemplateResolver.text(item) : "\(index)", ["item": item])
                }
            } else {
                reader.report("`foreach` is \(items.kindName); a list or a mapping is expected", at: items.position)
            }
            return distinct(rounds, entry)
        }

        private func combinations(of matrix: YAMLNode, _ entry: YAMLNode.Entry) -> [Round] {
            var rounds: [(parts: [String], items: [YAMLNode.Entry])] = [([], [])]
            guard matrix.isMapping else {
                reader.report("`matrix` is \(matrix.kindName); a mapping is expected", at: matrix.position)
                return []
            }
            for axis in matrix.entries {
                guard let values = axis.value.sequence else {
                    reader.report(
                        "`\(axis.key)` of `matrix` is \(axis.value.kindName); a list is expected",
                        at: axis.value.position
                    )
                    return []
                }
                rounds = rounds.flatMap { round in
                    values.enumerated().map { index, value in
                        let isSimple = !value.isMapping && value.sequence == nil
                        let part = isSimple ? TemplateResolver.text(value) : "\(axis.key)\(index)"
                        return (round.parts + [part], round.items + [.made(axis.key, value, at: axis.position)])
                    }
                }
                guard rounds.count <= 100_000 else {
                    reader.report("`matrix` has more than 100,000 combinations", at: matrix.position)
                    return []
                }
            }
            let named = rounds.map { round -> Round in
                let name = round.parts.joined(separator: "-")
                let item = YAMLNode.made(.mapping(round.items), at: matrix.position)
                return (name, ["key": .text(name, at: matrix.position), "item": item])
            }
            return distinct(named, entry)
        }

        /// Each name once, in its first place with its last values, as a dictionary of Python has it.
        private func distinct(_ rounds: [Round], _ entry: YAMLNode.Entry) -> [Round] {
            var places: [String: Int] = [:]
            var result: [Round] = []
            for round in rounds {
                let name = "\(entry.key)@\(round.name)"
                if let place = places[name] {
                    result[place].names = round.names
                } else {
                    places[name] = result.count
                    result.append((name, round.names))
                }
            }
            return result
        }

        // MARK: Beside the stages

        private func names(_ node: YAMLNode?, _ key: String, _ resolver: TemplateResolver) -> [String] {
            guard let node else { return [] }
            guard let items = node.sequence else {
                reader.report("`\(key)` is \(node.kindName); a list is expected", at: node.position)
                return []
            }
            return items.compactMap { item in
                if let text = resolver.resolve(item, key: key).string { return text }
                reader.report("an item of `\(key)` is \(item.kindName); a path is expected", at: item.position)
                return nil
            }
        }

        private func plots(_ node: YAMLNode?, _ resolver: TemplateResolver) -> [Plot] {
            guard let node else { return [] }
            if node.isMapping {
                return resolver.resolve(node, key: nil).entries.map { Plot(id: $0.key, settings: $0.value) }
            }
            guard let items = node.sequence else {
                reader.report("`plots` is \(node.kindName); a list is expected", at: node.position)
                return []
            }
            return items.flatMap { item -> [Plot] in
                let item = resolver.resolve(item, key: nil)
                if let id = item.string { return [Plot(id: id, settings: nil)] }
                if !item.isMapping {
                    reader.report("an item of `plots` is \(item.kindName); a path is expected", at: item.position)
                }
                return item.entries.map { Plot(id: $0.key, settings: $0.value.isNull ? nil : $0.value) }
            }
        }
    }
}
