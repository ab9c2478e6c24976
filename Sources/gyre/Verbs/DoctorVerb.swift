// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import Terminal

/// `gyre doctor`: what is there, and what is missing.
struct DoctorVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show every runtime library and tool with version and place, and mend what is missing.",
        discussion: """
            Example:
              gyre doctor --fix
            """
    )

    @Flag(help: "Install the Python packages that are missing, into the environment in use or a new `.venv`.")
    var fix = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        // Outside of a project the folder itself is looked at.
        let folder = (try? common.workspace())?.root ?? common.folder
        let doctor = Doctor(folder: folder, places: Session.places)
        let output = common.output
        if fix, try await !doctor.fix(onLine: { output.progress($0) }) { output.progress("nothing to install") }
        let findings = await doctor.examine()
        var writer = JSONWriter(pretty: true)
        writer.array { writer in
            for finding in findings {
                writer.object { writer in
                    writer.field("name", finding.name)
                    writer.field("version", finding.version)
                    writer.field("place", finding.place)
                    writer.field("found", finding.isFound)
                    writer.field("needed_for", finding.purpose)
                    if let problem = finding.problem { writer.field("problem", problem) }
                    if let remedy = finding.remedy { writer.field("remedy", remedy.text) }
                }
            }
        }
        var table = Table([("what", .left), ("version", .left), ("place", .left), ("needed for", .left)])
        for finding in findings {
            table.add([
                .init(finding.name, finding.isFound ? .good : .bad),
                .init(finding.isFound ? finding.version ?? "–" : "missing"),
                .init(finding.place ?? "–"), .init(finding.purpose),
            ])
        }
        try output.answer(json: writer.text, text: output.text(of: table) + Self.lastLines(findings))
        if !findings.allSatisfy(\.isFound) { throw ExitCode(1) }
    }

    private static func lastLines(_ findings: [Doctor.Finding]) -> String {
        let missing = findings.filter { !$0.isFound }
        guard !missing.isEmpty else { return "\nnothing is missing" }
        var lines = missing.compactMap { finding in finding.problem.map { "\(finding.name): \($0)" } }
        for case .byHand(let text) in missing.map(\.remedy) { lines.append("to mend it: \(text)") }
        if let command = Doctor.command(for: missing) { lines.append("to mend it: \(command)") }
        return "\n" + lines.joined(separator: "\n")
    }
}

extension Doctor.Remedy {
    /// What to do, in a line.
    var text: String {
        switch self {
        case .system(let name): "apt install \(name)"
        case .python: "gyre doctor --fix"
        case .byHand(let text): text
        }
    }
}
