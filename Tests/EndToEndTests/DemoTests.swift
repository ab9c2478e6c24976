// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

/// The whole cycle, looked at with the tools of others.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct DemoTests {
    @Test func `the demo leaves what its story says`() async throws {
        let demo = try await DemoProject.shared
        let gyre = Program(folder: demo.folder)

        // Data versions in commits, and nothing of the user's left uncommitted.
        let log = try await gyre.tool("git", "log", "--all", "--format=%s").output.split(separator: "\n")
        #expect(log.contains("First data") && log.contains("Three trainings"))
        #expect(log.contains { $0.hasPrefix("Retrain on gathered errors") })
        #expect(log.contains { $0.hasPrefix("Add ") && $0.hasSuffix("gathered errors to data/errors.csv") })
        let status = try await gyre.tool("git", "status", "--porcelain")
        #expect(status.output.isEmpty && status.code == 0, "\(status.output)\(status.error)")
        for name in ["train", "test", "holdback", "errors"] {
            let sum = try await gyre.tool("md5sum", "data/\(name).csv").output.prefix(32)
            #expect(try await gyre.tool("git", "show", "HEAD:data/\(name).csv.dvc").output.contains("md5: \(sum)"))
        }

        // Four runs: three trainings with other parameters, and a retraining.
        let runs = try Array(await gyre.json("runs").elements)
        let trainings = runs.filter { $0["name"]?.string?.hasPrefix("retrain-") == false }
        #expect(runs.count == 4)
        #expect(Set(trainings.compactMap { $0["params"]?["C"]?.string }) == ["0.0001", "0.001", "0.01"])
        #expect(runs.allSatisfy { $0["status"]?.string == "FINISHED" && ($0["metrics"]?["recall"]?.double ?? -1) >= 0 })

        // The requirement of `gyre.yaml` by the numbers of the runs: what is below it became no version.
        #expect(try FileReader.text(of: demo.folder.appending("gyre.yaml")).contains("recall >= 0.90"))
        let weak = try #require(trainings.first { $0["params"]?["C"]?.string == "0.001" })
        #expect(try #require(weak["metrics"]?["recall"]?.double) < 0.9)
        let registered = try await gyre.rows("SELECT run_id FROM registry_versions")
        #expect(registered.count == 2)
        #expect(!registered.contains(try #require(weak["run_id"]?.string)))
        #expect(try await gyre.rows("SELECT alias, version FROM registry_aliases") == ["champion 2"])

        // The image, by the tools that ship images.
        let archive = "oci-archive:.gyre/images/breast-cancer-1.tar"
        let image = try await gyre.tool("skopeo", "inspect", archive)
        #expect(image.code == 0, "\(image.error)")
        #expect(image.output.contains("\"org.opencontainers.image.title\": \"breast-cancer\""))

        // Errors of both kinds, of which a data version was made.
        let errors = try Array(await gyre.json("errors").elements)
        #expect(errors.contains { $0["kind"]?.string == "false_negative" })
        #expect(errors.contains { $0["kind"]?.string == "false_positive" })
        #expect(errors.contains { $0["comment"]?.string == "does not fit what I see" })
        let table = try await gyre.tool("git", "show", "gyre/retrain-1:data/errors.csv.dvc").output
        let version = try #require(errors.first?["data_version"]?.string)
        #expect(version.hasPrefix("md5:") && table.contains("md5: \(version.dropFirst(4))"))
        let kept = ".dvc/cache/files/md5/\(version.dropFirst(4).prefix(2))/\(version.dropFirst(6))"
        #expect(try await gyre.tool("md5sum", kept).output.hasPrefix(String(version.dropFirst(4))))

        // One JSON document, with a story beside it; each step took its time; no request failed.
        let result = try JSONDocument(demo.result).root
        let steps = result["steps"].map { Array($0.elements) } ?? []
        #expect(steps.compactMap { $0["step"]?.int64 } == Array(1...11))
        #expect(try #require(result["requests_answered"]?.int64) > 100)
        #expect(result["requests_failed"]?.int64 == 0)
        let commands = steps.flatMap { step in step["commands"].map { Array($0.elements) } ?? [] }
        #expect(commands.allSatisfy { ($0["seconds"]?.double ?? 0) > 0 })
        #expect(commands.filter { $0["exit_code"]?.int64 == 3 }.count == 1)
        for command in ["gyre init", "gyre repro", "gyre promote", "gyre build", "gyre up", "gyre lineage"] {
            #expect(demo.story.contains("$ \(command)"))
        }

        // From the last prediction back to the commit.
        let command = try #require(commands.compactMap { $0["command"]?.string }.last { $0.hasPrefix("gyre lineage ") })
        let prediction = String(command.dropFirst("gyre lineage ".count))
        let lineage = try await gyre.run("lineage", prediction).output
        let commit = try await gyre.tool("git", "rev-parse", "gyre/retrain-1~1").output.prefix(40)
        let retraining = try #require(runs.first { $0["name"]?.string == "retrain-1" }?["run_id"]?.string)
        for part in ["prediction \(prediction)", "breast-cancer/2", retraining, version, String(commit)] {
            #expect(lineage.contains(part), "\(part) in \(lineage)")
        }

        // Nothing runs on.
        #expect(!FileSystem.exists(demo.folder.appending(".gyre/server.json")))
        #expect(try await gyre.processesThatStay().isEmpty)
    }
}
