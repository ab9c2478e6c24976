// SPDX-License-Identifier: Apache-2.0

import DataVersions
package import Database
import Files
package import SystemPackage

/// What one project's loop does.
package struct LoopPlan: Sendable {
    /// The registered model that the loop improves.
    package let model: String
    /// The label column of the error table.
    package let target: String
    /// The table of gathered errors, relative to the project; versioned like other data.
    package let errorTable: FilePath
    /// A turn begins when one of these fires.
    package let rules: [RetrainRule]
    /// Whether a challenger that passed serves without a person's word.
    package let promotesAutomatically: Bool

    /// A plan.
    package init(
        model: String,
        target: String,
        errorTable: FilePath,
        rules: [RetrainRule],
        promotesAutomatically: Bool
    ) {
        self.model = model
        self.target = target
        self.errorTable = errorTable
        self.rules = rules
        self.promotesAutomatically = promotesAutomatically
    }
}

/// What the judge said about a challenger.
package struct Judgement: Sendable {
    /// Whether every requirement is met.
    package let passed: Bool
    /// The model version it became; nil if it was not registered.
    package let version: String?
    /// One line for people.
    package let note: String

    /// A judgement.
    package init(passed: Bool, version: String?, note: String) {
        self.passed = passed
        self.version = version
        self.note = note
    }
}

