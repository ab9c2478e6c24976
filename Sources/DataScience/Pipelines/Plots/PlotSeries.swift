// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
package import Documents
package import SystemPackage

/// A plot with the data of one revision or of several.
package struct Plot: Sendable {
    /// What it shows.
    package enum Content: Sendable {
        /// Rows of a table; each says in `rev` where it is from.
        case rows([YAMLNode])
        /// Pictures: their revisions, their type and bytes.
        case pictures([(revision: String, type: String, bytes: [UInt8])])
    }

    /// A path, or the name of a definition.
    package let id: String
    /// Titles, fields and template as `dvc.yaml` or options say.
    package let settings: [String: String]
    /// The field on the horizontal axis.
    package let x: String
    /// The field on the vertical axis.
    package let y: String
    /// The revisions that it compares.
    package let revisions: [String]
    /// The data.
    package let content: Content
    /// How it is drawn.
    let template: PlotTemplate

    /// Why data of a plot could not be had.
    package struct Problem: Sendable {
        /// The plot.
        package let id: String
        /// Where the data should be from.
        package let revision: String
        /// What went wrong, in a sentence.
        package let message: String
    }

    private static let pictures = [".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".png": "png", ".svg": "svg+xml"]
    /// What stands for the number of a row where no field is named.
    static let step = "step"
    /// The revision of a row, as Vega reads it.
    static let revision = "rev"

    /// The plots of revisions: those of stages, and what `plots` of a `dvc.yaml` defines.
    ///
    /// - Parameters:
    ///   - revisions: The revisions, the first one first in the picture.
    ///   - targets: Only these files or definitions; files need no stage. All if empty.
    ///   - options: Settings that win over those of `dvc.yaml`.
    /// - Returns: The plots, and what could not be read.
    /// - Throws: Errors of what describes them.
    package static func collect(
        _ revisions: [ProjectRevision],
        targets: [String] = [],
        options: [String: String] = [:]
    ) async throws -> (plots: [Plot], problems: [Problem]) {
        var order: [String] = []
        var definitions: [String: PlotDefinition] = [:]
        var rows: [String: [YAMLNode]] = [:]
        var images: [String: [(revision: String, type: String, bytes: [UInt8])]] = [:]
        var problems: [Problem] = []
        for revision in revisions {
            let pipeline = try await revision.pipeline()
            for definition in try await PlotDefinition.all(in: pipeline, revision, targets) {
                if definitions[definition.id] == nil {
                    order.append(definition.id)
                    definitions[definition.id] = definition.adding(options)
                }
                guard let known = definitions[definition.id] else { continue }
                for source in known.sources {
                    do {
                        guard let bytes = try await revision.bytes(of: source.path, in: pipeline) else {
                            problems.append(
                                Problem(id: known.id, revision: revision.name, message: "there is no `\(source.path)`")
                            )
                            continue
                        }
                        if let type = pictures[suffix(of: source.path)] {
                            images[known.id, default: []].append((revision.name, type, bytes))
                        } else {
                            let table = try PlotTable.read(
                                bytes,
                                name: source.path,
                                hasHeader: known.settings["header"] != "false"
                            )
                            rows[known.id, default: []] += known.points(of: table, source, revision.name)
                        }
                    } catch let error as any Explained {
                        problems.append(Problem(id: known.id, revision: revision.name, message: error.why))
                    }
                }
            }
        }
        var templates: [String: PlotTemplate] = [:]
        func name(_ definition: PlotDefinition) -> String { definition.settings["template"] ?? "linear" }
        for name in Set(definitions.values.map(name)) {
            guard let root = revisions.first?.root else { continue }
            templates[name] = try await PlotTemplate.named(name, in: root)
        }
        let plots = order.compactMap { id -> Plot? in
            guard let definition = definitions[id], let template = templates[name(definition)] else { return nil }
            let content: Content
            if let found = images[id] {
                content = .pictures(found)
            } else if let found = rows[id] {
                content = .rows(found)
            } else {
                return nil
            }
            let (x, y) = definition.axes(rows[id]?.first)
            return Plot(
                id: id,
                settings: definition.settings,
                x: x,
                y: y,
                revisions: revisions.map(\.name),
                content: content,
                template: template
            )
        }
        return (plots, problems)
    }

    /// Looks whether there is a way to draw of that name.
    ///
    /// - Throws: ``PipelinesError`` `.invalidPipeline`, ``DocumentError`` for a file that is none.
    package static func hasTemplate(_ name: String, in root: FilePath) async throws -> Bool {
        if PlotPage.templates.contains(name) { return true }
        return try await PlotTemplate.text(of: name, in: root) != nil
    }

    static func suffix(of path: String) -> String {
        path.lastIndex(of: ".").map { path[$0...].lowercased() } ?? ""
    }
}

/// What a plot shows, as `dvc.yaml` says.
struct PlotDefinition: Sendable {
    /// A file, with the fields of it that are drawn; none for the last one.
    struct Source: Sendable {
        let path: String
        let fields: [String]
    }

    let id: String
    let sources: [Source]
    /// The field on the horizontal axis; nil for the number of the row.
    let x: String?
    var settings: [String: String]

    /// The field on the vertical axis if several files or fields are drawn.
    private static let value = "value"

    private var isJoined: Bool { sources.count > 1 || (sources.first?.fields.count ?? 0) > 1 }

    static func all(
        in pipeline: Pipeline,
        _ revision: ProjectRevision,
        _ targets: [String]
    ) async throws -> [PlotDefinition] {
        var result: [PlotDefinition] = []
        func isWanted(_ id: String) -> Bool {
            targets.isEmpty || targets.contains { id == $0 || id.hasPrefix($0 + "/") }
        }
        for file in pipeline.files {
            for plot in file.plots {
                if let y = plot.settings?["y"], y.isMapping {
                    if isWanted(plot.id) { result.append(named(plot, y, file.folder)) }
                } else if let path = ProjectPath.joined([file.folder, plot.id]), isWanted(path) {
                    for path in try await revision.expand(path, in: pipeline) {
                        result.append(single(path, plot.settings))
                    }
                }
            }
        }
        for stage in pipeline.stages {
            for output in stage.outputs where isWanted(output.path) {
                guard case .plot(let settings) = output.kind else { continue }
                for path in try await revision.expand(output.path, in: pipeline)
                where !result.contains(where: { $0.id == path }) {
                    result.append(single(path, settings))
                }
            }
        }
        for target in targets where !result.contains(where: { $0.id == target || $0.id.hasPrefix(target + "/") }) {
            result.append(single(target, nil))
        }
        return result
    }

    private static func single(_ path: String, _ settings: YAMLNode?) -> PlotDefinition {
        let fields = settings?["y"].map { $0.sequence?.compactMap(\.string) ?? [$0.string ?? ""] } ?? []
        return PlotDefinition(
            id: path,
            sources: [Source(path: path, fields: fields)],
            x: settings?["x"]?.string,
            settings: texts(settings)
        )
    }

    private static func named(_ plot: PipelineFile.Plot, _ y: YAMLNode, _ folder: String) -> PlotDefinition {
        let x = plot.settings?["x"]
        return PlotDefinition(
            id: plot.id,
            sources: y.entries.compactMap { entry in
                ProjectPath.joined([folder, entry.key]).map {
                    Source(path: $0, fields: entry.value.sequence?.compactMap(\.string) ?? [entry.value.string ?? ""])
                }
            },
            x: x?.string ?? x?.entries.first?.value.string,
            settings: texts(plot.settings)
        )
    }

    private static func texts(_ settings: YAMLNode?) -> [String: String] {
        var result: [String: String] = [:]
        for entry in settings?.entries ?? [] where entry.key != "x" && entry.key != "y" {
            result[entry.key] = entry.value.string
        }
        return result
    }

    func adding(_ options: [String: String]) -> PlotDefinition {
        var sources = sources
        if let y = options["y"], sources.count == 1 { sources = [Source(path: sources[0].path, fields: [y])] }
        let others = options.filter { $0.key != "x" && $0.key != "y" }
        return PlotDefinition(
            id: id,
            sources: sources,
            x: options["x"] ?? x,
            settings: settings.merging(others) { $1 }
        )
    }

    /// The rows with what the picture needs in them.
    func points(of table: [YAMLNode], _ source: Source, _ revision: String) -> [YAMLNode] {
        table.enumerated().flatMap { index, row -> [YAMLNode] in
            var entries = row.entries.filter { $0.key != Plot.revision }
            if x == nil { entries.append(.made(Plot.step, .whole("\(index)", at: row.position), at: row.position)) }
            let mark = YAMLNode.Entry.made(Plot.revision, .text(revision, at: row.position), at: row.position)
            guard isJoined else { return [.made(.mapping(entries + [mark]), at: row.position)] }
            return source.fields.compactMap { field in
                guard let value = row[field] else { return nil }
                let name = YAMLNode.Entry.made(
                    "field",
                    .text("\(source.path)::\(field)", at: row.position),
                    at: row.position
                )
                return .made(
                    .mapping(entries + [.made(Self.value, value, at: row.position), name, mark]),
                    at: row.position
                )
            }
        }
    }

    /// The fields of the axes: as they are named, else the number of the row and the last field.
    func axes(_ row: YAMLNode?) -> (x: String, y: String) {
        let last = row?.entries.last { ![Plot.step, Plot.revision].contains($0.key) }?.key
        return (x ?? Plot.step, isJoined ? Self.value : sources.first?.fields.first ?? last ?? Plot.step)
    }
}

/// Reads the rows of a file with series.
enum PlotTable {
    /// Rows as mappings.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - name: Its name, whose end tells its kind.
    ///   - hasHeader: Whether the first line of a table names its columns.
    /// - Returns: The rows.
    /// - Throws: ``PipelinesError`` `.invalidPipeline` for other kinds, ``DocumentError``.
    static func read(_ bytes: [UInt8], name: String, hasHeader: Bool) throws -> [YAMLNode] {
        let text = String(decoding: bytes, as: UTF8.self)
        switch Plot.suffix(of: name) {
        case ".csv": return table(text, ",", name, hasHeader)
        case ".tsv": return table(text, "\t", name, hasHeader)
        case ".json", ".yaml", ".yml": return rows(try YAMLDocument.parse(text, file: name))
        default:
            throw PipelinesError(
                .invalidPipeline,
                what: "cannot draw `\(name)`",
                why: "it is no JSON, YAML, CSV, TSV or picture",
                next: "write one of these"
            )
        }
    }

    /// The first list of mappings, however deep.
    private static func rows(_ node: YAMLNode) -> [YAMLNode] {
        if let items = node.sequence { return items.filter(\.isMapping) }
        for entry in node.entries {
            let found = rows(entry.value)
            if !found.isEmpty { return found }
        }
        return []
    }

    private static func table(_ text: String, _ mark: Unicode.Scalar, _ name: String, _ hasHeader: Bool) -> [YAMLNode] {
        var lines = cells(text, mark)
        guard let first = lines.first else { return [] }
        let names = hasHeader ? first : first.indices.map { "\($0)" }
        if hasHeader { lines.removeFirst() }
        return lines.enumerated().map { index, line in
            let position = SourcePosition(file: name, line: index + 1, column: 1)
            return .made(
                .mapping(zip(names, line).map { .made($0, .text($1, at: position), at: position) }),
                at: position
            )
        }
    }

    /// - Source: RFC 4180, without its demand for `\r\n`.
    private static func cells(_ text: String, _ mark: Unicode.Scalar) -> [[String]] {
        var lines: [[String]] = []
        var line: [String] = []
        var cell = String.UnicodeScalarView()
        var isQuoted = false
        var scalars = text.unicodeScalars[...]
        func endCell() {
            line.append(String(cell))
            cell = String.UnicodeScalarView()
        }
        func endLine() {
            guard !line.isEmpty || !cell.isEmpty else { return }
            endCell()
            lines.append(line)
            line = []
        }
        while let scalar = scalars.popFirst() {
            if isQuoted {
                if scalar != "\"" {
                    cell.append(scalar)
                } else if scalars.first == "\"" {
                    cell.append(scalar)
                    scalars.removeFirst()
                } else {
                    isQuoted = false
                }
            } else if scalar == "\"", cell.isEmpty {
                isQuoted = true
            } else if scalar == mark {
                endCell()
            } else if scalar == "\n" {
                endLine()
            } else if scalar != "\r" {
                cell.append(scalar)
            }
        }
        endLine()
        return lines
    }
}
