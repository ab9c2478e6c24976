// SPDX-License-Identifier: Apache-2.0

import Feedback
import Files
import Foundation
import ProjectTesting
import SystemPackage
import Testing

/// What a turn builds on, and what is learned once and only once.
struct LoopHistoryTests {
    private let ward: Ward
    init() async throws { ward = try await Ward() }

    /// Moves the champion to a turn's data, as the registry knows it by the run's commit.
    private func promote(_ turn: Turn) async throws {
        let commits = try await ward.project.git("rev-list", "-2", turn.commit ?? "").output.split(separator: "\n")
        ward.champion.move(to: String(commits[1]))
    }

    private func rows(_ ages: Int...) -> String { Ward.begin + ages.map { "\($0),basic,sick\n" }.joined() }

    @Test func `turns build on each other before anybody merges`() async throws {
        try await ward.gather(40)
        try await promote(try await ward.loop().turn())
        try await ward.gather(50)
        let second = try await ward.loop().turn()
        #expect(second.errors == 1 && second.id == 2)
        #expect(try await ward.table(at: second.branch) == rows(40, 50))
    }

    @Test func `who goes on without a turn gets its errors again`() async throws {
        try await ward.gather(40)
        try await promote(try await ward.loop().turn())
        // The user's branch goes another way.
        try ward.project.folder.write("print('other')\n", to: "train.py")
        try await ward.project.commit("Mine")
        try await ward.gather(50)
        let second = try await ward.loop().turn()
        #expect(second.errors == 2)
        #expect(try await ward.table(at: second.branch) == rows(40, 50))
        #expect(try await ward.project.git("show", "\(second.branch):train.py").output == "print('other')\n")
    }

    @Test(arguments: ["merge", "squash"]) func `who merged a turn does not get its errors twice`(
        how: String
    ) async throws {
        try await ward.gather(40)
        let first = try await ward.loop().turn()
        try ward.project.folder.write("print('other')\n", to: "train.py")
        try await ward.project.commit("Mine")
        if how == "merge" {
            try await ward.project.git("merge", "-q", "--no-edit", first.branch)
        } else {
            try await ward.project.git("merge", "-q", "--squash", first.branch)
            try await ward.project.git("commit", "-q", "-m", "Their turn")
        }
        try await ward.project.git("branch", "-q", "-D", first.branch)
        try await ward.gather(50)
        let second = try await ward.loop().turn()
        #expect(second.errors == 1)
        #expect(try await ward.table(at: second.branch) == rows(40, 50))
    }

    @Test func `a challenger that waits for a person's word is learned when it is given`() async throws {
        try await ward.gather(40)
        let first = try await ward.loop(promotes: false).turn()
        #expect(first.state == .waiting)
        #expect(try await ward.waiting().isEmpty)
        try await promote(first)
        try await ward.gather(50)
        let second = try await ward.loop(promotes: false).turn()
        #expect(second.errors == 1)
        #expect(try await ward.table(at: second.branch) == rows(40, 50))
        // This one is never promoted: what it would have learned is not lost.
        try await ward.gather(60)
        let third = try await ward.loop(promotes: false).turn()
        #expect(third.errors == 2)
        #expect(try await ward.table(at: third.branch) == rows(40, 50, 60))
    }

    @Test func `a branch of an earlier database is left alone`() async throws {
        try await ward.project.git("branch", "gyre/retrain-7")
        let old = try await ward.project.git("rev-parse", "gyre/retrain-7").output
        try await ward.gather(40)
        let turn = try await ward.loop().turn()
        #expect(turn.id == 8 && turn.branch == "gyre/retrain-8")
        #expect(try await ward.project.git("rev-parse", "gyre/retrain-7").output == old)
    }

    // MARK: A process that dies

    private static let variable = "GYRE_TEST_LOOP_FOLDER"
    private static let folder = ProcessInfo.processInfo.environment[variable]

    @Test(.enabled(if: folder != nil, "it is the second process of the next test"))
    func `a turn that hangs at its last step`() async throws {
        let folder = FilePath(try #require(Self.folder))
        let clinic = try await Clinic(at: folder)
        // Nothing of this ward's own project is used but what the loop needs.
        let root = FilePath(try FileReader.text(of: folder.appending("root")))
        let hangs = try FileReader.text(of: folder.appending("step"))
        @Sendable func hang(at step: String) async throws {
            guard step == hangs else { return }
            print("\nreached \(step)")
            fflush(nil)
            try await Task.sleep(for: .seconds(600))
        }
        let loop = try ward.loop(
            root: root,
            clinic: clinic,
            retrain: { root, _ in
                try await hang(at: "retrain")
                return "run"
            },
            judge: { _, tree, _ in
                let commit = try await Tool.git.run(["rev-parse", "HEAD~0"], in: tree).output.prefix(40)
                let data = try await Tool.git.run(
                    ["rev-list", "-1", String(commit), "--", "\(Ward.table).dvc"],
                    in: tree
                )
                try AtomicFile.write(String(data.output.prefix(40)), to: folder.appending("champion"))
                try await hang(at: "promoted")
                return Judgement(passed: true, version: "2", note: "")
            }
        )
        _ = try await loop.turn()
    }

    @Test(
        .enabled(if: folder == nil, "it would start itself again"),
        .timeLimit(.minutes(5)),
        arguments: ["retrain", "promoted"]
    )
    func `after kill -9 the next turn cleans up, and takes what was not learned`(step: String) async throws {
        try await ward.gather(40, 50)
        let before = try await ward.userState()
        let folder = try #require(ward.clinic.path)
        try AtomicFile.write(ward.project.root.string, to: folder.appending("root"))
        try AtomicFile.write(step, to: folder.appending("step"))
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "a turn that hangs at its last step"]
        child.environment = ProcessInfo.processInfo.environment.merging([
            // What it cannot remove is removed with our folder.
            Self.variable: folder.string, "TMPDIR": folder.string,
        ]) { $1 }
        let output = Pipe()
        child.standardOutput = output
        child.standardError = FileHandle.nullDevice
        try child.run()
        let (handle, id) = (output.fileHandleForReading, child.processIdentifier)
        try await BlockingPool(threads: 1).run {
            var text = ""
            while !text.contains("\nreached \(step)\n") {
                let data = handle.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
            }
            kill(id, SIGKILL)
        }
        child.waitUntilExit()
        #expect(child.terminationReason == .uncaughtSignal)
        #expect(try await FeedbackLoop.turns(in: ward.clinic.database).map(\.state) == [.running])
        #expect(FileSystem.exists(ward.scratch.appending("retrain-1")))
        if FileSystem.exists(folder.appending("champion")) {
            ward.champion.move(to: try FileReader.text(of: folder.appending("champion")))
        }

        try await ward.gather(60)
        let turn = try await ward.loop().turn()
        #expect(turn.state == .promoted && turn.id == 2)
        #expect(turn.errors == (step == "promoted" ? 1 : 3), "what serves already is not learned twice")
        #expect(try await ward.table(at: turn.branch) == rows(40, 50, 60))
        let turns = try await FeedbackLoop.turns(in: ward.clinic.database)
        #expect(turns.map(\.state) == [.promoted, .interrupted])
        #expect(turns.last?.note == "the process ended in the middle" && turns.last?.endedMs != nil)
        #expect(try await ward.userState() == before)
    }
}
