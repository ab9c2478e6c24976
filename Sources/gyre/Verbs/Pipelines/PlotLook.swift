// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How a series is drawn: its template, axes and words.
struct PlotLook: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The way to draw; see `gyre plots templates`.", valueName: "name")
    )
    var template: String?

    @Option(name: .customShort("x"), help: ArgumentHelp("The field on the horizontal axis.", valueName: "field"))
    var x: String?

    @Option(name: .customShort("y"), help: ArgumentHelp("The field on the vertical axis.", valueName: "field"))
    var y: String?

    @Option(help: ArgumentHelp("The words below the horizontal axis.", valueName: "text"))
    var xLabel: String?

    @Option(help: ArgumentHelp("The words beside the vertical axis.", valueName: "text"))
    var yLabel: String?

    @Option(help: ArgumentHelp("The words above.", valueName: "text"))
    var title: String?

    @Flag(help: "The first line of a CSV or TSV file is data, too.")
    var noHeader = false

    /// What was given, under the names of `dvc.yaml`; without the header.
    var named: [(key: String, text: String)] {
        let all: [(String, String?)] = [
            ("template", template), ("x", x), ("y", y), ("x_label", xLabel), ("y_label", yLabel), ("title", title),
        ]
        return all.compactMap { key, value in value.map { (key, $0) } }
    }
}
