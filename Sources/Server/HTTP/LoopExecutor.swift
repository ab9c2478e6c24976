// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import NIOCore

/// Runs a server's tasks on the threads that read and write its connections.
///
/// A request then needs no other thread but those it asks for by name, such as the database's: each change of threads costs
/// as much as the rest of a small request. What runs here must be short, as anywhere in Swift's pool: a page, a batch, not a model.
final class LoopExecutor: TaskExecutor {
    private let loops: any EventLoopGroup

    /// An executor over one loop or several, which live as long as the process.
    init(_ loops: any EventLoopGroup) { self.loops = loops }

    /// The executor of the thread's own loop; on a thread without one, of any.
    func current() -> LoopExecutor { LoopExecutor(loops.any()) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        // On a loop's own thread this is that loop.
        loops.any().execute { job.runSynchronously(on: executor) }
    }
}

/// Lets a request come back to its connection's thread after each wait, whoever wakes it.
struct LoopAffinity<Context: RequestContext>: RouterMiddleware {
    private let executor: LoopExecutor

    /// For connections on these loops.
    init(_ loops: any EventLoopGroup) { executor = LoopExecutor(loops) }

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        try await withTaskExecutorPreference(executor.current()) { try await next(request, context) }
    }
}
