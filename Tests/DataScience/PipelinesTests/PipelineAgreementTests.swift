// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import Pipelines

/// The real dvc is the judge of how `dvc.yaml` is read, and of what stays behind when its stages ran.
struct PipelineAgreementTests {
    /// A pipeline by name, with the files that it needs.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String: String]
        var testDescription: String { name }
    }

    private static let cases = [
        Case(
            name: "templates",
            files: [
                "dvc.yaml": """
                vars:
                - base: data
                - more.json
                - part.yaml:one,two
                - train: {deep: {new: 7}}
                stages:
                  prepare:
                    cmd: echo ${train.lr} ${train.deep.rate} ${flag} ${none} \\${HOME} ${list[1]} ${one} ${big} > ${base}.txt
                    params: [train]
                    outs:
                    - ${base}.txt:
                        cache: true
                  flags:
                    cmd: echo ${train} > flags.txt
                    deps: ["${base}.txt"]
                    outs: [flags.txt]
                  whole:
                    cmd: ["${command}", "echo ${json.a} > whole.txt"]
                    deps: ["${base}.txt"]
                    outs: [whole.txt]
                    frozen: false
                  local:
                    vars: [{where: here, train: {extra: 3}}]
                    cmd: echo ${where} ${train.extra} ${train.lr} > ${where}.txt
                    outs: ["${where}.txt"]
                    meta: {a: "${where}"}
                    desc: it is ${where}
                """,
                "params.yaml": """
                train: {lr: 1e-5, name: "it's a", none: null, on: true, off: false, list: [1, a b, true], deep: {rate: 0.10}}
                flag: true
                none: null
                list: [x, y]
                big: 12345678901234567890
                command: echo ready
                """,
                "more.json": #"{"json": {"a": 1.0, "off": false}}"#,
                "part.yaml": "one: 1\ntwo: 2\nthree: 3\n",
            ]
        ),
        Case(
            name: "loops",
            files: [
                "dvc.yaml": """
                stages:
                  each:
                    foreach: [a, 2, true, 0.5, 1e-5]
                    do:
                      cmd: echo ${item} > each-${item}.txt
                      outs: ["each-${item}.txt"]
                  map:
                    foreach: ${models}
                    do:
                      cmd: echo ${key} ${item.rate} > map-${key}.txt
                      params: ["models.${key}.rate"]
                      outs: ["map-${key}.txt"]
                  items:
                    foreach: [{a: 1}, 5, [x]]
                    do:
                      cmd: echo hello
                      deps: [each-a.txt]
                  grid:
                    matrix:
                      model: [cnn, {name: big}]
                      rate: ${rates}
                    cmd: echo ${key} ${item.rate} > grid-${key}.txt
                    deps: [each-a.txt]
                    outs: ["grid-${key}.txt"]
                """,
                "params.yaml": "models: {one: {rate: 1}, two: {rate: 0.25}}\nrates: [0.1, 2]\n",
            ]
        ),
        Case(
            name: "folders",
            files: [
                "dvc.yaml": """
                stages:
                  top:
                    cmd: cat sub/out.txt deep/er/there.txt > top.txt
                    deps: [sub/out.txt, deep/er/there.txt]
                    outs: [top.txt]
                  away:
                    wdir: deep/${where}
                    cmd: "cp ../../raw.txt there.txt; echo 'a: 1' > m.yaml"
                    deps: [../../raw.txt]
                    params: [rate, {../../params.yaml: [where]}]
                    outs: [there.txt]
                    metrics: [m.yaml: {cache: false}]
                """,
                "params.yaml": "where: er\n",
                "deep/er/params.yaml": "rate: 5\n",
                "raw.txt": "raw\n",
                "sub/dvc.yaml": """
                stages:
                  inner:
                    cmd: cat in.txt > out.txt; mkdir -p ../folder/x; echo ${size} > ../folder/x/y
                    deps: [in.txt]
                    params: [size]
                    outs: [out.txt, ../folder]
                metrics: [n.json]
                """,
                "sub/params.yaml": "size: big\n", "sub/in.txt": "in\n",
            ]
        ),
        Case(
            name: "parameters of other languages",
            files: [
                "dvc.yaml": """
                stages:
                  a:
                    cmd: echo a > a.txt
                    params:
                    - p.toml: [title, owner.age, owner.rate, list, points, big, inline.x, multi, neg]
                    - q.py: [SIZE, RATE, NAMES, Train.lr, Train.self_made, Conf, both, NEG, RAW, NOTHING, TUPLE]
                    - r.json: [deep.er, text, n]
                    - s.yaml:
                    outs: [a.txt]
                """,
                "p.toml": #"""
                title = "a \"b\" \u00e9" # note
                big = 1_000_000
                neg = -0x10
                list = [1, 2.5, "x",
                  [true, false],
                ]
                inline = {x = {y = 1e3}, z = 'c:\d'}
                multi = """
                one
                two \
                   three"""
                [owner]
                age = 0b101
                rate = 6.02e23
                [[points]]
                x = 1
                [[points]]
                x = 2
                y.z = 3
                """#.replacing("neg = -0x10", with: "neg = -16"),
                "q.py": #"""
                import os
                SIZE = 10  # note
                RATE: float = 1e-4
                NAMES = ["a", 'b' "c", """d
                e"""]
                both = {"x": 1, "y": {"z": None}}
                computed = os.cpu_count()
                NEG = -3.5
                RAW = r"a\d"
                NOTHING = None
                TUPLE = (1, 2)
                class Train:
                    lr = 0.5
                    def __init__(self):
                        self.self_made = True
                        other = 1
                    def run(self):
                        self.hidden = 1
                class Conf:
                    a = 1
                    class Inner:
                        b = [1,
                             2]
                if True:
                    SIZE = 11
                """#,
                "r.json": #"{"deep": {"er": [1, null, {"a": 1e2}]}, "text": "12", "n": 3}"#,
                "s.yaml": "one: '7'\ntwo: [{a: b}]\n",
            ]
        ),
        Case(
            name: "kinds of outputs",
            files: [
                "dvc.yaml": """
                stages:
                  make:
                    cmd: |
                      mkdir -p dir/sub
                      cd dir
                      echo 1 > dir/sub/a; echo 2 > dir/b

                      echo '{"auc": 0.5}' > m.json; echo 'x,y' > p.csv; echo k >> keep; echo n > nocache
                      chmod +x keep
                    deps: [raw]
                    outs: [dir, keep: {persist: true}, nocache: {cache: false, desc: words, push: false}]
                    metrics: [m.json: {cache: false}]
                    plots: [p.csv: {x: x, y: y, title: t}]
                  cached:
                    cmd: cp raw cached; echo '{}' > cm.json; echo 1 > cp.csv
                    deps: [raw]
                    params: [size, lr]
                    outs: [cached]
                    metrics: [cm.json: {cache: false}]
                    plots: [cp.csv: {cache: false}]
                  always:
                    cmd: echo always
                    deps: [raw]
                    always_changed: true
                  frozen:
                    cmd: exit 1
                    deps: [raw]
                    outs: [there]
                    frozen: true
                  callback: {cmd: echo called}
                """,
                "params.yaml": "size: {nfiles: 3, é: \"ü\\t\\\"x\\\"\"}\nlr: 1e-5\n",
                "raw": "raw\n", "there": "there\n",
            ]
        ),
    ]

    private func fill(_ folder: TestFolder, _ files: [String: String]) throws {
        for (name, text) in files { try folder.write(text + (text.hasSuffix("\n") ? "" : "\n"), to: name) }
    }

    /// All files but those that each tool keeps for itself; objects of the cache only by name.
    private func contents(_ folder: TestFolder) throws -> [String: String] {
        let files = try folder.contents(skipping: [".git", "tmp", ".gyre"])
        return files.mapValues { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: cases) func `a pipeline leaves the same files, cache and run cache as by dvc`(
        example: Case
    ) async throws {
        let (ours, theirs) = (try await Laboratory(), try await TestProject())
        try fill(ours.folder, example.files)
        try fill(theirs.folder, example.files)
        try await theirs.dvc("repro", "-P")
        try await ours.reproduce(change: { $0.selection.reach = .all })
        let (own, other) = (try contents(ours.folder), try contents(theirs.folder))
        for name in Set(own.keys).union(other.keys).sorted() {
            #expect(own[name] == other[name], "\(name)")
        }
        let status = try await ours.project.dvc("status", "--json").output
        #expect(!status.contains("changed deps") && !status.contains("changed outs") && !status.contains("command"))
        // And what dvc ran need not run here.
        let again = try await Laboratory(copying: theirs)
        let result = try await again.reproduce(change: { $0.selection.reach = .all })
        for stage in result.stages where !stage.contains("every time") {
            #expect(stage.contains(" stayed: "), "\(stage)")
        }
    }

    @Test func `what dvc made before comes out of its run cache, and the other way round`() async throws {
        let pipeline =
            "stages:\n  a:\n    cmd: cat raw > x; date +%N > m.json\n    deps: [raw]\n    params: [lr]\n    outs: [x]\n    metrics: [m.json: {cache: false}]\n"
        let theirs = try await TestProject()
        try fill(theirs.folder, ["dvc.yaml": pipeline, "params.yaml": "lr: 1", "raw": "one"])
        try await theirs.dvc("repro", "-q")
        let number = try theirs.folder.text("m.json")
        try fill(theirs.folder, ["raw": "two"])
        try await theirs.dvc("repro", "-q")
        let ours = try await Laboratory(copying: theirs)
        try fill(ours.folder, ["raw": "one"])
        #expect(try await ours.reproduce().stages == ["a cached: `raw` changed"])
        #expect(try ours.folder.text("m.json") == number && ours.folder.text("x") == "one\n")

        try fill(ours.folder, ["raw": "three"])
        #expect(try await ours.reproduce().stages == ["a ran: `raw` changed"])
        let made = try ours.folder.text("m.json")
        try fill(ours.folder, ["raw": "two"])
        #expect(try await ours.reproduce().stages == ["a cached: `raw` changed"])
        try fill(ours.folder, ["raw": "three"])
        #expect(try await ours.project.dvc("repro").output.contains("is cached"))
        #expect(try ours.folder.text("m.json") == made)
    }
}
