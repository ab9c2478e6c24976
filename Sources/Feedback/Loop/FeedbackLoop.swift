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
/// turn runs in a project at a time, held by a lock file. A turn that the process dies in leaves the errors unassigned, so
/// the next turn takes them again.
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
    /// - Throws: ``FeedbackError`` `.busy` if one runs already, `.notReady` if there is nothing to learn from. A step that
    ///   fails does not throw: the turn ends as `.failed` with the reason in its note.
    package func turn() async throws -> Turn {
        let lock: FileLock
        do {
            lock = try FileLock.acquire(scratch.appending("loop.lock"), mode: .exclusive, owner: "loop")
        } catch {
            throw FeedbackError(
                .busy,
                what: "cannot start a turn of the loop",
                why: "one is running in this project",
                next: "wait for its end; `gyre status` shows it",
                cause: error
            )
        }
        defer { lock.release() }
        let cases = try await feedback.newCases(model: plan.model)
        guard !cases.isEmpty else {
            throw FeedbackError(
                .notReady,
                what: "cannot start a turn of the loop",
                why: "no gathered error with a known truth waits for a data version",
                next: "send labels for predictions to `/api/gyre/v1/labels`"
            )
        }
        let startedMs = now()
        var turn = try await database.write { writer in
            try TurnStore.closeAbandoned(endedMs: startedMs, in: writer)
            return try TurnStore.begin(startedMs: startedMs, in: writer)
        }
        turn.errors = cases.count
        do {
            try await run(&turn, on: cases)
        } catch is CancellationError {
            turn.state = .interrupted
            turn.note = "it was asked to stop"
        } catch {
            turn.state = .failed
            turn.note = "\(error)"
        }
        turn.endedMs = now()
        try await save(turn)
        return turn
    }

    // MARK: Steps

    private func run(_ turn: inout Turn, on cases: [ErrorCase]) async throws {
        let tree = scratch.appending("retrain-\(turn.id)")
        let git = Git(root: root)
        try await git.worktreeAdd(tree, branch: turn.branch, from: try await base(git))
        do {
            try await learn(&turn, from: cases, in: tree)
        } catch {
            // The first failure is the one to report; a work tree left behind is removed by the next prune.
            try? await git.worktreeRemove(tree)
            throw error
        }
        try await git.worktreeRemove(tree)
    }

    private func learn(_ turn: inout Turn, from cases: [ErrorCase], in tree: FilePath) async throws {
        let data = try DataRepository.open(at: tree, sharingCacheOf: root)
        _ = try await data.checkout(try await data.pointers())
        let table = tree.pushing(plan.errorTable)
        _ = try await errorTable.add(cases, to: table, target: plan.target)
        let pointers = try await data.add([table])
        let digest = pointers.first.map { "md5:\($0.md5)" }
        turn.dataVersion = digest
        let git = Git(root: tree)
        try await git.addAll()
        _ = try await git.commit("Add \(cases.count) gathered errors to \(plan.errorTable)")
        try await save(turn)

        turn.runID = try await retrain(tree, turn)
        try await git.addAll()
        turn.commit = try await git.commit("Retrain on gathered errors (turn \(turn.id))")
        try await save(turn)

        let judgement = try await judge(turn.runID ?? "", tree, plan.promotesAutomatically)
        turn.version = judgement.version
        turn.note = judgement.note
        turn.state = judgement.passed ? (plan.promotesAutomatically ? .promoted : .waiting) : .refused
        if judgement.passed, let digest { try await feedback.assign(cases, to: digest) }
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
}
