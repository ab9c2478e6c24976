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
        narrator.say(narrator.output.paint("$ gyre up --port \(port)", .name))
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(10))]
        let begun = ContinuousClock.now
        let configuration = Configuration(
            executable: .path(narrator.program),
            arguments: ["up", "--port", "\(port)", "--json"],
            environment: .inherit.updating(narrator.variables()),
            workingDirectory: folder,
            platformOptions: options
        )
        let log = folder.appending(".gyre").appending("up.log")
        let descriptor = try FileDescriptor.open(
            log,
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        _ = try await Subprocess.run(
            configuration,
            input: .none,
            output: .sequence,
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            var text: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                if text.contains(UInt8(ascii: "\n")) { break }
            }
            guard let url = try? JSONDocument(text).root["url"]?.string else {
                throw ServerError(
                    .missingRuntime,
                    what: "cannot go on with the demo",
                    why: "`gyre up` ended at once",
                    next: "look at `\(log)`"
                )
            }
            narrator.say(url)
            narrator.say(narrator.output.paint("took \(Humanize.duration(ContinuousClock.now - begun))", .quiet))
            try await LiveSteps(narrator: narrator, folder: folder, url: url).run()
            narrator.say("")
            narrator.say("the whole cycle took \(Humanize.duration(ContinuousClock.now - start))")
            if stays {
                narrator.say("the page is at \(narrator.output.paint(url, .name)); stop it with Ctrl-C")
                for try await _ in execution.standardOutput {}
            }
            try execution.send(signal: .terminate)
        }
    }
}
