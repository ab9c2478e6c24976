// SPDX-License-Identifier: Apache-2.0

import GRDB
import Synchronization

/// Lets writers that come at the same time share one transaction, and so one sync of the disk.
///
/// While a group commits, the next one gathers. Each writer works in a savepoint of its own: an error undoes only its part.
/// Nobody hears of success before the group's commit is durable.
final class GroupCommitter: Sendable {
    /// One writer's part.
    struct Job: Sendable {
        /// Does the work inside the savepoint; an error undoes it.
        let work: @Sendable (SQLWriter) throws -> Void
        /// Called once: with nil after the commit, or with what went wrong.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var isDraining = false
    }

    /// The most writers in one transaction: bounds how long the first waits for the last.
    static let groupLimit = 512

    private let pool: DatabasePool
    private let state = Mutex(State())
    private let commits = Atomic<Int>(0)

    init(pool: DatabasePool) { self.pool = pool }

    /// How many transactions were committed.
    var commitCount: Int { commits.load(ordering: .relaxed) }

    /// Puts a job into the next group.
    func submit(_ job: Job) {
        let starts = state.withLock { state in
            state.waiting.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if starts { scheduleDrain() }
    }

    private func scheduleDrain() {
        // GRDB runs this on its writer's own queue, never on the cooperative pool.
        pool.asyncWriteWithoutTransaction { database in self.drain(database) }
    }

    private func drain(_ database: GRDB.Database) {
        while let group = nextGroup() { run(group, database) }
    }

    private func nextGroup() -> [Job]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isDraining = false
                return nil
            }
            let group = Array(state.waiting.prefix(Self.groupLimit))
            state.waiting.removeFirst(group.count)
            return group
        }
    }

    private func run(_ group: [Job], _ database: GRDB.Database) {
        var outcomes: [(any Error)?] = []
        let writer = SQLWriter(database)
        do {
            try database.inTransaction(.immediate) {
                for job in group { outcomes.append(Self.attempt(job, writer, database)) }
                // A full disk makes SQLite give up the whole transaction; then nobody's part is in it.
                guard database.isInsideTransaction else { throw outcomes.compactMap { $0 }.last ?? CancellationError() }
                return .commit
            }
            commits.add(1, ordering: .relaxed)
            for (job, outcome) in zip(group, outcomes) { job.finish(outcome) }
        } catch {
            let failure = DatabaseError(error, what: "cannot commit")
            for job in group { job.finish(failure) }
        }
    }

    private static func attempt(_ job: Job, _ writer: SQLWriter, _ database: GRDB.Database) -> (any Error)? {
        do {
            try database.inSavepoint {
                try job.work(writer)
                return .commit
            }
            return nil
        } catch {
            return error
        }
    }
}
