// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Feedback
import Files
import ProjectTesting
import Synchronization
import SystemPackage
import Testing

/// Every way in which a turn ends.
struct LoopOutcomeTests {
    private let ward: Ward
    init() async throws { ward = try await Ward() }

    private struct Trouble: Error, CustomStringConvertible {
        let description = "the pipeline broke"
    }

    @Test func `a turn that passes is promoted, on a branch with data and retraining`() async throws {
        try await ward.gather(40, 50)
        // The user is in the middle of something.
        try ward.project.folder.write("print('edited')\n", to: "train.py")
        try ward.project.folder.write("new\n", to: "new.py")
        try await ward.project.git("add", "new.py")
        let before = try await ward.userState()
        let seen = Mutex<[String]>([])
        let loop = try ward.loop(
            retrain: { root, turn in
                let rows = try FileReader.text(of: root.pushing(FilePath(Ward.table)))
                let code = try FileReader.text(of: root.appending("train.py"))
                seen.withLock { $0 += [rows, code, "turn \(turn.id) \(turn.dataVersion != nil)"] }
                try AtomicFile.write("weights", to: root.appending("model.txt"))
                return "run-1"
            },
            judge: { run, root, promotes in
                seen.withLock {
                    $0.append("judge \(run) \(FileSystem.exists(root.appending("model.txt"))) \(promotes)")
                }
                return Judgement(passed: true, version: "2", note: "recall 0.9 > 0.8")
            }
        )
        let turn = try await loop.turn()
        #expect(turn.state == .promoted && turn.id == 1 && turn.errors == 2 && turn.branch == "gyre/retrain-1")
        #expect(turn.runID == "run-1" && turn.version == "2" && turn.note == "recall 0.9 > 0.8")
        #expect(turn.endedMs.map { $0 > turn.startedMs } == true)
        let rows = Ward.begin + "40,basic,sick\n50,basic,sick\n"
        #expect(seen.withLock { $0 } == [rows, "print('train')\n", "turn 1 true", "judge run-1 true true"])

        #expect(try await ward.userState() == before, "the user's own tree is not touched")
        let log = try await ward.project.git("log", "--format=%s", "gyre/retrain-1").output.split(separator: "\n")
        #expect(
            log == [
                "Retrain on gathered errors (turn 1)", "Add 2 gathered errors to data/errors.csv", "Code and data",
                "Begin",
            ]
        )
        #expect(try await ward.project.git("rev-parse", turn.branch).output == "\(turn.commit ?? "")\n")
        #expect(try await ward.table(at: turn.branch) == rows)
        let error = try #require(try await ward.clinic.feedback.error(of: "p40"))
        #expect(error.dataVersion == turn.dataVersion)
        #expect(try await ward.clinic.feedback.predictions(in: turn.dataVersion ?? "") == ["p40", "p50"])
        let told = try await FeedbackLoop.turns(in: ward.clinic.database)
        #expect(told.map { "\($0.id) \($0.state) \($0.commit ?? "")" } == ["1 promoted \(turn.commit ?? "")"])
    }

    @Test func `a challenger that is refused leaves its errors to the next turn`() async throws {
        try await ward.gather(40, 50)
        let before = try await ward.userState()
        let refusing = try ward.loop(judge: { _, _, _ in
            Judgement(passed: false, version: nil, note: "recall 0.7 < 0.8")
        })
        let turn = try #require(try await refusing.turnIfDue())
        #expect(turn.state == .refused && turn.note == "recall 0.7 < 0.8" && turn.version == nil)
        #expect(try await ward.waiting() == ["p40", "p50"])
        #expect(try await ward.userState() == before)
        // The same errors alone do not start the next turn, or it would never end.
        #expect(try await refusing.turnIfDue() == nil)
        try await ward.gather(60, 70)
        let next = try #require(try await ward.loop().turnIfDue())
        #expect(next.state == .promoted && next.id == 2 && next.errors == 4)
        #expect(
            try await ward.table(at: next.branch) == Ward.begin
                + [40, 50, 60, 70].map { "\($0),basic,sick\n" }.joined()
        )
    }

    @Test func `a step that fails ends the turn with its reason, and the next one can go on`() async throws {
        try await ward.gather(40, 50)
        let before = try await ward.userState()
        let turn = try await ward.loop(retrain: { _, _ in throw Trouble() }).turn()
        #expect(turn.state == .failed && turn.note == "the pipeline broke" && turn.runID == nil)
        #expect(try await ward.waiting() == ["p40", "p50"])
        #expect(try await ward.userState() == before)
        let judged = try await ward.loop(judge: { _, _, _ in throw Trouble() }).turn()
        #expect(judged.state == .failed && judged.commit != nil)
        #expect(try await ward.waiting() == ["p40", "p50"])
        #expect(try await ward.loop().turn().state == .promoted)
        #expect(try await ward.waiting().isEmpty)
    }

    @Test(.timeLimit(.minutes(5))) func `a turn that is stopped says so, cleans up, and the next one can go on`()
        async throws
    {
        try await ward.gather(40, 50)
        let before = try await ward.userState()
        let (steps, reached) = AsyncStream.makeStream(of: Void.self)
        let loop = try ward.loop(retrain: { _, _ in
            reached.yield()
            try await Task.sleep(for: .seconds(600))
            return "never"
        })
        let turning = Task { try await loop.turn() }
        for await _ in steps { break }
        turning.cancel()
        let turn = try await turning.value
        #expect(turn.state == .interrupted && turn.note == "it was asked to stop" && turn.endedMs != nil)
        #expect(try await FeedbackLoop.turns(in: ward.clinic.database).map(\.state) == [.interrupted])
        #expect(try await ward.userState() == before)
        #expect(try await ward.waiting() == ["p40", "p50"])
        #expect(try await ward.loop().turnIfDue()?.state == .promoted, "it is still due")
    }

    @Test(.timeLimit(.minutes(5))) func `two turns never run at once`() async throws {
        try await ward.gather(40, 50)
        let (steps, reached) = AsyncStream.makeStream(of: Void.self)
        let (signals, go) = AsyncStream.makeStream(of: Void.self)
        let loop = try ward.loop(retrain: { _, _ in
            reached.yield()
            for await _ in signals { break }
            return "run"
        })
        let turning = Task { try await loop.turn() }
        for await _ in steps { break }
        let error = try await #require(throws: FeedbackError.self) { try await ward.loop().turn() }
        #expect(error.code == .busy)
        #expect(try await FeedbackLoop.turns(in: ward.clinic.database).map(\.state) == [.running])
        go.yield()
        #expect(try await turning.value.state == .promoted)
        #expect(try await FeedbackLoop.turns(in: ward.clinic.database).count == 1)
    }

    // MARK: Nothing to do

    @Test func `without an error there is no turn`() async throws {
        #expect(try await ward.loop().turnIfDue() == nil)
        let error = try await #require(throws: FeedbackError.self) { try await ward.loop().turn() }
        #expect(error.code == .notReady && error.next?.contains("/labels") == true)
        // A complaint without a truth teaches nothing.
        ward.clinic.log("c", "well")
        try await ward.clinic.complain("c", "words")
        _ = try await ward.clinic.feedback.gather()
        await #expect(throws: FeedbackError.self) { try await ward.loop().turn() }
        #expect(try await FeedbackLoop.turns(in: ward.clinic.database).isEmpty)
    }

    @Test(
        arguments: [
            (["errors.new >= 3"], nil, false), (["errors.new >= 2"], nil, true), (["drift.share >= 0.3"], nil, false),
            (["drift.share >= 0.3"], 0.2, false), (["drift.share >= 0.3"], 0.3, true),
            (["errors.new >= 3", "drift.share > 0"], 0.5, true), ([], 1.0, false),
        ] as [([String], Double?, Bool)]
    )
    func `a turn begins when a rule fires`(rules: [String], drift: Double?, fires: Bool) async throws {
        try await ward.gather(40, 50)
        #expect(try await (ward.loop(rules: rules, drift: drift).firingRule() != nil) == fires)
    }

    @Test func `drift without an error starts nothing`() async throws {
        #expect(try await ward.loop(rules: ["drift.share > 0"], drift: 1).firingRule() == nil)
    }

    @Test func `a project without a commit says what is missing`() async throws {
        try await ward.gather(40)
        let empty = try TestFolder()
        try FileSystem.createDirectory(empty.path.pushing(".gyre/scratch"))
        let none = try await #require(throws: FeedbackError.self) { try await ward.loop(root: empty.path).turn() }
        #expect(none.code == .notReady && none.why.contains("not a git repository"))
        try await Git(root: empty.path).initialize()
        let early = try await #require(throws: FeedbackError.self) { try await ward.loop(root: empty.path).turn() }
        #expect(early.code == .notReady && early.why == "there is no commit yet")
        #expect(try await ward.waiting() == ["p40"])
    }

    @Test(arguments: [
        ("data/errors.csv", "diagnosis", "no column `diagnosis`"), ("data/none.csv", "label", "none.csv"),
        ("train.py", "label", "train.py"), ("linked/x.csv", "label", "`linked` is a link"),
    ])
    func `a table that cannot be used fails the turn and changes nothing`(
        table: String,
        target: String,
        note: String
    ) async throws {
        let elsewhere = try TestFolder()
        try FileSystem.symlink(elsewhere.path, at: ward.project.root.appending("linked"))
        try await ward.project.commit("A link")
        try elsewhere.write("age,label\n", to: "x.csv")
        try await ward.gather(40)
        let before = try await ward.userState()
        let turn = try await ward.loop(table: table, target: target).turn()
        #expect(turn.state == .failed && turn.note.contains(note), "\(turn.note)")
        #expect(turn.dataVersion == nil && turn.runID == nil)
        #expect(try await ward.userState() == before)
        #expect(try await ward.waiting() == ["p40"])
        #expect(try elsewhere.text("x.csv") == "age,label\n")
    }

    @Test(arguments: ["../outside.csv", "/etc/outside.csv", "data/../../x.csv", "."])
    func `a table outside of the project starts no turn`(table: String) async throws {
        try await ward.gather(40)
        let error = try await #require(throws: FeedbackError.self) { try await ward.loop(table: table).turn() }
        #expect(error.code == .notReady && error.why.contains("does not lie inside") && error.next != nil)
        #expect(try await FeedbackLoop.turns(in: ward.clinic.database).isEmpty)
    }
}
