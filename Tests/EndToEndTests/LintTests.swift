// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage
import Testing

/// `scripts/lint` on copies of the house: as it is, and with a fault of each kind planted in it.
struct LintTests {
    @Test func `the house as it stands passes`() async throws {
        try await inCopy { copy in
            let answer = try await lint(copy)
            #expect(answer.code == 0, "\(answer.output)")
        }
    }

    @Test func `each kind of fault is found where it was planted`() async throws {
        try await inCopy { copy in
            let ground = copy.appending("Sources/Ground")
            try AtomicFile.write(
                """
                // SPDX-License-Identifier: Apache-2.0

                import GRDB
                import Tracking

                package func undocumented() { let x = JSONDecoder() ;print(x) } // TODO: one day

                """,
                to: ground.appending("Files/Planted.swift")
            )
            try AtomicFile.write("// no licence\n", to: ground.appending("Files/Bare.swift"))
            let manifest = copy.appending("Package.swift")
            let text = try FileReader.text(of: manifest)
            let climbing = text.replacing(
                #"room("Statistics", in: "Ground")"#,
                with: #"room("Statistics", in: "Ground", ["Tracking", hummingbird])"#
            )
            try #require(climbing != text)
            try AtomicFile.write(climbing, to: manifest)

            let answer = try await lint(copy)
            #expect(answer.code == 1)
            for finding in [
                "Sources/Ground/Files/Planted.swift:6:52: error: [Spacing]",
                "Sources/Ground/Files/Bare.swift: the SPDX line is missing",
                "Planted.swift:6: no documentation: package func undocumented",
                "Planted.swift:3: `Files` imports `GRDB`, which the manifest does not give it",
                "Planted.swift:4: `Files` imports `Tracking`, which the manifest does not give it",
                "Package.swift: `Statistics` does not import `Hummingbird`",
                "Package.swift: `Statistics` stands on `Tracking`, which is a floor above",
                "Package.swift: `Statistics` imports `Hummingbird`, which is for the top floor",
                "(JSONText reads and writes JSON)",
                "(only Database knows GRDB)",
                "Planted.swift:6:package func undocumented() { let x = JSONDecoder() ;print(x) } // TODO: one day",
            ] {
                #expect(answer.output.contains(finding), "\(finding) is not in:\n\(answer.output)")
            }
        }
    }

    // MARK: Parts

    private func inCopy(_ body: (FilePath) async throws -> Void) async throws {
        try await Program.inEmptyFolder { program in
            let parts = ["Package.swift", ".swift-format", ".gitignore", "Sources", "Tests", "scripts", "Python"]
            let sources = parts.map { Program.package.appending($0).string }
            try await run("cp", ["-r"] + sources + [program.folder.string])
            try await run("git", ["-C", program.folder.string, "init", "-q"])
            try await run("git", ["-C", program.folder.string, "add", "-A"])
            try await body(program.folder)
        }
    }

    private func lint(_ folder: FilePath) async throws -> (output: String, code: Int32) {
        let script = Program.package.appending("scripts/lint").string
        let result = try await Subprocess.run(
            .name("bash"),
            arguments: [script, folder.string],
            output: .string(limit: 4 << 20),
            error: .discarded
        )
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        return (result.standardOutput, code)
    }

    private func run(_ name: String, _ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }
}
