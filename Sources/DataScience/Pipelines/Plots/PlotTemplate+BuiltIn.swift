// SPDX-License-Identifier: Apache-2.0

/// The ways to draw that need no file of the user's, under the names that DVC has for them.
///
/// - Source: Vega-Lite 5, https://vega.github.io/schema/vega-lite/v5.json
extension PlotTemplate {
    /// Their names, in the order in which DVC lists them.
    static let builtInNames = [
        "simple", "linear", "confusion", "confusion_normalized", "scatter", "scatter_jitter", "smooth",
        "bar_horizontal_sorted", "bar_horizontal",
    ]

    /// The document of one of them, with anchors where the data goes; nil for another name.
    static func builtIn(_ name: String) -> String? {
        let body: String
        switch name {
        case "simple": body = curve(mark("line"))
        case "linear":
            body = """
                \(size), "layer": [{\(mark("line")), "params": [\(anchor("ZOOM_AND_PAN"))]}, {\(mark("circle", size: 12))}], \
                "encoding": {\(axes()), \(hues(["color", "strokeDash"]))}
                """
        case "smooth":
            let loess = """
                {"loess": \(anchor("Y")), "on": \(anchor("X")), "groupby": \(anchor("GROUP_BY")), "bandwidth": 0.3}
                """
            body = "\"transform\": [\(loess)], " + curve(mark("line"))
        case "scatter": body = points(axes(), "")
        case "scatter_jitter":
            let shifts = ["x", "y"].map { "{\"calculate\": \"random()\", \"as\": \"\($0)_shift\"}" }
            let offsets = ["x", "y"].map { "\"\($0)Offset\": {\"field\": \"\($0)_shift\", \"type\": \"quantitative\"}" }
            body = points(
                axes("nominal") + ", " + offsets.joined(separator: ", "),
                "\"transform\": [\(shifts.joined(separator: ", "))], "
            )
        case "bar_horizontal", "bar_horizontal_sorted":
            let names = axis("Y", "nominal", name == "bar_horizontal" ? "" : ", \"sort\": \"-x\"")
            body = """
                \(size), \(mark("bar")), "encoding": {"x": \(axis("X", "quantitative")), "y": \(names), \
                "yOffset": {"field": "rev"}, \(hues(["color"]))}
                """
        case "confusion", "confusion_normalized": body = confusion(isShare: name != "confusion")
        default: return nil
        }
        return """
            {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "title": {"text": \(anchor("TITLE")), \
            "anchor": "middle"}, "data": {"values": \(anchor("DATA"))}, \(body)}
            """
    }

    private static func anchor(_ name: String) -> String { "\"<DVC_METRIC_\(name)>\"" }

    private static let size = "\"width\": \(anchor("PLOT_WIDTH")), \"height\": \(anchor("PLOT_HEIGHT"))"

    private static func mark(_ type: String, size: Int? = nil) -> String {
        let dots = size.map { ", \"size\": \($0)" } ?? ""
        return "\"mark\": {\"type\": \"\(type)\", \"tooltip\": {\"content\": \"data\"}\(dots)}"
    }

    private static func axis(_ field: String, _ type: String, _ more: String = "") -> String {
        let scale = type == "quantitative" ? ", \"scale\": {\"zero\": false}" : ""
        return
            "{\"field\": \(anchor(field)), \"type\": \"\(type)\", \"title\": \(anchor("\(field)_LABEL"))\(scale)\(more)}"
    }

    private static func axes(_ type: String = "quantitative") -> String {
        "\"x\": \(axis("X", type)), \"y\": \(axis("Y", type))"
    }

    /// What tells revisions and series apart.
    private static func hues(_ channels: [String]) -> String {
        let anchors = ["color": "COLOR", "strokeDash": "STROKE_DASH", "shape": "SHAPE"]
        return channels.compactMap { channel in anchors[channel].map { "\"\(channel)\": \(anchor($0))" } }
            .joined(separator: ", ")
    }

    private static func curve(_ mark: String) -> String {
        "\(size), \(mark), \"encoding\": {\(axes()), \(hues(["color", "strokeDash"]))}"
    }

    private static func points(_ axes: String, _ transform: String) -> String {
        "\(size), \(transform)\(mark("point")), \"encoding\": {\(axes), \(hues(["color", "shape"]))}"
    }

    /// How often which class was taken for which, for each revision.
    private static func confusion(isShare: Bool) -> String {
        let (x, y) = (anchor("X"), anchor("Y"))
        let field = isShare ? "share" : "count"
        let count = "{\"aggregate\": [{\"op\": \"count\", \"as\": \"count\"}], \"groupby\": [\(x), \(y), \"rev\"]}"
        let share = """
            , {"joinaggregate": [{"op": "sum", "field": "count", "as": "all"}], "groupby": [\(y), "rev"]}, \
            {"calculate": "datum.count / datum.all", "as": "share"}
            """
        return """
            "transform": [\(count)\(isShare ? share : "")], "facet": {"field": "rev", "type": "nominal"}, \
            "spec": {\(size), "encoding": {\(axes("nominal"))}, "layer": [\
            {"mark": "rect", "encoding": {"color": {"field": "\(field)", "type": "quantitative"}}}, \
            {"mark": "text", "encoding": {"text": {"field": "\(field)"\(isShare ? ", \"format\": \".2f\"" : "")}}}]}
            """
    }
}
