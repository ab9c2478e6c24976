// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Server
import Subprocess
import SystemPackage
import Terminal

/// The whole cycle, step by step.
struct Demo: Sendable {
    let narrator: Narrator
    let folder: FilePath
    let port: Int
    let stays: Bool

    func run() async throws {
        let start = ContinuousClock.now
        narrator.say("Gyre \(gyreVersion): the whole cycle on the Wisconsin breast cancer data, in \(folder)")
        try await prepare()
        try await train()
        try await release()
        try await ImageProof(narrator: narrator, folder: folder).run()
        try await live(start)
    }

    // MARK: From data to champion

    private func prepare() async throws {
        narrator.step(1, "A project, and its first data version in a commit")
        try await narrator.run(["gyre", "init", "--example", "breast-cancer"])
        try await narrator.run(["python", "prepare.py"])
        let tables = ["train", "test", "holdback", "errors"].map { "data/\($0).csv" }
        try await narrator.run(["gyre", "add"] + tables + ["--all", "-m", "First data"])
    }

    private func train() async throws {
        narrator.step(2, "Three trainings with other parameters, tracked")
        try await narrator.run(["gyre", "repro", "-q", "-S", "train.C=0.0001,0.001,0.01"])
        try await narrator.run(["git", "add", "--all"])
        try await narrator.run(["git", "commit", "-q", "-m", "Three trainings"], environment: try await identity())
    }

    /// Who commits: the user, or Gyre where git knows no user yet.
    private func identity() async throws -> [String: String] {
        guard try await narrator.ask(["git", "config", "user.email"]).isEmpty else { return [:] }
        let (name, address) = ("Gyre", "gyre@localhost")
        return [
            "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address, "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": address,
        ]
    }

    private func release() async throws {
        narrator.step(3, "The runs compared")
        try await narrator.run(["gyre", "runs", "--order", "metrics.recall DESC"])
        narrator.step(4, "A requirement of gyre.yaml refuses one run, and lets one pass: registered, champion")
        let found = try await narrator.ask(["gyre", "runs", "--json", "--filter", "params.C = '0.001'"])
        let weak = try JSONDocument(found).root.elements.first { _ in true }?["run_id"]?.string ?? ""
        try await narrator.run(["gyre", "promote", weak], expecting: [3])
        try await narrator.run(["gyre", "promote", "--best", "recall"])
        narrator.step(5, "An image without a Docker daemon")
        try await narrator.run(["gyre", "build"])
    }

    // MARK: In service

    private func live(_ start: ContinuousClock.Instant) async throws {
        narrator.step(7, "One process: tracking, registry, service, monitoring, loop and page")
        narrator.show(["gyre", "up", "--port", "\(port)"])
        let begun = ContinuousClock.now
        let configuration = narrator.configuration(narrator.program, ["up", "--port", "\(port)", "--json"])
        let log = folder.appending(".gyre").appending("up.log")
        var isOver = false
        do {
            try await serve(configuration, log, begun, start) { isOver = true }
        } catch {
            // Once the story is over, Ctrl-C is how a person ends it.
            guard isOver, Task.isCancelled else { throw error }
        }
    }

    private func serve(
        _ configuration: Configuration,
        _ log: FilePath,
        _ begun: ContinuousClock.Instant,
        _ start: ContinuousClock.Instant,
        onEnd: () -> Void
    ) async throws {
        try await ServerProcess.with(configuration, log: log) { url in
            narrator.say(url)
            narrator.say(ContinuousClock.now - begun)
            let count = try await LiveSteps(narrator: narrator, folder: folder, url: url).run()
            let took = ContinuousClock.now - start
            narrator.say("")
            narrator.say("the whole cycle took \(Humanize.duration(took))")
            if narrator.output.json { try conclude(count, took, url) }
            guard stays else { return .ends }
            onEnd()
            narrator.say("the page is at \(narrator.output.paint(url, .name)); stop it with Ctrl-C")
            return .stays
        }
    }

    private func conclude(_ count: Traffic.Count, _ took: Duration, _ url: String) throws {
        var writer = JSONWriter(pretty: true)
        writer.object { writer in
            narrator.write(into: &writer)
            writer.field("requests_answered", count.answered)
            writer.field("requests_failed", count.failed)
            writer.field("url", stays ? url : nil)
            writer.field("seconds", took / .seconds(1))
        }
        try narrator.output.answer(json: writer.text, text: "")
    }
}
