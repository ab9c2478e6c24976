// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents
import Files
import SystemPackage

/// A document of Vega-Lite with anchors such as `<DVC_METRIC_DATA>` where the data goes.
///
/// - Source: the anchors and what fills them are those of `dvc_render/vega.py` 1.0, which DVC 3.67 uses.
struct PlotTemplate: Sendable {
    private let document: YAMLNode

    /// Reads a template of the user's.
    ///
    /// - Parameters:
    ///   - name: A file in `.dvc/plots`, with or without `.json`, or a path from the root.
    ///   - root: The root of the repository.
    /// - Returns: The template; that of the name that needs no file if there is none.
    /// - Throws: ``PipelinesError`` `.invalidPipeline`, ``DocumentError``.
    static func named(_ name: String, in root: FilePath) async throws -> PlotTemplate {
        guard let text = try await text(of: name, in: root) ?? builtIn(name) else {
            throw refusal(name, "there is no `.dvc/plots/\(name).json`, and none that needs no file has that name")
        }
        let template = PlotTemplate(document: try YAMLDocument.parse(text, file: name))
        guard template.document.isMapping, template.holds("data") else {
            throw refusal(name, "it has no anchor `\(anchor("data"))`")
        }
        return template
    }

    /// The file of a template; nil if there is none.
    static func text(of name: String, in root: FilePath) async throws -> String? {
        let places = [".dvc/plots/\(name)", ".dvc/plots/\(name).json", name].map { root.pushing(FilePath($0)) }
        return try await BlockingPool.shared.run {
            try places.first { FileSystem.exists($0) && !FileSystem.isDirectory($0) }
                .map { try FileReader.text(of: $0, limit: 16 << 20) }
        }
    }

    /// The document with a plot's data and words in it.
    func filled(with plot: Plot, rows: [YAMLNode]) -> String {
        let isJoined = rows.first?["field"] != nil
        let groups = isJoined ? ["rev", "field"] : ["rev"]
        func text(_ value: String) -> String { PythonText.json(value) }
        func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }
        func scale(_ field: String, _ domain: [String], _ range: [String]) -> String {
            let range = domain.indices.map { range[$0 % range.count] }
            return
                "{\"field\": \(text(field)), \"scale\": {\"domain\": \(list(domain.map(text))), \"range\": \(list(range))}}"
        }
        var values = [
            "title": text(plot.settings["title"] ?? plot.id),
            "x": text(Self.escaped(plot.x)), "y": text(Self.escaped(plot.y)),
            "x_label": text(plot.settings["x_label"] ?? plot.x), "y_label": text(plot.settings["y_label"] ?? plot.y),
            "color": scale("rev", plot.revisions, PlotPage.colors.map(text)),
            "group_by": list(groups.map(text)), "group_by_x": list((groups + [plot.x]).map(text)),
            "group_by_y": list((groups + [plot.y]).map(text)),
            "pivot_field": text(groups.map { "datum.\($0)" }.joined(separator: " + '::' + ")),
            "tooltip": list(
                (["rev", plot.x, plot.y] + groups.dropFirst()).map { "{\"field\": \(text($0))}" }
            ),
            "zoom_and_pan": "{\"name\": \"grid\", \"select\": \"interval\", \"bind\": \"scales\"}",
            "plot_height": "300", "plot_width": "300",
            "row": "{}", "column": "{}", "stroke_dash": "{}", "shape": "{}",
        ]
        if isJoined {
            var fields: [String] = []
            for row in rows { if let field = row["field"]?.string, !fields.contains(field) { fields.append(field) } }
            fields.sort()
            values["row"] = "{\"field\": \"field\", \"sort\": []}"
            values["column"] = values["row"]
            let dashes = ["[1, 0]", "[8, 8]", "[8, 4]", "[4, 4]", "[4, 2]", "[2, 1]", "[1, 1]"]
            values["stroke_dash"] = scale("field", fields, dashes)
            values["shape"] = scale("field", fields, ["circle", "square", "triangle", "diamond"].map(text))
        }
        let anchors = Dictionary(uniqueKeysWithValues: values.map { (Self.anchor($0), $1) })
        let data = list(rows.map(PythonText.ordered))
        return written(document, anchors.merging([Self.anchor("data"): data]) { $1 })
    }

    // MARK: Parts

    private static func anchor(_ name: String) -> String { "<DVC_METRIC_\(name.uppercased())>" }

    /// A field's name as Vega takes it for one name, not for a way into an object.
    private static func escaped(_ field: String) -> String {
        String(field.flatMap { ".[]".contains($0) ? ["\\", $0] : [$0] })
    }

    private static func refusal(_ name: String, _ why: String) -> PipelinesError {
        PipelinesError(
            .invalidPipeline,
            what: "cannot draw by the template `\(name)`",
            why: why,
            next: "see `gyre plots templates`"
        )
    }

    private func holds(_ name: String) -> Bool {
        func search(_ node: YAMLNode) -> Bool {
            node.string == Self.anchor(name) || node.entries.contains { search($0.value) }
                || node.sequence?.contains(where: search) == true
        }
        return search(document)
    }

    /// A part of the document as JSON; an anchor that is a whole text becomes its value, one within a text its words.
    private func written(_ node: YAMLNode, _ anchors: [String: String]) -> String {
        if case .string(let text) = node.content {
            if let value = anchors[text] { return value }
            guard text.contains("<DVC_METRIC_") else { return PythonText.ordered(node) }
            var result = PythonText.json(text)
            for (anchor, value) in anchors where value.hasPrefix("\"") {
                result.replace(anchor, with: value.dropFirst().dropLast())
            }
            return result
        }
        if let items = node.sequence { return "[\(items.map { written($0, anchors) }.joined(separator: ", "))]" }
        guard node.isMapping else { return PythonText.ordered(node) }
        let entries = node.entries.map { "\(PythonText.json($0.key)): \(written($0.value, anchors))" }
        return "{\(entries.joined(separator: ", "))}"
    }
}
