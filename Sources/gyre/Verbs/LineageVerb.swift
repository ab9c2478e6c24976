// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Lineage
import Server
import Terminal

/// `gyre lineage`: where something came from, and what came from it.
struct LineageVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "Show where a prediction, model, run or data version came from.",
        discussion: """
            Example:
              gyre lineage 0199f3c2-7d5e-7a41-9b1c-5d2f8e6a7b90
            """
    )

    @Argument(help: ArgumentHelp("A prediction id, a run id, MODEL/VERSION, md5:HASH or a commit.", valueName: "id"))
    var id: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let node = try await services.lineage.walk(from: id)
            var writer = JSONWriter()
            node.write(into: &writer)
            try common.output.answer(json: writer.text, text: LineageText(node).text(common.output))
        }
    }
}

/// A node and its links as a tree.
struct LineageText {
    private let node: LineageNode

    init(_ node: LineageNode) { self.node = node }

    func text(_ output: Output) -> String {
        var lines = [line(node, output)]
        append(node.origins.map { ("from ", $0) } + node.results.map { ("gave ", $0) }, indent: "", &lines, output)
        return lines.joined(separator: "\n")
    }

    private func append(_ links: [(String, LineageNode)], indent: String, _ lines: inout [String], _ output: Output) {
        for (index, link) in links.enumerated() {
            let isLast = index == links.count - 1
            lines.append(indent + (isLast ? "└─ " : "├─ ") + output.paint(link.0, .quiet) + line(link.1, output))
            let next = link.1.origins.map { ("from ", $0) } + link.1.results.map { ("gave ", $0) }
            append(next, indent: indent + (isLast ? "   " : "│  "), &lines, output)
        }
    }

    private func line(_ node: LineageNode, _ output: Output) -> String {
        let facts = node.facts.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        let kind = node.kind.rawValue.replacing("_", with: " ")
        return "\(kind) \(output.paint(node.id, .name))" + (facts.isEmpty ? "" : "  \(facts)")
    }
}
