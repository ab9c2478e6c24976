// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Diagnostics
import Files
import Pipelines
import SystemPackage
import Terminal

/// `gyre plots`: series and pictures that stages write.
struct PlotsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plots",
        abstract: "Draw the plots of stages, and compare them.",
        discussion: """
            The page draws by Vega-Lite, which the browser loads.

            Example:
              gyre plots diff main
            """,
        subcommands: [PlotsShowVerb.self, PlotsDiffVerb.self, PlotsModifyVerb.self, PlotsTemplatesVerb.self]
    )
}

/// `gyre plots show`.
struct PlotsShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Draw the plots of the work tree.",
        discussion: """
            Example:
              gyre plots show losses.csv -x epoch -y loss
            """
    )

    @Argument(help: ArgumentHelp("Only these files or definitions.", valueName: "target"))
    var targets: [String] = []

    @OptionGroup var drawing: PlotOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try await drawing.draw([ProjectRevision.workspace], targets, common) }
}

/// `gyre plots diff`.
struct PlotsDiffVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Draw the plots of several revisions in one.",
        discussion: """
            With one revision the work tree is the other; with none, the last commit and the work tree.

            Example:
              gyre plots diff HEAD~1 HEAD --targets losses.csv
            """
    )

    @Argument(help: ArgumentHelp("Commits, branches or tags.", valueName: "revision"))
    var revisions: [String] = []

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Only these files or definitions.", valueName: "target"))
    var targets: [String] = []

    @OptionGroup var drawing: PlotOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var names = revisions.isEmpty ? ["HEAD"] : revisions
        if names.count == 1, names[0] != ProjectRevision.workspace { names.insert(ProjectRevision.workspace, at: 0) }
        try await drawing.draw(names, targets, common)
    }
}

/// `gyre plots templates`.
struct PlotsTemplatesVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "templates",
        abstract: "List the ways to draw a series, or print the document of one.",
        discussion: """
            Example:
              gyre plots templates linear > .dvc/plots/mine.json
            """
    )

    @Argument(help: ArgumentHelp("The way whose document is printed.", valueName: "name"))
    var template: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        if let template {
            guard let document = PlotPage.template(template) else { throw PlotOptions.unknown(template) }
            return try common.output.answer(json: document, text: document)
        }
        let names = PlotPage.templates
        let json = "[\(names.map { "\"\($0)\"" }.joined(separator: ", "))]"
        try common.output.answer(json: json, text: names.joined(separator: "\n"))
    }
}

/// How plots are drawn, and where to.
struct PlotOptions: ParsableArguments {
    @Option(name: [.short, .long], help: ArgumentHelp("The folder for the page.", valueName: "folder"))
    var out: String?

    @OptionGroup var look: PlotLook

    @Option(
        help: ArgumentHelp(
            "A page with `{plot_divs}` where the plots go, and `{scripts}` in its head.",
            valueName: "file"
        )
    )
    var htmlTemplate: String?

    @Flag(help: "Print the document for Vega-Lite of the only target.")
    var showVega = false

    @Flag(help: "Not supported: open the page that is named by a browser.")
    var open = false

    static func unknown(_ template: String) -> UsageError {
        UsageError(
            what: "cannot draw by the template `\(template)`",
            why: "there is no `.dvc/plots/\(template).json`, and none that needs no file has that name",
            next: "name one of \(PlotPage.templates.joined(separator: ", "))"
        )
    }

    private var settings: [String: String] {
        let header = look.noHeader ? [(key: "header", text: "false")] : []
        return Dictionary((look.named + header).map { ($0.key, $0.text) }) { $1 }
    }

    /// The user's page, as an option or the settings name it.
    private func frame(_ project: PipelineProject, _ common: CommonOptions) throws -> String? {
        let named = htmlTemplate.map { common.path($0) }
        let configured = project.data.config.value("plots", "html_template").map {
            project.root.appending(".dvc").pushing(FilePath($0))
        }
        return try (named ?? configured).map { try FileReader.text(of: $0, limit: 16 << 20) }
    }

    func draw(_ names: [String], _ targets: [String], _ common: CommonOptions) async throws {
        if showVega, targets.count != 1 {
            throw UsageError(
                what: "cannot show one plot",
                why: "`--show-vega` needs exactly one target",
                next: "name it"
            )
        }
        if open {
            throw UsageError(
                what: "cannot open a browser",
                why: "`--open` is not supported",
                next: "leave it out, and open the page that is named"
            )
        }
        let project = try PipelineProject(common)
        // Also where there is nothing to draw.
        if let template = look.template, try await !Plot.hasTemplate(template, in: project.root) {
            throw Self.unknown(template)
        }
        var revisions: [ProjectRevision] = []
        for name in names { revisions.append(try await ProjectRevision(name, of: project.data)) }
        let known = try await project.pipeline().files.flatMap { $0.plots.map(\.id) }
        let wanted = try targets.map { known.contains($0) ? $0 : try project.path($0) }
        let (plots, problems) = try await Plot.collect(revisions, targets: wanted, options: settings)
        for problem in problems { common.output.warning("\(problem.id) in \(problem.revision): \(problem.message)") }
        if showVega {
            let document = plots.lazy.compactMap(PlotPage.vega).first ?? "{}"
            return try common.output.answer(json: document, text: document)
        }
        if common.json { return try common.output.answer(json: PlotPage.json(plots, problems), text: "") }
        guard !plots.isEmpty else {
            return try common.output.answer(json: "", text: "there are no plots to draw")
        }
        let folder = common.path(out ?? project.data.config.value("plots", "out_dir") ?? "dvc_plots")
        try FileSystem.createDirectory(folder)
        let page = folder.appending("index.html")
        try AtomicFile.write(PlotPage.html(plots, frame: try frame(project, common)), to: page)
        try common.output.answer(json: "", text: "file://\(page)")
    }
}
