// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Subprocess
import SystemPackage
import Testing

/// What programs read of the program: on standard output the result, in one document, and nothing else.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct ResultTests {
    /// Each verb on a project in full use, the exit code, and a path that its document has.
    static let lines: [(line: String, code: Int32, field: [String])] = [
        ("init", 0, ["root"]), ("add gyre.yaml.copy", 0, ["data"]), ("checkout", 0, ["changed"]),
        ("status --overview", 0, ["champion"]),
        ("runs -n 2", 0, []), ("runs show", 0, ["artifacts"]), ("models", 0, []),
        ("models show breast-cancer", 0, ["versions"]), ("experiments", 0, []), ("repro", 0, []),
        ("promote --check --best recall", 0, ["evaluation", "metrics", "recall"]),
        ("promote --build --best recall", 0, ["image", "digest"]), ("build 1 -o one.tar", 0, ["digest"]),
        ("errors", 0, []),
        ("lineage breast-cancer/2", 0, ["origins"]), ("doctor", 0, []),
    ]

    @Test func `--json prints exactly one document, on standard output alone`() async throws {
        try await DemoProject.copied { gyre in
            try AtomicFile.write("x\n", to: gyre.folder.appending("gyre.yaml.copy"))
            for (line, code, field) in Self.lines {
                let answer = try await gyre.shell("$GYRE \(line) --json")
                #expect(answer.code == code, "\(line): \(answer.error)")
                var value: JSONElement? = try JSONDocument(answer.output).root
                for name in field { value = value?[name] }
                #expect(value != nil, "\(line): \(answer.output)")
                #expect(!answer.error.contains("error"), "\(line): \(answer.error)")
            }
            let retrain = try await gyre.shell("$GYRE retrain --json")
            #expect(retrain.code == 1 && retrain.output.isEmpty)
            #expect(try JSONDocument(retrain.error).root["error"]?["code"]?.string == "notReady")
            for verb in ["up", "serve"] {
                let end = try await gyre.interrupt(verb, "--port", "0", "--json", "-q", by: .terminate, onceSaid: "}\n")
                #expect(end.code == 0)
                try #require(end.text.split(separator: "\n").count == 1, "\(end.text)")
                #expect(
                    try JSONDocument(end.text).root["url"]?.string?.hasPrefix("http://127.0.0.1:") == true,
                    "\(end.text)"
                )
            }
        }
    }

    @Test func `text for people goes to standard output, progress to standard error, and -q is quiet as DVC's`()
        async throws
    {
        try await Program.inProject { gyre in
            let pipeline = "stages:\n  one:\n    cmd: echo progress; echo 1 > out\n    outs: [out]\n"
            try AtomicFile.write(pipeline, to: gyre.folder.appending("dvc.yaml"))
            let loud = try await gyre.run("repro")
            #expect(
                loud.code == 0 && loud.output.contains("finished") && !loud.output.contains("progress"),
                "\(loud.error)"
            )
            #expect(loud.error.contains("progress"))
            let quiet = try await gyre.run("repro", "-q", "--force")
            #expect(quiet.code == 0 && quiet.output.isEmpty && quiet.error.isEmpty, "\(quiet)")
            // What only shows shows all the same.
            #expect(try await gyre.run("runs", "-q").output.contains("finished"))
        }
    }
}
