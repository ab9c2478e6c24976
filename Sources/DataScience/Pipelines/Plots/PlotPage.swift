// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// Draws plots: as documents of Vega-Lite, and as a page that shows them.
package enum PlotPage {
    /// The ways to draw a series that need no template of the user's.
    package static let templates = [
        "linear", "simple", "scatter", "smooth", "bar_horizontal", "bar_horizontal_sorted", "confusion",
        "confusion_normalized",
    ]

    static let colors = [
        "#945dd6", "#13adc7", "#f46837", "#48bb78", "#cc3699", "#ffd23f", "#5c62d6", "#ed5565",
    ]

    /// The document of a plot; nil for pictures.
    ///
    /// - Source: Vega-Lite 5, https://vega.github.io/schema/vega-lite/v5.json
    package static func vega(_ plot: Plot) -> String? {
        guard case .rows(let rows) = plot.content else { return nil }
        if let template = plot.template { return template.filled(with: plot, rows: rows) }
        let values = rows.map(PythonText.ordered).joined(separator: ", ")
        let title = PythonText.json(plot.settings["title"] ?? plot.id)
        let domain = plot.revisions.map { PythonText.json($0) }.joined(separator: ", ")
        let range = plot.revisions.indices.map { "\"\(colors[$0 % colors.count])\"" }.joined(separator: ", ")
        let color =
            "\"color\": {\"field\": \"rev\", \"type\": \"nominal\", \"scale\": {\"domain\": [\(domain)], \"range\": [\(range)]}}"
        let isJoined = rows.first?["field"] != nil
        let dash = isJoined ? ", \"strokeDash\": {\"field\": \"field\", \"type\": \"nominal\"}" : ""
        return """
            {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "data": {"values": [\(values)]}, \
            "title": {"text": \(title), "anchor": "middle"}, "width": 300, "height": 300, \
            \(body(plot, color: color, dash: dash))}
            """
    }

    private static func body(_ plot: Plot, color: String, dash: String) -> String {
        func axis(_ field: String, _ label: String?, _ type: String) -> String {
            let title = PythonText.json(label ?? field)
            let zero = type == "quantitative" ? ", \"scale\": {\"zero\": false}" : ""
            return
                "{\"field\": \(PythonText.json(field.replacing(".", with: "\\."))), \"type\": \"\(type)\", \"title\": \(title)\(zero)}"
        }
        let (xLabel, yLabel) = (plot.settings["x_label"], plot.settings["y_label"])
        let isText: Bool
        if case .rows(let rows) = plot.content, let first = rows.first?[plot.x]?.string, Double(first) == nil {
            isText = true
        } else {
            isText = false
        }
        let x = axis(plot.x, xLabel, isText ? "nominal" : "quantitative")
        let y = axis(plot.y, yLabel, "quantitative")
        switch plot.settings["template"] ?? "linear" {
        case "scatter":
            return
                "\"mark\": {\"type\": \"point\", \"tooltip\": {\"content\": \"data\"}}, \"encoding\": {\"x\": \(x), \"y\": \(y), \(color)}"
        case "simple":
            return
                "\"mark\": {\"type\": \"line\", \"tooltip\": {\"content\": \"data\"}}, \"encoding\": {\"x\": \(x), \"y\": \(y), \(color)\(dash)}"
        case "smooth":
            let fields =
                "\"loess\": \(PythonText.json(plot.y)), \"on\": \(PythonText.json(plot.x)), \"groupby\": [\"rev\"], \"bandwidth\": 0.3"
            return
                "\"mark\": \"line\", \"transform\": [{\(fields)}], \"encoding\": {\"x\": \(x), \"y\": \(y), \(color)\(dash)}"
        case "bar_horizontal", "bar_horizontal_sorted":
            let sort = plot.settings["template"] == "bar_horizontal_sorted" ? ", \"sort\": \"-x\"" : ""
            let names =
                "{\"field\": \(PythonText.json(plot.y)), \"type\": \"nominal\", \"title\": \(PythonText.json(yLabel ?? plot.y))\(sort)}"
            return
                "\"mark\": {\"type\": \"bar\", \"tooltip\": true}, \"encoding\": {\"x\": \(axis(plot.x, xLabel, "quantitative")), \"y\": \(names), \"yOffset\": {\"field\": \"rev\"}, \(color)}"
        case "confusion", "confusion_normalized":
            return confusion(plot, xLabel, yLabel)
        default:
            return """
                "layer": [{"mark": {"type": "line", "tooltip": {"content": "data"}}, "params": [{"name": "grid", "select": "interval", \
                "bind": "scales"}]}, {"mark": {"type": "circle", "size": 12, "tooltip": {"content": "data"}}}], \
                "encoding": {"x": \(x), "y": \(y), \(color)\(dash)}
                """
        }
    }

    private static func confusion(_ plot: Plot, _ xLabel: String?, _ yLabel: String?) -> String {
        let (x, y) = (PythonText.json(plot.x), PythonText.json(plot.y))
        let isShare = plot.settings["template"] == "confusion_normalized"
        let count = "{\"aggregate\": [{\"op\": \"count\", \"as\": \"count\"}], \"groupby\": [\(x), \(y), \"rev\"]}"
        let share =
            ", {\"joinaggregate\": [{\"op\": \"sum\", \"field\": \"count\", \"as\": \"all\"}], \"groupby\": [\(y), \"rev\"]}, {\"calculate\": \"datum.count / datum.all\", \"as\": \"share\"}"
        let field = isShare ? "share" : "count"
        let format = isShare ? ", \"format\": \".2f\"" : ""
        let axes =
            "\"x\": {\"field\": \(x), \"type\": \"nominal\", \"title\": \(PythonText.json(xLabel ?? plot.x))}, \"y\": {\"field\": \(y), \"type\": \"nominal\", \"title\": \(PythonText.json(yLabel ?? plot.y))}"
        return """
            "transform": [\(count)\(isShare ? share : "")], "facet": {"field": "rev", "type": "nominal"}, "spec": {"width": 300, \
            "height": 300, "encoding": {\(axes)}, "layer": [{"mark": "rect", "encoding": {"color": {"field": "\(field)", \
            "type": "quantitative"}}}, {"mark": "text", "encoding": {"text": {"field": "\(field)"\(format)}}}]}
            """
    }

    /// DVC's document of all plots.
    package static func json(_ plots: [Plot], _ problems: [Plot.Problem]) -> String {
        let data = plots.map { plot in
            let items: String
            switch plot.content {
            case .rows:
                let names = plot.revisions.map { PythonText.json($0) }.joined(separator: ", ")
                items = "{\"type\": \"vega\", \"revisions\": [\(names)], \"content\": \(vega(plot) ?? "{}")}"
            case .pictures(let pictures):
                items = pictures.map { picture in
                    "{\"type\": \"image\", \"revisions\": [\(PythonText.json(picture.revision))], \"url\": \"\(url(picture.type, picture.bytes))\"}"
                }.joined(separator: ", ")
            }
            return "\(PythonText.json(plot.id)): [\(items)]"
        }
        let errors = problems.map { problem in
            "{\"name\": \(PythonText.json(problem.id)), \"rev\": \(PythonText.json(problem.revision)), \"msg\": \(PythonText.json(problem.message))}"
        }
        let start = errors.isEmpty ? "" : "\"errors\": [\(errors.joined(separator: ", "))], "
        return "{\(start)\"data\": {\(data.joined(separator: ", "))}}"
    }

    private static let scripts = """
        <script src="https://cdn.jsdelivr.net/npm/vega@5.20.2"></script>
          <script src="https://cdn.jsdelivr.net/npm/vega-lite@5.2.0"></script>
          <script src="https://cdn.jsdelivr.net/npm/vega-embed@6.18.2"></script>
        """

    /// What a page of the user's has where the plots go.
    private static let place = "{plot_divs}"

    /// The page; series are drawn by Vega in the reader's browser.
    ///
    /// - Parameters:
    ///   - plots: The plots.
    ///   - frame: A page of the user's, with `{plot_divs}` where the plots go and `{scripts}` where the scripts do.
    /// - Returns: HTML.
    /// - Throws: ``PipelinesError`` `.invalidPipeline` for a frame that has no place for the plots.
    package static func html(_ plots: [Plot], frame: String? = nil) throws -> String {
        guard let frame else { return page(divisions(plots)) }
        guard frame.contains(place) else {
            throw PipelinesError(
                .invalidPipeline,
                what: "cannot draw into the page",
                why: "it has no `\(place)`",
                next: "write that where the plots shall be"
            )
        }
        return frame.replacing("{scripts}", with: scripts).replacing("{refresh_tag}", with: "")
            .replacing(place, with: divisions(plots))
    }

    private static func divisions(_ plots: [Plot]) -> String {
        var body = ""
        for (index, plot) in plots.enumerated() {
            switch plot.content {
            case .rows:
                // `<` could end the script.
                let document = (vega(plot) ?? "{}").replacing("<", with: "\\u003c")
                body += """
                      <div class="plot" id="plot-\(index)">
                        <script>vegaEmbed("#plot-\(index)", \(document));</script>
                      </div>

                    """
            case .pictures(let pictures):
                body += "  <div class=\"plot\">\n    <h2>\(escaped(plot.id))</h2>\n"
                for picture in pictures {
                    body += "    <figure><figcaption>\(escaped(picture.revision))</figcaption>"
                    body += "<img src=\"\(url(picture.type, picture.bytes))\" alt=\"\(escaped(plot.id))\"></figure>\n"
                }
                body += "  </div>\n"
            }
        }
        return body
    }

    private static func page(_ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <title>Plots</title>
          \(scripts)
          <style>
            body { font-family: system-ui, sans-serif; margin: 24px; display: flex; flex-wrap: wrap; gap: 24px; }
            img { max-width: 480px; }
          </style>
        </head>
        <body>
        \(body)</body>
        </html>

        """
    }

    private static func url(_ type: String, _ bytes: [UInt8]) -> String { "data:image/\(type);base64,\(base64(bytes))" }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count * 4 / 3 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                result.append(place <= group.count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
