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

    @Flag(help: "Install the Python packages that are missing into `.venv` of this folder.")
    var fix = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let doctor = Doctor(folder: common.folder, places: Session.places)
        let output = common.output
        if fix { try await doctor.fix { output.progress($0) } }
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
                    if let remedy = finding.remedy { writer.field("remedy", remedy) }
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
        let remedies = findings.compactMap(\.remedy)
        let unique = remedies.indices.filter { !remedies[..<$0].contains(remedies[$0]) }.map { remedies[$0] }
        let last = unique.isEmpty ? "\nnothing is missing" : "\nto mend it: " + unique.joined(separator: " && ")
        output.result(json: writer.text, text: output.text(of: table) + last)
        if !unique.isEmpty { throw ExitCode(1) }
    }
}
