// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// Draws plots: as documents of Vega-Lite, and as a page that shows them.
package enum PlotPage {
    /// The ways to draw a series that need no template of the user's: those that DVC names.
    package static let templates = PlotTemplate.builtInNames

    /// The document of one of these, with anchors such as `<DVC_METRIC_DATA>` where the data goes; nil for another name.
    package static func template(_ name: String) -> String? { PlotTemplate.builtIn(name) }

    static let colors = [
        "#945dd6", "#13adc7", "#f46837", "#48bb78", "#cc3699", "#ffd23f", "#5c62d6", "#ed5565",
    ]

    /// The document of a plot; nil for pictures.
    package static func vega(_ plot: Plot) -> String? {
        guard case .rows(let rows) = plot.content else { return nil }
        return plot.template.filled(with: plot, rows: rows)
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
