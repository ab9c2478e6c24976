// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

/// `gyre doctor` on this machine, and on machines that lack something.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct DoctorVerbTests {
    @Test func `everything is found with version and place`() async throws {
        try await Program.inEmptyFolder { gyre in
            let findings = Array(try await gyre.json("doctor").elements)
            let names = findings.compactMap { $0["name"]?.string }
            #expect(
                Set(["git", "python", "ONNX Runtime", "DuckDB", "scikit-learn", "mlflow-skinny"]).isSubset(of: names)
            )
            for finding in findings {
                #expect(finding["found"]?.bool == true)
                #expect(finding["version"]?.string?.first { $0.isNumber } != nil, "\(finding["name"]?.string ?? "")")
                let place = try #require(finding["place"]?.string)
                #expect(FileSystem.exists(FilePath(place)), "\(place)")
            }
            #expect(try await gyre.run("doctor").output.hasSuffix("nothing is missing\n"))
        }
    }

    @Test func `--fix installs nothing where nothing is missing`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("doctor", "--fix")
            #expect(answer.code == 0)
            #expect(answer.error == "nothing to install\n")
            #expect(try FileSystem.list(gyre.folder).isEmpty)
        }
    }

    @Test func `where nothing is, one command mends it`() async throws {
        try await Program.inEmptyFolder { gyre in
            let nothing: [String: String?] = ["GYRE_PYTHON": nil, "PATH": "/nowhere"]
            let answer = try await gyre.shell("\"$GYRE\" doctor", environment: nothing)
            #expect(answer.code == 1)
            #expect(
                answer.output.hasSuffix("to mend it: apt install git python3-venv && gyre doctor --fix\n"),
                "\(answer.output)"
            )
            let fix = try await gyre.shell("\"$GYRE\" doctor --fix", environment: nothing)
            #expect(fix.code == 1)
            #expect(fix.error.contains("next: run `apt install python3-venv`"))
            #expect(try FileSystem.list(gyre.folder).isEmpty)
        }
    }

    @Test func `packages are looked for in the project's own environment, also from a folder inside`() async throws {
        try await Program.inProject { gyre in
            #expect(try await gyre.tool("python3", "-m", "venv", "--without-pip", ".venv").code == 0)
            try FileSystem.createDirectory(gyre.folder.appending("inner"))
            let answer = try await gyre.shell("cd inner && $GYRE doctor --json", environment: ["GYRE_PYTHON": nil])
            #expect(answer.code == 1)
            let findings = Array(try JSONDocument(answer.output).root.elements)
            let python = try #require(findings.first { $0["name"]?.string == "python" })
            #expect(python["place"]?.string == gyre.folder.appending(".venv/bin/python").string)
            let missing = findings.filter { $0["found"]?.bool == false }
            #expect(missing.contains { $0["name"]?.string == "scikit-learn" })
            #expect(missing.allSatisfy { $0["remedy"]?.string == "gyre doctor --fix" })
        }
    }
}
