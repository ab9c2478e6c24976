// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Runs a server's tasks on the threads that read and write its connections.
///
/// A request then needs no other thread but those it asks for by name, such as the database's: each change of threads costs
/// as much as the rest of a small request. What runs here must be short, as anywhere in Swift's pool: a page, a batch, not a model.
final class LoopExecutor: TaskExecutor {
    private let loops: any EventLoopGroup

    /// An executor over loops that live as long as the process.
    init(_ loops: any EventLoopGroup) { self.loops = loops }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        // On a loop's own thread this is that loop.
        loops.any().execute { job.runSynchronously(on: executor) }
    }
}
