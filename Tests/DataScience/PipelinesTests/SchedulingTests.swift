// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import SystemPackage
import Testing
import Tracking

@testable import Pipelines

/// Which stages run, in which order, how many at once, and what a failure means for the others.
struct SchedulingTests {
    @Test(.timeLimit(.minutes(2))) func `stages that don't need each other run at the same time`() async throws {
        // Each waits for the other to be there.
        let lab = try await Laboratory(
            """
            stages:
              a: {cmd: 'touch a.here; while [ ! -e b.here ]; do sleep 0.01; done; touch a', outs: [a]}
              b: {cmd: 'touch b.here; while [ ! -e a.here ]; do sleep 0.01; done; touch b', outs: [b]}
              c: {cmd: cat a b > c, deps: [a, b], outs: [c]}
            """
        )
        let stages = try await lab.reproduce(change: { $0.jobs = 2 }).stages
        #expect(stages == ["a ran: it never ran", "b ran: it never ran", "c ran: it never ran"])
        #expect(lab.events.all.last == "began c: it never ran")
    }

    @Test func `one at a time is in the order of the file, and the lock always is`() async throws {
        let pipeline = """
            stages:
              slow: {cmd: 'while [ ! -e fast ]; do sleep 0.01; done; touch slow', outs: [slow]}
              fast: {cmd: touch fast, outs: [fast]}
              last: {cmd: touch last, deps: [slow, fast], outs: [last]}
            """
        let lab = try await Laboratory(pipeline)
        try await lab.reproduce(change: { $0.jobs = 3 })
        let lock = try LockFile(root: lab.project.root)
        #expect(lock.stages == ["slow", "fast", "last"])
        lab.events.clear()
        try await lab.reproduce(
            force: true,
            change: {
                $0.targets = ["fast", "last"]; $0.selection.reach = .alone
            }
        )
        #expect(lab.events.all == ["began fast: it was asked for", "began last: it was asked for"])
    }

    private static let failing = """
        stages:
          bad: {cmd: exit 3, outs: [bad]}
          behind: {cmd: touch behind, deps: [bad], outs: [behind]}
          further: {cmd: touch further, deps: [behind], outs: [further]}
          other: {cmd: touch other, outs: [other]}
        """

