// SPDX-License-Identifier: Apache-2.0

import Testing

/// How tables look on terminals of several widths, and elsewhere.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct TerminalTests {
    @Test(arguments: [40, 60, 80, 120, 300])
    func `no line of a table is wider than the terminal, whatever was logged`(columns: Int) async throws {
        let project = try await TrackedProject.shared
        let gyre = Program(folder: project.folder)
        for line in [
            ["runs"], ["runs", "show", "second"], ["runs", "compare", "first", "second", "third", "--all"],
            ["runs", "search"], ["models", "show", "churn"], ["experiments", "show", "churn"],
        ] {
            let answer = try await gyre.follow(line + ["--color", "never"], in: .init(columns: columns))
            #expect(answer.code == 0)
            let widest = answer.output.split(separator: "\n").map(\.count).max() ?? 0
            #expect(widest <= columns, "\(line): \(answer.output)")
        }
    }

    @Test func `where ids give way, their beginnings name the runs`() async throws {
        let project = try await TrackedProject.shared
        let gyre = Program(folder: project.folder)
        let narrow = try await gyre.run("runs", "--color", "never", in: .init(columns: 70)).output
        let ids = narrow.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
        #expect(ids.map(String.init) == project.runs.reversed().map { String($0.prefix(12)) })
        #expect(narrow.contains("long lon…") && narrow.contains("0.8500"), "\(narrow)")
    }

    @Test func `COLUMNS has the last word on a terminal, and none elsewhere`() async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        let wished = try await gyre.run(
            "runs",
            in: .init(columns: 200),
            environment: ["COLUMNS": "50", "NO_COLOR": "1"]
        )
        #expect(wished.output.split(separator: "\n").allSatisfy { $0.count <= 50 }, "\(wished.output)")
        let piped = try await gyre.run(["runs"], environment: ["COLUMNS": "50"])
        #expect(try await piped.output == gyre.run("runs").output)
    }

    @Test func `elsewhere ids are whole, and a value takes 80 columns at most`() async throws {
        let project = try await TrackedProject.shared
        let text = try await Program(folder: project.folder).run("runs").output
        for id in project.runs { #expect(text.contains(id)) }
        #expect(text.split(separator: "\n").allSatisfy { $0.count < 180 }, "\(text)")
    }

    @Test(
        arguments: [
            ([], [:], true), (["--color", "never"], [:], false), ([], ["NO_COLOR": "1"], false),
            (["--json"], [:], false),
            ([], ["TERM": "dumb"], false),
        ] as [([String], [String: String], Bool)]
    )
    func `a terminal is coloured unless one says no`(
        options: [String],
        variables: [String: String],
        isColoured: Bool
    ) async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        let text = try await gyre.follow(["runs"] + options, in: .init(), environment: variables).output
        #expect(text.contains("\u{1B}[32m") == isColoured, "\(text)")
        #expect(text.contains("finished") || text.contains("FINISHED"))
    }

    @Test func `without a terminal there is colour only if one insists`() async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        #expect(try await !gyre.run(["runs"], environment: ["NO_COLOR": nil]).output.contains("\u{1B}"))
        #expect(try await gyre.run("runs", "--color", "always").output.contains("\u{1B}[32mfinished\u{1B}[0m"))
    }
}
