// SPDX-License-Identifier: Apache-2.0

import GRDB
import Synchronization

/// Lets writers that come at the same time share one transaction, and so one sync of the disk.
///
/// While a group commits, the next one gathers. Each writer works in a savepoint of its own: an error undoes only its part.
/// Nobody hears of success before the group's commit is durable. An error that makes the database give up the transaction,
/// such as a full disk, undoes the parts before it too; those behind it get a transaction of their own.
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
        var isClosed = false

        /// Whether somebody must begin to work.
        mutating func add(_ job: Job) -> Bool {
            waiting.append(job)
            defer { isDraining = true }
            return !isDraining
        }
    }

    /// The most writers in one transaction: bounds how long the first waits for the last.
    static let groupLimit = 512

    private let pool: DatabasePool
    private let state = Mutex(State())
    private let commits = Atomic<Int>(0)

    init(pool: DatabasePool) { self.pool = pool }

    /// How many transactions were committed.
    var commitCount: Int { commits.load(ordering: .relaxed) }

    /// Puts a job into the next group; once closed, its end is an error.
    func submit(_ job: Job) {
        let starts = state.withLock { state -> Bool? in
            state.isClosed ? nil : state.add(job)
        }
        switch starts {
        case nil: job.finish(DatabaseError(.closed, what: "cannot change the database", why: "it was closed"))
        case true?: scheduleDrain()
        case false?: break
        }
    }

    /// Takes no more jobs, and waits for those that it has.
    func close() async {
        await withCheckedContinuation { continuation in
            let last = Job(work: { _ in }, finish: { _ in continuation.resume() })
            let starts = state.withLock { state -> Bool? in
                defer { state.isClosed = true }
                return state.isClosed ? nil : state.add(last)
            }
            switch starts {
            case nil: continuation.resume()
            case true?: scheduleDrain()
            case false?: break
            }
        }
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

    /// The transaction is gone, and with it every part that was in it.
    private struct GivenUp: Error {}

    private func run(_ group: [Job], _ database: GRDB.Database) {
        let writer = SQLWriter(database)
        var rest = group[...]
        while !rest.isEmpty {
            var outcomes: [(any Error)?] = []
            do {
                try database.inTransaction(.immediate) {
                    for job in rest {
                        outcomes.append(Self.attempt(job, writer, database))
                        // The next part would be committed at once, without the others.
                        guard database.isInsideTransaction else { throw GivenUp() }
                    }
                    return .commit
                }
                commits.add(1, ordering: .relaxed)
                for (job, outcome) in zip(rest, outcomes) { job.finish(outcome) }
                return
            } catch is GivenUp {
                let cause = outcomes.last.flatMap(\.self) ?? GivenUp()
                let failure = DatabaseError(cause, what: "cannot commit")
                for (job, outcome) in zip(rest, outcomes) { job.finish(outcome ?? failure) }
                rest = rest.dropFirst(outcomes.count)
            } catch {
                let failure = DatabaseError(error, what: "cannot commit")
                for (index, job) in rest.enumerated() {
                    job.finish(index < outcomes.count ? outcomes[index] ?? failure : failure)
                }
                return
            }
        }
    }

    /// Does a part inside a savepoint, by statements that stay prepared: a group has hundreds of parts.
    private static func attempt(_ job: Job, _ writer: SQLWriter, _ database: GRDB.Database) -> (any Error)? {
        do {
            try writer.statement("SAVEPOINT part").run()
            do {
                try job.work(writer)
                // An error may have ended the whole transaction, and the savepoint with it.
                if database.isInsideTransaction { try writer.statement("RELEASE part").run() }
                return nil
            } catch {
                guard database.isInsideTransaction else { return error }
                try writer.statement("ROLLBACK TO part").run()
                try writer.statement("RELEASE part").run()
                return error
            }
        } catch {
            return error
        }
    }
}