    @Test func `a failure stops what has not begun`() async throws {
        let lab = try await Laboratory(Self.failing)
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.code == .stageFailed && !lab.folder.holds("other"))
        let run = try #require(try await lab.run())
        #expect(run.status == .failed && run.tag("gyre.stage.bad") == "failed")
        #expect(try await lab.children(of: run)["bad"]?.status == .failed)
    }

    @Test func `with keep-going only what needs the failed stage does not run`() async throws {
        let lab = try await Laboratory(Self.failing)
        let error = try await #require(throws: PipelinesError.self) {
            try await lab.reproduce(change: { $0.onFailure = .keepGoing })
        }
        #expect(error.what == "cannot run stage `bad`" && lab.folder.holds("other"))
        #expect(!lab.folder.holds("behind") && !lab.folder.holds("further"))
        #expect(lab.events.all.contains("skipped further: `bad` failed"))
        #expect(
            lab.events.all.contains { $0.hasPrefix("failed bad: cannot run stage `bad`: it ended with exit code 3") }
        )
    }

    @Test func `with ignore-errors everything goes on, and the command ends well`() async throws {
        let pipeline = Self.failing.replacing("touch behind", with: "touch bad behind")
        let lab = try await Laboratory(pipeline)
        let stages = try await lab.reproduce(change: { $0.onFailure = .ignore }).stages
        // What it reads was never written.
        #expect(
            stages.map { $0.prefix { $0 != ":" } } == ["bad failed", "behind failed", "further failed", "other ran"]
        )
    }

    private static let tree = """
        stages:
          a: {cmd: touch a, outs: [a]}
          b: {cmd: touch b, deps: [a], outs: [b]}
          c: {cmd: touch c, deps: [b], outs: [c]}
          c2: {cmd: touch c2, deps: [a], outs: [c2]}
          alone: {cmd: touch alone, outs: [alone]}
        """

    @Test(arguments: [
        (["b"], StageSelection.Reach.upstream, "a b"), (["b"], .downstream, "b c"), (["b"], .alone, "b"),
        (["c2"], .pipeline, "a b c c2"), ([], .all, "a b c c2 alone"), (["c2", "b"], .alone, "c2 b"),
        (["b"], .all, "a b c c2 alone"), (["c*"], .alone, "c c2"), (["alone", "c2"], .upstream, "a c2 alone"),
        (["dvc.yaml:b"], .alone, "b"), (["dvc.yaml"], .alone, "a b c c2 alone"), (["c2"], .downstream, "c2"),
    ])
    func `targets choose what is looked at`(targets: [String], reach: StageSelection.Reach, expected: String) throws {
        let pipeline = try Pipeline(Self.tree)
        var selection = StageSelection()
        selection.targets = targets
        selection.reach = reach
        selection.areGlobs = targets.contains { $0.contains("*") }
        let plan = try selection.plan(of: pipeline, from: "")
        #expect(plan.nodes.map { pipeline.nodes[$0].address }.joined(separator: " ") == expected)
    }

    @Test func `what depends on a stage that ran is forced where that is asked for`() async throws {
        let lab = try await Laboratory(Self.tree)
        try await lab.reproduce()
        try lab.folder.write(Self.tree.replacing("cmd: touch a,", with: "cmd: 'touch  a',"), to: "dvc.yaml")
        let stages = try await lab.reproduce(change: { $0.forceDownstream = true }).stages
        #expect(stages.map { $0.prefix { $0 != ":" } } == ["a ran", "b ran", "c ran", "c2 ran", "alone stayed"])
    }

    @Test func `a look ahead says what would run, and changes nothing`() async throws {
        let lab = try await Laboratory(Self.tree)
        try await lab.reproduce("alone")
        let before = try lab.folder.contents(skipping: [".git"])
        let stages = try await lab.preview()
        #expect(
            stages == [
                "a ran: it never ran", "b ran: it never ran", "c ran: it never ran", "c2 ran: it never ran",
                "alone unchanged: nothing changed",
            ]
        )
        #expect(try lab.folder.contents(skipping: [".git"]) == before)
        try await lab.reproduce()
        try lab.folder.write(Self.tree.replacing("cmd: touch b,", with: "cmd: 'touch  b',"), to: "dvc.yaml")
        #expect(
            try await lab.preview() == [
                "a unchanged: nothing changed", "b ran: its command changed",
                "c ran: `b` runs first, and may change what it reads", "c2 unchanged: nothing changed",
                "alone unchanged: nothing changed",
            ]
        )
    }

    @Test func `missing data is no change where it is allowed, but for what was made anew`() async throws {
        let lab = try await Laboratory(
            """
            stages:
              a: {cmd: cat raw > a, deps: [raw], outs: [a]}
              b: {cmd: cat a > b, deps: [a], outs: [b]}
            """
        )
        try lab.folder.write("1", to: "raw")
        try await lab.reproduce()
        for name in ["raw", "a", "b"] { try lab.folder.remove(name) }
        let stages = try await lab.reproduce(change: { $0.allowsMissing = true }).stages
        #expect(stages == ["a stayed: nothing changed", "b stayed: nothing changed"])
        #expect(!lab.folder.holds("a"))
    }

    @Test func `what is missing is fetched where that is wanted`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: cat raw > a, deps: [raw], outs: [a]}\n")
        try lab.folder.write("1", to: "raw")
        try await lab.reproduce()
        try lab.folder.remove("a")
        let (cache, aside) = (lab.project.root.pushing(".dvc/cache/files"), lab.project.root.pushing("aside"))
        try FileSystem.rename(cache, to: aside)
        let result = try await lab.reproduce(change: { $0.fetch = { _ in try FileSystem.rename(aside, to: cache) } })
        #expect(result.stages == ["a stayed: its outputs were fetched"] && lab.folder.holds("a"))
    }

    @Test func `what a stage reads is pulled if it runs, and left where it is if nothing changed`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: cat raw > a, deps: [raw], outs: [a]}\n")
        try lab.folder.write("1", to: "raw")
        try await lab.project.add("raw")
        try await lab.reproduce()
        func reproduce() async throws -> [String] {
            let data = lab.project.data
            return try await lab.reproduce(change: { options in
                options.fetch = { _ in }
                options.pull = { paths in
                    let pointers = try await data.pointers().filter { paths.contains($0.path) }
                    _ = try await data.checkout(pointers)
                }
            })
            .stages
        }
        try lab.folder.remove("raw")
        #expect(try await reproduce().last == "a stayed: nothing changed")
        #expect(!lab.folder.holds("raw"))
        try lab.folder.write("stages:\n  a: {cmd: cat raw raw > a, deps: [raw], outs: [a]}\n", to: "dvc.yaml")
        #expect(try await reproduce().last == "a ran: its command changed")
        #expect(try lab.folder.text("a") == "11")
    }

    @Test func `outputs that only the cache lacks are put there without running anything`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: echo ran >> log; echo 1 > a, outs: [a]}\n")
        try await lab.reproduce()
        try lab.folder.remove(".dvc/cache/files")
        let result = try await lab.reproduce()
        #expect(result.stages == ["a stayed: nothing changed"] && result.runID == nil)
        #expect(try lab.folder.text("log") == "ran\n" && lab.folder.holds(".dvc/cache/files"))
    }

    @Test func `data of a pointer that changed is a version again, and runs what reads it`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: cat raw > a, deps: [raw], outs: [a]}\n")
        try lab.folder.write("1", to: "raw")
        try await lab.project.add("raw")
        try await lab.reproduce()
        try lab.folder.write("2", to: "raw")
        #expect(try await lab.reproduce().stages.last == "a ran: `raw` changed")
        #expect(try await lab.project.dvc("status", "--json").output == "{}\n")
        try lab.folder.remove("raw")
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce() }
        #expect(error.code == .missingDependency && error.next?.contains("gyre checkout") == true)
    }

    // MARK: After a kill

    @Test(.timeLimit(.minutes(2))) func `what a killed reproduction left running is ended by the next`() async throws {
        let folder = try TestFolder()
        let (processes, started) = AsyncStream.makeStream(of: Int32.self)
        let command = Task {
            try await StageProcess.run(
                "trap '' HUP; (sleep 600 & wait) & wait",
                in: folder.path,
                environment: [:],
                onStart: { started.yield($0) },
                onLine: { _ in }
            )
        }
        var id: Int32?
        for await process in processes {
            id = process
            break
        }
        let notes = Leftovers(in: folder.path)
        notes.note(run: "abc")
        notes.note(process: try #require(id))
        var ended: [String] = []
        await Leftovers(in: folder.path).clear { ended.append($0) }
        #expect(ended == ["abc"])
        #expect(try await command.value == .signalled(15))
        #expect(!folder.holds("gyre-repro.state"))
    }

    @Test func `another process with the same number is left alone`() async throws {
        let folder = try TestFolder()
        try folder.write("process 1 999999999999\nrun x y z\nnonsense\n", to: "gyre-repro.state")
        var ended: [String] = []
        await Leftovers(in: folder.path).clear { ended.append($0) }
        #expect(ended.isEmpty && !folder.holds("gyre-repro.state"))
    }

    @Test func `the run of a killed reproduction is ended by the next`() async throws {
        let lab = try await Laboratory("stages:\n  a: {cmd: touch a, outs: [a]}\n")
        let id = try #require(try await lab.reproduce().runID)
        let child = try #require(try await lab.children(of: try await lab.tracking.run(id: id))["a"]?.id)
        for id in [id, child] { _ = try await lab.tracking.updateRun(id: id, status: .running, endMs: nil) }
        try lab.folder.write("run \(id)\n", to: ".dvc/tmp/gyre-repro.state")
        try await lab.reproduce()
        for id in [id, child] { #expect(try await lab.tracking.run(id: id).status == .killed) }
    }
}
