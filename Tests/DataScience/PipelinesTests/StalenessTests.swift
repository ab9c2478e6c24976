// SPDX-License-Identifier: Apache-2.0

import ProjectTesting
import SystemPackage
import Testing

@testable import Pipelines

/// What makes a stage run again, and what does not.
struct StalenessTests {
    private static let pipeline = """
        stages:
          clean:
            cmd: cat raw > clean.csv
            deps: [raw]
            outs: [clean.csv]
          train:
            cmd: cat clean.csv > model
            deps: [clean.csv]
            params: [train.lr, train.layers]
            outs: [model]
        """
    private static let params = "# rates\ntrain:\n  lr: 0.1   # not too fast\n  layers: [1, {a: b}]\nother: 1\n"

    private func ready(_ pipeline: String = Self.pipeline) async throws -> Laboratory {
        let lab = try await Laboratory(pipeline, params: Self.params)
        try lab.folder.write("1", to: "raw")
        try await lab.reproduce()
        return lab
    }

    private let nothing = ["clean stayed: nothing changed", "train stayed: nothing changed"]

    @Test func `a first run says so, a second has nothing to do and opens no run`() async throws {
        let lab = try await Laboratory(Self.pipeline, params: Self.params)
        try lab.folder.write("1", to: "raw")
        let first = try await lab.reproduce()
        #expect(first.stages == ["clean ran: it never ran", "train ran: it never ran"])
        let second = try await lab.reproduce()
        #expect(second.stages == nothing && second.runID == nil)
    }

    @Test func `changed content runs what depends on it, and only as far as something changes`() async throws {
        let lab = try await ready()
        try lab.folder.write("2", to: "raw")
        #expect(try await lab.reproduce().stages == ["clean ran: `raw` changed", "train ran: `clean.csv` changed"])
        try lab.folder.write(
            "stages:\n" + Self.pipeline.dropFirst(8).replacing("cat raw >", with: "cat  raw  >"),
            to: "dvc.yaml"
        )
        #expect(
            try await lab.reproduce().stages == ["clean ran: its command changed", "train stayed: nothing changed"]
        )
    }

    @Test(arguments: [
        ("lr: 0.1 ", "lr: 0.2 ", "train.lr"), ("{a: b}", "{a: c}", "train.layers"), ("[1,", "[2,", "train.layers"),
    ])
    func `a changed parameter runs the stage`(old: String, new: String, key: String) async throws {
        let lab = try await ready()
        try lab.folder.write(Self.params.replacing(old, with: new), to: "params.yaml")
        let stages = try await lab.reproduce().stages
        #expect(stages == ["clean stayed: nothing changed", "train ran: the parameter `\(key)` changed"])
    }

    @Test func `comments, order, other keys and equal numbers change nothing`() async throws {
        let lab = try await ready()
        try lab.folder.write("other: 2\ntrain: {layers: [1.0, {a: b}], lr: 1e-1}\n", to: "params.yaml")
        try lab.folder.write(Self.pipeline + "\n    desc: words\n    meta: {a: 1}\n# end\n", to: "dvc.yaml")
        #expect(try await lab.reproduce().stages == nothing)
    }

    @Test(arguments: ["removed", "edited"], ["cached", "not cached"])
    func `an output that is not what it was comes from the cache, or is made again`(
        how: String,
        where place: String
    ) async throws {
        // What no other stage makes: it is in the cache only if this one's is.
        let lab = try await ready(Self.pipeline.replacing("cat clean.csv > model", with: "cat clean.csv raw > model"))
        if how == "removed" { try lab.folder.remove("model") } else { try lab.folder.write("edited", to: "model") }
        if place != "cached" { try lab.folder.remove(".dvc/cache/files") }
        let word = place == "cached" ? "cached" : "ran"
        #expect(try await lab.reproduce().stages.last == "train \(word): `model` is missing or changed")
        #expect(try lab.folder.text("model") == "11")
    }

    @Test func `force runs all, frozen none`() async throws {
        let lab = try await ready()
        #expect(
            try await lab.reproduce(force: true).stages == [
                "clean ran: it was asked for", "train ran: it was asked for",
            ]
        )
        try lab.folder.write(
            Self.pipeline.replacing("cmd: cat raw", with: "frozen: true\n    cmd: cat raw"),
            to: "dvc.yaml"
        )
        try lab.folder.remove("raw")
        #expect(
            try await lab.reproduce(force: true).stages == [
                "clean stayed: it is frozen", "train ran: it was asked for",
            ]
        )
    }

    @Test(arguments: ["always_changed: true", ""])
    func `what is marked so, or has nothing to compare, runs every time`(mark: String) async throws {
        let outs = mark.isEmpty ? "" : ", outs: [x]"
        let lab = try await Laboratory("stages:\n  a: {cmd: touch x\(outs)\(mark.isEmpty ? "" : ", \(mark)")}\n")
        for _ in 0..<2 { #expect(try await lab.reproduce().stages.first?.hasPrefix("a ran") == true) }
    }

    @Test func `a key that left a whole file is a change`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: touch x, params: [{p.yaml: }], outs: [x]}\n")
        try lab.folder.write("one: 1\ntwo: 2\n", to: "p.yaml")
        try await lab.reproduce()
        try lab.folder.write("one: 1\n", to: "p.yaml")
        #expect(try await lab.reproduce().stages == ["a ran: the parameter `two` is gone"])
        #expect(try await lab.reproduce().stages == ["a stayed: nothing changed"])
    }

    @Test func `what was only a part of the run is enough for a target`() async throws {
        let lab = try await Laboratory(Self.pipeline, params: Self.params)
        try lab.folder.write("1", to: "raw")
        #expect(try await lab.reproduce("clean").stages == ["clean ran: it never ran"])
        #expect(!lab.folder.holds("model"))
    }

    @Test(arguments: [
        ("deps: [nowhere]", "`nowhere` is missing"), ("params: [train.nowhere]", "has no parameter `train.nowhere`"),
        ("params: [{no.yaml: [a]}]", "there is no `no.yaml`"),
        ("params: [{p.toml: [a]}]", "there is no `p.toml`"),
    ])
    func `what is missing is named before anything runs`(line: String, reason: String) async throws {
        let lab = try await Laboratory("stages:\n  a:\n    cmd: touch ran\n    \(line)\n", params: Self.params)
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.why.contains(reason) && error.what.contains("`a`"))
        #expect(try await lab.run() == nil && !lab.folder.holds("ran"))
    }

    @Test func `a folder without a pipeline, or without data versions, says what to do`() async throws {
        let lab = try await Laboratory()
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.code == .noPipeline && error.next?.contains("gyre init") == true)
        try lab.folder.write("stages: {}", to: "inner/dvc.yaml")
        let runner = PipelineRunner(root: lab.project.root.appending("inner"), tracking: lab.tracking)
        let options = ReproduceOptions(experiment: "test", trackingURL: "")
        let inner = try await #require(throws: PipelinesError.self) { try await runner.reproduce(options) }
        #expect(inner.code == .noPipeline && inner.why.contains("no `.dvc` of its own"))
    }
}
