// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents
import Testing

@testable import Pipelines

/// What `dvc.yaml` may say.
struct PipelineFileTests {
    @Test(arguments: [
        ("stages:\n  a:\n    deps: [x]\n", "2:3: stage `a` has no command"),
        ("stages:\n  a:\n    cmd: []\n", "3:10: stage `a` has no command"),
        ("stages:\n  a:\n", "2:3: stage `a` is empty"),
        ("stages:\n  a:\n    cmd: x\n    dep: [y]\n", "4:5: `stages.a.dep` is not a key (did you mean `deps`?)"),
        ("stage:\n  a:\n    cmd: x\n", "1:1: `stage` is not a key (did you mean `stages`?)"),
        ("stages: [a]\n", "1:9: `stages` is a list; a mapping is expected"),
        ("stages:\n  a:\n    cmd: x\n    outs: y\n", "4:11: `outs` is a text; a list is expected"),
        ("stages:\n  a:\n    cmd: x\n    outs: [[y]]\n", "4:12: an item of `outs` is a list; a path is expected"),
        (
            "stages:\n  a:\n    cmd: x\n    outs:\n    - y:\n        cahce: false\n",
            "6:9: `cahce` is no option of an output (did you mean `cache`?)"
        ),
        (
            "stages:\n  a:\n    cmd: x\n    outs:\n    - y:\n        cache: maybe\n",
            "6:16: `cache` is a text; true or false is expected"
        ),
        (
            "stages:\n  a:\n    cmd: x\n    deps: [{y: z}]\n",
            "4:12: an item of `stages.a.deps` is a mapping; a text is expected"
        ),
        ("stages:\n  a:\n    cmd: x\n    params: lr\n", "4:13: `params` is a text; a list is expected"),
        (
            "stages:\n  a:\n    cmd: x\n    params: [{p.yaml: lr}]\n",
            "4:23: `p.yaml` is a text; a list of keys is expected"
        ),
        (
            "stages:\n  a:\n    cmd: x\n    frozen: 1\n",
            "4:13: `stages.a.frozen` is a whole number; true or false is expected"
        ),
        ("stages:\n  a:\n    cmd: x\n    wdir: ../sub\n", "4:11: `wdir`: `../sub` does not lie inside the project"),
        ("stages:\n  a:\n    foreach: [1]\n    cmd: x\n", "3:14: `foreach` of stage `a` has no `do`"),
        (
            "stages:\n  a:\n    foreach: 1\n    do: {cmd: x}\n",
            "3:14: `foreach` is a whole number; a list or a mapping is expected"
        ),
        (
            "stages:\n  a:\n    matrix: {x: 1}\n    cmd: x\n",
            "3:17: `x` of `matrix` is a whole number; a list is expected"
        ),
        ("vars: [1.yaml]\nstages: {}\n", "1:8: `vars`: there is no `1.yaml`"),
        ("vars: ['${a}']\nstages: {}\n", "1:8: `vars` cannot use `${…}`"),
        ("vars: [{a: 1}, {a: 2}]\nstages: {}\n", "1:16: `a` is set already, in dvc.yaml:1:12"),
        (
            "vars: [{lr: 1}]\nstages:\n  a:\n    cmd: train ${lrr}\n",
            "4:10: `${lrr}` names nothing: there is no `lrr` (did you mean `lr`?)"
        ),
        (
            "stages:\n  a:\n    cmd: echo ${HOME}\n",
            "3:10: `${HOME}` names nothing: there is no `HOME` (for a variable of the shell write `$HOME`)"
        ),
        ("stages:\n  a:\n    cmd: echo ${}\n", "3:10: `${}` is no name such as `train.lr` or `list[0]`"),
        ("vars: [{a: [1]}]\nstages:\n  a:\n    cmd: x ${a}\n", "4:10: `${a}` is a list, which cannot stand in a text"),
        (
            "vars: [{a: [1]}]\nstages:\n  a:\n    cmd: x ${a[3]}\n",
            "4:10: `${a[3]}` names nothing: the list has 1 items"
        ),
        ("stages:\n  a@b:\n    cmd: x\n", "2:3: the name `a@b` has `@`, which marks the stages of loops"),
        (
            "stages:\n  a:\n    cmd: x\n    deps: [s3://bucket/x]\n",
            "4:12: `s3://bucket/x` lies outside of the project: dependencies and outputs by `s3://` are not supported (bring it in by `gyre import-url`)"
        ),
        (
            "stages:\n  a:\n    cmd: x\n    outs: [../y]\n",
            "4:12: `../y` does not lie inside the project (bring it in by `gyre import-url`)"
        ),
        ("stages:\n  a:\n    cmd: x\n    outs: [.]\n", "4:12: `.` does not lie inside the project"),
        (
            "stages:\n  a:\n    cmd: x\n    outs: [/etc]\n",
            "4:12: `/etc` does not lie inside the project (bring it in by `gyre import-url`)"
        ),
        ("stages:\n  a:\n    cmd: x\n    deps: [a/../../y]\n", "4:12: `a/../../y` does not lie inside the project"),
        (
            "stages:\n  a:\n    cmd: x\n    outs: [.git/x]\n",
            "4:12: `.git/x` cannot be an output: it is replaced each time"
        ),
        (
            "stages:\n  a:\n    cmd: x\n    outs: [./dvc.yaml]\n",
            "4:12: `./dvc.yaml` cannot be an output: it is replaced each time"
        ),
        ("stages:\n  a:\n    cmd: x\n    deps: [y]\n    outs: [y/]\n", "2:3: stage `a` reads `y`, which it writes"),
        ("stages:\n  a: {cmd: x, outs: [y]}\n  b: {cmd: x, outs: [./y]}\n", "3:3: `./y` belongs to stage `a` already"),
        ("stages:\n  a: {cmd: x, outs: [y]}\n  b: {cmd: x, outs: [y/z]}\n", "3:3: `y/z` belongs to stage `a` already"),
        ("stages:\n  a: {cmd: x, outs: [y/z]}\n  b: {cmd: x, metrics: [y]}\n", "3:3: `y` belongs to stage `a` already"),
        ("stages:\n  a: {cmd: x, outs: [y], plots: [y]}\n", "2:3: `y` belongs to this stage already"),
        ("stages:\n  a: {cmd: x}\n  a: {cmd: y}\n", "3:3: the key `a` is there twice"),
        ("stages:\n  a: {cmd: x\n", "3:1: it is no valid YAML"),
    ])
    func `a mistake is told with its place`(text: String, problem: String) throws {
        let error = try #require(throws: DocumentError.self) { try Pipeline(text) }
        #expect(error.problems.count == 1, "\(error.why)")
        #expect(error.why.hasPrefix("dvc.yaml:\(problem)"), "\(error.why)")
    }

