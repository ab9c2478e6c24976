// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Feedback
import Files
import Monitoring
import ProjectTesting
import Synchronization
import SystemPackage
import Tables

/// A project whose loop a test can turn: real git, real data versions, a real database, and DuckDB.
struct Ward {
    static let table = "data/errors.csv"
    static let begin = "age,plan,label\n30,pro,well\n"

    let project: TestProject
    let clinic: Clinic
    /// What the registry would say.
    let champion = Champion()

    final class Champion: Sendable {
        private let commit = Mutex<String?>(nil)
        var now: String? { commit.withLock { $0 } }
        func move(to commit: String?) { self.commit.withLock { $0 = commit } }
    }

    init() async throws {
        project = try await TestProject()
        try project.folder.write(Self.begin, to: Self.table)
        try project.folder.write("print('train')\n", to: "train.py")
        try await project.add(Self.table)
        try await project.commit("Code and data")
        // As `gyre init` leaves it.
        try project.folder.write("*\n", to: ".gyre/.gitignore")
        try FileSystem.createDirectory(project.root.pushing(".gyre/scratch"))
        clinic = try await Clinic()
    }

    var scratch: FilePath { project.root.pushing(".gyre/scratch") }

    static let engine = Task { try TableEngine(library: try .find(python: Tool.pythonPath, explicit: nil)) }

    /// The loop with a training and a judge of the test's own.
    func loop(
        rules: [String] = ["errors.new >= 2"],
        promotes: Bool = true,
        table: String = Self.table,
        target: String = "label",
        root: FilePath? = nil,
        clinic: Clinic? = nil,
        drift: Double? = nil,
        retrain: @escaping FeedbackLoop.Retrain = { root, _ in
            try AtomicFile.write("weights", to: root.appending("model.txt"))
            return "run-1"
        },
        judge: @escaping FeedbackLoop.Judge = { _, _, _ in Judgement(passed: true, version: "2", note: "better") }
    ) throws -> FeedbackLoop {
        let (champion, clinic) = (champion, clinic ?? self.clinic)
        return FeedbackLoop(
            root: root ?? project.root,
            scratch: root?.pushing(".gyre/scratch") ?? scratch,
            database: clinic.database,
            feedback: clinic.feedback,
            errorTable: ErrorTable(engine: { try await Self.engine.value }),
            plan: LoopPlan(
                model: "churn",
                target: target,
                errorTable: FilePath(table),
                rules: try rules.map { try RetrainRule($0) },
                promotesAutomatically: promotes
            ),
            retrain: retrain,
            judge: judge,
            championCommit: { champion.now },
            driftShare: { drift },
            now: clinic.now
        )
    }

    /// Errors of these ages, gathered.
    func gather(_ ages: Int...) async throws {
        for age in ages {
            clinic.log("p\(age)", "well", features: [("age", .number(Double(age))), ("plan", .text("basic"))])
            try await clinic.label(("p\(age)", "sick"))
        }
        _ = try await clinic.feedback.gather()
    }

    /// Ids of the errors that wait for a data version.
    func waiting() async throws -> [String] {
        try await clinic.feedback.newCases(model: "churn").map(\.predictionID).sorted()
    }

    /// The error table as a commit has it.
    func table(at commit: String) async throws -> String {
        let pointer = try await project.git("show", "\(commit):\(Self.table).dvc").output
        let md5 = pointer.split(separator: "md5: ")[1].prefix(32)
        return try FileReader.text(of: project.data.cache.object(String(md5)))
    }

    /// All that is the user's: files, the index, the branch; and that no work tree of ours is left.
    func userState() async throws -> [String: [UInt8]] {
        var state = try project.folder.contents(skipping: [".git", ".gyre", "cache", "tmp"])
        state["HEAD"] = Array(try await project.git("rev-parse", "HEAD", "--abbrev-ref", "HEAD").output.utf8)
        state["status"] = Array(try await project.git("status", "--porcelain").output.utf8)
        state["trees"] = Array(try await project.git("worktree", "list").output.utf8)
        state["scratch"] = Array(try FileSystem.list(scratch).filter { $0 != "loop.lock" }.joined().utf8)
        return state
    }
}