/// Closes the cycle: gathered errors become a data version, a challenger is trained on it in a work tree of its own, judged
/// against the champion, and promoted if it passed.
///
/// The user's own work tree is never touched: each turn leaves a branch `gyre/retrain-N` to look at and merge. At most one
/// turn runs in a project at a time, held by a lock file. If the process dies in a turn, the next one finds by the history of
/// its first commit which errors were learned, and takes the others again.
package struct FeedbackLoop: Sendable {
    /// Trains in a work tree and names the run.
    package typealias Retrain = @Sendable (_ root: FilePath, _ turn: Turn) async throws -> String
    /// Judges a run's model on the data of a work tree; promotes it if it passes and `promote` says so.
    package typealias Judge = @Sendable (_ run: String, _ root: FilePath, _ promote: Bool) async throws -> Judgement

    private let root: FilePath
    private let scratch: FilePath
    private let database: SQLDatabase
    private let feedback: FeedbackService
    private let errorTable: ErrorTable
    private let plan: LoopPlan
    private let retrain: Retrain
    private let judge: Judge
    private let championCommit: @Sendable () async throws -> String?
    private let driftShare: @Sendable () async throws -> Double?
    private let now: @Sendable () -> Int64

    /// A loop over the project at `root`.
    ///
    /// - Parameters:
    ///   - root: The project, inside a git repository.
    ///   - scratch: A folder of Gyre's own for work trees.
    ///   - database: Holds the room's tables.
    ///   - feedback: Where errors gather.
    ///   - errorTable: Writes errors into the project's table.
    ///   - plan: What to do.
    ///   - retrain: Runs the pipeline.
    ///   - judge: Compares challenger and champion.
    ///   - championCommit: The commit that the champion was trained on; nil if there is none.
    ///   - driftShare: Share of features that drifted, 0 to 1; nil if it is not known.
    ///   - now: The clock, milliseconds UTC.
    package init(
        root: FilePath,
        scratch: FilePath,
        database: SQLDatabase,
        feedback: FeedbackService,
        errorTable: ErrorTable,
        plan: LoopPlan,
        retrain: @escaping Retrain,
        judge: @escaping Judge,
        championCommit: @escaping @Sendable () async throws -> String?,
        driftShare: @escaping @Sendable () async throws -> Double?,
        now: @escaping @Sendable () -> Int64
    ) {
        self.root = root
        self.scratch = scratch
        self.database = database
        self.feedback = feedback
        self.errorTable = errorTable
        self.plan = plan
        self.retrain = retrain
        self.judge = judge
        self.championCommit = championCommit
        self.driftShare = driftShare
        self.now = now
    }

    /// The newest turns first, at most `limit`.
    package static func turns(in database: SQLDatabase, limit: Int = 20) async throws -> [Turn] {
        try await database.read { try TurnStore.turns(limit: limit, in: $0) }
    }

    /// Gathers what has arrived, and runs a turn if a rule fires.
    ///
    /// - Returns: The turn; nil if no rule fired.
    package func turnIfDue() async throws -> Turn? {
        _ = try await feedback.gather()
        guard try await firingRule() != nil else { return nil }
        return try await turn()
    }

    /// The first rule that fires now.
    package func firingRule() async throws -> RetrainRule? {
        let model = plan.model
        let fresh = try await database.read { try TurnStore.freshErrors(model: model, in: $0) }
        for rule in plan.rules {
            switch rule.quantity {
            case .newErrors:
                if rule.fires(at: Double(fresh)) { return rule }
            case .driftShare:
                // Without a new error there is nothing to learn from, whatever the inputs did.
                guard fresh > 0, let share = try await driftShare() else { continue }
                if rule.fires(at: share) { return rule }
            }
        }
        return nil
    }

    /// Runs a turn now.
    ///
    /// - Returns: The turn, ended. A step that fails does not throw: the turn ends as `.failed` with the reason in its note.
    /// - Throws: ``FeedbackError`` `.busy` if one runs already, `.notReady` if there is nothing to learn from or no commit to
    ///   start at.
    package func turn() async throws -> Turn {
        let lock = try lock()
        defer { lock.release() }
        let startedMs = now()
        try await database.write { try TurnStore.closeAbandoned(endedMs: startedMs, in: $0) }
        try await removeAbandonedTrees()
        let git = Git(root: root)
        let (base, taken) = try await start(git)
        let cases = try await feedback.newCases(model: plan.model)
        guard !cases.isEmpty else {
            throw FeedbackError(
                .notReady,
                what: "cannot start a turn of the loop",
                why: "no gathered error with a known truth waits for a data version",
                next: "send labels for predictions to `/api/gyre/v1/labels`"
            )
        }
        var turn = try await database.write {
            try TurnStore.begin(startedMs: startedMs, beyond: taken, in: $0)
        }
        turn.errors = cases.count
        do {
            try await run(&turn, on: cases, from: base, git)
        } catch {
            let isStopped = error is CancellationError || Task.isCancelled
            turn.state = isStopped ? .interrupted : .failed
            turn.note = isStopped ? "it was asked to stop" : String("\(error)".prefix(2_000))
        }
        turn.endedMs = now()
        let ended = turn
        try await shielded {
            // What nothing builds on must be learned by the next turn.
            if ![.promoted, .waiting].contains(ended.state) { try await takeBack(from: base, git) }
            try await save(ended)
        }
        return turn
    }

    // MARK: Start

    private func lock() throws -> FileLock {
        do {
            return try FileLock.acquire(scratch.appending("loop.lock"), mode: .exclusive, owner: "loop")
        } catch {
            guard error.code == .locked else { throw error }
            throw FeedbackError(
                .busy,
                what: "cannot start a turn of the loop",
                why: "one is running in this project",
                next: "wait for its end; `gyre status` shows it",
                cause: error
            )
        }
    }

    /// Work trees of turns whose process died; nobody else has any, as we hold the lock.
    private func removeAbandonedTrees() async throws {
        let scratch = scratch
        try await BlockingPool.shared.run {
            for name in try FileSystem.list(scratch) where name.hasPrefix(Self.treePrefix) {
                try FileSystem.removeTree(scratch.appending(name))
            }
        }
    }

    private static let treePrefix = "retrain-"

    /// The error table's path in the project; a work tree of ours must not be left by it.
    private func table() throws -> String {
        if let path = ProjectPath.normalized(plan.errorTable.string) { return path }
        throw FeedbackError(
            .notReady,
            what: "cannot start a turn of the loop",
            why: "the error table `\(plan.errorTable)` does not lie inside the project",
            next: "correct `loop.errors` in `gyre.yaml`"
        )
    }

    /// The commit to start at, and the highest number of a branch of ours, which may be older than the database.
    private func start(_ git: Git) async throws -> (base: String, taken: Int) {
        do {
            let base = try await base(git)
            try await takeBack(from: base, git)
            let branches = try await git.branches(Turn.branchPrefix)
            return (base, branches.compactMap { Int($0.dropFirst(Turn.branchPrefix.count)) }.max() ?? 0)
        } catch let error as DataVersionsError {
            throw FeedbackError(
                .notReady,
                what: "cannot start a turn of the loop",
                why: error.why,
                next: error.next,
                cause: error
            )
        }
    }

    /// Lets errors wait again whose data version is not in the history that a turn starts from.
    ///
    /// Their turn was not promoted, or somebody went on without it. What is in the history is learned already.
    private func takeBack(from base: String, _ git: Git) async throws {
        let hashes = try await git.hashes(in: "\(try table()).dvc", historyOf: base)
        try await feedback.keepAssigned(of: plan.model, in: Set(hashes.map { "md5:\($0)" }))
    }

    // MARK: Steps

    private func run(_ turn: inout Turn, on cases: [ErrorCase], from base: String, _ git: Git) async throws {
        let tree = scratch.appending("\(Self.treePrefix)\(turn.id)")
        try await git.worktreeAdd(tree, branch: turn.branch, from: base)
        do {
            try await learn(&turn, from: cases, in: tree)
        } catch {
            // The first failure is the one to report; a work tree that stays is removed by the next turn.
            try? await shielded { try await git.worktreeRemove(tree) }
            throw error
        }
        try await shielded { try await git.worktreeRemove(tree) }
    }

    private func learn(_ turn: inout Turn, from cases: [ErrorCase], in tree: FilePath) async throws {
        let data = try DataRepository.open(at: tree, sharingCacheOf: root)
        let table = tree.pushing(FilePath(try table()))
        // Before anything is written there: no link may lead out of the work tree.
        _ = try data.relative(table)
        _ = try await data.checkout(try await data.pointers())
        _ = try await errorTable.add(cases, to: table, target: plan.target)
        let pointers = try await data.add([table])
        turn.dataVersion = pointers.first.map { "md5:\($0.md5)" }
        let git = Git(root: tree)
        try await git.addAll()
        _ = try await git.commit("Add \(cases.count) gathered errors to \(try self.table())")
        // Before the judge: if the process dies behind a promotion, the errors that were learned must not be taken again.
        if let version = turn.dataVersion { try await feedback.assign(cases, to: version) }
        try await save(turn)

        turn.runID = try await retrain(tree, turn)
        try await git.addAll()
        turn.commit = try await git.commit("Retrain on gathered errors (turn \(turn.id))")
        try await save(turn)

        let judgement = try await judge(turn.runID ?? "", tree, plan.promotesAutomatically)
        turn.version = judgement.version
        turn.note = judgement.note
        turn.state = judgement.passed ? (plan.promotesAutomatically ? .promoted : .waiting) : .refused
    }

    /// Where a turn starts: at the champion's commit if the user's branch is part of it, so that turns build on each other
    /// before anybody merges; else at the user's commit.
    private func base(_ git: Git) async throws -> String {
        let head = try await git.head()
        guard let champion = try await championCommit(), champion != head else { return head }
        return try await git.isAncestor(head, of: champion) ? champion : head
    }

    private func save(_ turn: Turn) async throws {
        try await database.write { try TurnStore.update(turn, in: $0) }
    }

    /// Runs to its end what must be done also by a task that is cancelled.
    private func shielded(_ body: @escaping @Sendable () async throws -> Void) async throws {
        // A task of its own is not cancelled with us; we wait for it.
        try await Task { try await body() }.value
    }
}
