// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Testing

struct NearestTests {
    @Test(arguments: [
        ("statsu", "status"), ("serv", "serve"), ("Repro", "repro"), ("lineag", "lineage"), ("tracknig", "tracking"),
    ])
    func `a slip finds the name that was meant`(typed: String, meant: String) {
        #expect(nearest(to: typed, among: ["status", "serve", "repro", "lineage", "tracking"]) == meant)
    }

    @Test(arguments: ["", "zebra", "x", String(repeating: "a", count: 200)])
    func `a text that is near nothing finds nothing`(typed: String) {
        #expect(nearest(to: typed, among: ["status", "serve", "repro"]) == nil)
    }

    @Test func `the first of two equally near names wins`() {
        #expect(nearest(to: "abx", among: ["abc", "abd"]) == "abc")
    }

    @Test func `a beginning of three letters is near`() {
        #expect(nearest(to: "exp", among: ["runs", "experiments"]) == "experiments")
    }
}

struct ExplainedTests {
    private struct Broken: Explained {
        let what = "cannot read `a`"
        let why = "it is a folder"
        let next: String? = "name a file"
        let kind = FailureKind.invalid
        let codeName = "isFolder"
    }

    @Test func `the description holds what, why and next in one line`() {
        #expect("\(Broken())" == "cannot read `a`: it is a folder (name a file)")
    }

    @Test func `only usage, gates and interruptions have exit codes of their own`() {
        #expect(FailureKind.allCases.filter { $0.exitCode != 1 } == [.usage, .refused, .interrupted])
        #expect(FailureKind.refused.exitCode == 3)
    }
}
