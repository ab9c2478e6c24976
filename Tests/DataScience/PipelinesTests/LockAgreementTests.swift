// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import Pipelines

/// The real dvc is the judge of `dvc.lock`.
struct LockAgreementTests {
    private static let params = """
        a: 1
        aa: "multi\\nline"
        bb: ""
        cc: 12345678901234567890
        dd: "a rather long text that goes on and on beyond the eightieth column for sure so that it must be folded"
        ee: 1e22
        f: 1e-5
        ff: 0.00001234
        g: 0.1
        gg: -0.0
        h: 1.0
        hh: 100000000000000000000.0
        i: 1e16
        ii: 1e15
        j: 123456789012345680.0
        k: 1_000
        l: 0x1F
        m: 0o17
        n: "yes"
        o: no
        p: null
        q: [1, 2, [3, {x: 1, y: [a, b]}], [], {}, null]
        r: {}
        s: []
        t: {deep: {er: [{a: 1, b: {c: 2}}, {c: 3}]}}
        v: "2020-01-01"
        w: .inf
        y: true
        z: "a: b"
        ünï: cødé
        """

    private static let pipeline = """
        stages:
          first:
            cmd: mkdir -p o && echo 1 > o/a && echo 2 > x && chmod +x x && echo "a rather long command beyond eighty" && true
            params: [z, t.deep, a, {other.json: [k.l], another.yaml: }]
            outs: [o, x]
          listed:
            cmd:
            - echo 1 > ./y
            - echo two, a rather long command that goes on and on beyond the eightieth column of the page
            deps: [./x, o/]
            outs: [./y, {kept: {persist: true}}]
            metrics: [{m.json: {cache: false}}]
            plots: [{p.csv: {x: a}}]
          lines:
            cmd: |
              echo '{"a": 1}'
              echo "two lines, a rather long command that goes on and on beyond the eightieth column of the page"
            deps: [y]
          everything:
            cmd: echo a
            params: [{params.yaml: }]
          "a: name":
            cmd: 'echo "it''s" # quoted'
            deps: ["a #1", "a very long path with spaces that goes on and on beyond the eightieth column of the page.csv"]
        """

    private func fill(_ folder: TestFolder) throws {
        let listed = Self.pipeline.replacing(
            "echo 1 > ./y",
            with: "echo 1 > ./y; echo 1 > kept; echo '{}' > m.json; echo 1 > p.csv"
        )
        try folder.write(listed, to: "dvc.yaml")
        try folder.write(Self.params, to: "params.yaml")
        try folder.write(#"{"k": {"l": [1, {"m": "n"}]}}"#, to: "other.json")
        try folder.write("one: 1\ntwo: {three: 3}\n", to: "another.yaml")
        try folder.write("1", to: "a #1")
        try folder.write(
            "2",
            to: "a very long path with spaces that goes on and on beyond the eightieth column of the page.csv"
        )
    }

    @Test func `the lock has the bytes that dvc repro writes, and dvc calls it up to date`() async throws {
        let (ours, theirs) = (try await Laboratory(), try await TestProject())
        try fill(ours.folder)
        try fill(theirs.folder)
        try await ours.reproduce()
        try await theirs.dvc("repro", "-q")
        let lock = try #require(try theirs.folder.text("dvc.lock"))
        let own = try #require(try ours.folder.text("dvc.lock"))
        #expect(own.split(separator: "\n") == lock.split(separator: "\n"))
        #expect(own == lock)
        #expect(try ours.folder.text(".gitignore") == theirs.folder.text(".gitignore"))
        #expect(try await ours.project.dvc("status", "--json").output == "{}\n")

        // And what dvc ran need not run again.
        let again = try await Laboratory()
        try fill(again.folder)
        try again.folder.write(lock, to: "dvc.lock")
        for name in ["o/a", "x", "y", "kept", "m.json", "p.csv"] {
            try again.folder.write(try FileReader.bytes(of: theirs.root.pushing(.init(name))), to: name)
        }
        let result = try await again.reproduce()
        #expect(result.runID == nil, "\(result.stages)")
        #expect(try again.folder.text("dvc.lock") == lock)
    }

    @Test func `what dvc keeps beside the stages, and stages that are gone, stay`() async throws {
        let lab = try await Laboratory("stages:\n  new: {cmd: 'echo 1 > x', outs: [x]}\n")
        let old = """
            schema: '2.0'
            stages:
              gone:
                cmd: echo   oddly    spaced
                deps:   [ {path: a, md5: 0123456789abcdef0123456789abcdef} ]
            datasets:
              pictures:
                type: url

            """
        try lab.folder.write(old, to: "dvc.lock")
        try await lab.reproduce()
        let text = try #require(try lab.folder.text("dvc.lock"))
        let parts = old.split(separator: "datasets:")
        #expect(text.hasPrefix(parts[0]) && text.hasSuffix("datasets:" + parts[1]))
        #expect(text.contains("  new:\n    cmd: echo 1 > x\n    outs:\n    - path: x\n      hash: md5\n"))
        #expect(try LockFile(root: lab.project.root).outputs(of: "new").count == 1)
    }

    @Test(arguments: [
        ("stages: {}\n", "its schema is not 2.0"), ("<<<<<<< HEAD\nschema: '2.0'\n", "no valid YAML"),
        ("- a\n", "its schema"),
    ])
    func `a lock that cannot be understood stops everything before it begins`(text: String, reason: String) async throws
    {
        let lab = try await Laboratory("stages:\n  a: {cmd: touch ran, params: [x]}\n", params: "x: 1\n")
        try lab.folder.write(text, to: "dvc.lock")
        let error = try await #require(throws: (any Error).self) { try await lab.reproduce(set: [("x", "2")]) }
        #expect("\(error)".contains(reason))
        #expect(try lab.folder.text("dvc.lock") == text && lab.folder.text("params.yaml") == "x: 1\n")
        #expect(try await lab.run() == nil && !lab.folder.holds("ran"))
    }
}