    @Test func `all mistakes are told at once`() throws {
        let text = "stages:\n  a:\n    cmd: x\n    frozen: 1\n    wdri: y\n  b:\n    outs: [..]\n"
        let error = try #require(throws: DocumentError.self) { try Pipeline(text) }
        #expect(error.problems.map(\.position.line) == [4, 5, 6, 7])
    }

    @Test func `every kind of entry is read`() throws {
        let text = """
            metrics: [m.json]
            stages:
              train:
                desc: trains
                cmd: [one, 'echo \\${HOME}']
                deps: [./b, a/]
                params: [lr, lr, deep.key, {other.yaml: [x]}, {whole.json: }]
                outs: [z, {model: {cache: true, persist: true, desc: d}}]
                metrics: [m.json: {cache: false}]
                plots: [p.csv: {x: a, y: b}]
                frozen: true
                always_changed: true
                meta: {anything: 1}
            """
        let stage = try #require(try Pipeline(text).stages.first)
        #expect(stage.commands == ["one", "echo ${HOME}"] && stage.writesList)
        #expect(stage.dependencies.map(\.written) == ["./b", "a/"] && stage.dependencies.map(\.path) == ["b", "a"])
        let params = stage.params.map { "\($0.file):\($0.key ?? "*")" }
        #expect(params == ["params.yaml:lr", "params.yaml:deep.key", "other.yaml:x", "whole.json:*"])
        #expect(stage.outputs.map(\.path) == ["m.json", "model", "p.csv", "z"])
        #expect(stage.outputs.map(\.isCached) == [false, true, true, true])
        #expect(stage.outputs.map(\.persists) == [false, true, false, false])
        #expect(stage.outputs.map(\.isMetrics) == [true, false, false, false])
        #expect(stage.isFrozen && stage.alwaysChanged && stage.description == "trains")
    }

    @Test func `a pipeline without stages is none`() throws {
        #expect(try Pipeline("").stages.isEmpty && Pipeline("stages:\n").stages.isEmpty)
    }

    // MARK: Order

    private let diamond = """
        stages:
          report: {cmd: x, deps: [model/weights, plots]}
          train: {cmd: x, deps: [clean/], outs: [model]}
          draw: {cmd: x, deps: [./clean/part], outs: [plots]}
          clean: {cmd: x, deps: [raw], outs: [clean]}
          alone: {cmd: x}
        """

    @Test func `each stage comes behind those it reads from`() throws {
        #expect(try Pipeline(diamond).ordered([]).map(\.name) == ["clean", "train", "draw", "report", "alone"])
    }

    @Test func `targets bring what they need and nothing else`() throws {
        #expect(try Pipeline(diamond).ordered(["draw", "clean"]).map(\.name) == ["clean", "draw"])
    }

    @Test func `an unknown target is answered with the nearest`() throws {
        let error = try #require(throws: PipelinesError.self) { try Pipeline(diamond).ordered(["tarin"]) }
        #expect(error.code == .unknownStage && error.next == "did you mean `train`?")
    }

    @Test func `a circle is named all the way round`() throws {
        let text = """
            stages:
              a: {cmd: x, deps: [c.out], outs: [a.out]}
              b: {cmd: x, deps: [a.out], outs: [b.out]}
              c: {cmd: x, deps: [b.out], outs: [c.out]}
              d: {cmd: x, deps: [c.out]}
            """
        let error = try #require(throws: PipelinesError.self) { try Pipeline(text).ordered(["d"]) }
        #expect(error.code == .cycle)
        #expect(error.why == "they wait for each other: a → c → b → a")
    }

    @Test func `a chain of thousands of stages is ordered`() throws {
        let stages = (0..<5_000).map { "  s\($0): {cmd: x, deps: [o\($0 + 1)], outs: [o\($0)]}\n" }
        let pipeline = try Pipeline("stages:\n" + stages.joined())
        let names = try pipeline.ordered([]).map(\.name)
        #expect(names.first == "s4999" && names.last == "s0" && names.count == 5_000)
    }
}
