// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Threads of its own for calls that block, so that the cooperative pool never does.
///
/// Work starts in the order it was given, also if its task is cancelled meanwhile. The queue is bounded by what its callers
/// await: each call suspends its task. Threads start with the first work and live as long as the pool.
package final class BlockingPool: Sendable {
    /// The pool that rooms share: as many threads as cores, at least four, because most of the work waits for disks.
    package static let shared = BlockingPool(threads: max(4, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))

    private final class Queue: Sendable {
        private typealias Work = @Sendable () -> Void

        /// First in, first out at a constant cost each, and what was taken out is not kept alive.
        private struct State {
            var incoming: [Work] = []
            /// The next one is the last.
            var outgoing: [Work] = []
        }

        private let state = Mutex(State())
        // A semaphore counts the work; `sem_t` must not move, hence the allocation, freed when the last thread is done.
        nonisolated(unsafe) private let ready: UnsafeMutablePointer<sem_t>

        init() {
            ready = .allocate(capacity: 1)
            sem_init(ready, 0, 0)
        }

        deinit {
            sem_destroy(ready)
            ready.deallocate()
        }

        func push(_ item: @escaping @Sendable () -> Void) {
            state.withLock { $0.incoming.append(item) }
            sem_post(ready)
        }

        /// Blocks until there is work; nil once the queue is closed and empty.
        func pop() -> (@Sendable () -> Void)? {
            while sem_wait(ready) != 0 {}
            return state.withLock { state in
                if state.outgoing.isEmpty {
                    state.outgoing = state.incoming.reversed()
                    state.incoming = []
                }
                return state.outgoing.popLast()
            }
        }

        func close(threads: Int) {
            for _ in 0..<threads { sem_post(ready) }
        }
    }

    private let queue = Queue()
    private let threads: Int
    private let started = Mutex(0)

    /// A pool of `threads` threads, at least one.
    package init(threads: Int) { self.threads = max(1, threads) }

    deinit { queue.close(threads: started.withLock { $0 }) }

    /// Runs a blocking body on one of the pool's threads.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        startIfNeeded()
        return try await withCheckedThrowingContinuation { continuation in
            queue.push { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Starts a blocking body on one of the pool's threads; nobody waits for it, so that its caller must bound how many there are.
    package func start(_ body: @escaping @Sendable () -> Void) {
        startIfNeeded()
        queue.push(body)
    }

    private func startIfNeeded() {
        started.withLock { started in
            guard started == 0 else { return }
            // Where the system gives fewer threads than we want, fewer do the work.
            while started < threads, Self.spawn(queue) { started += 1 }
            precondition(started > 0, "the system gives this process no thread")
        }
    }

    private static func spawn(_ queue: Queue) -> Bool {
        var thread: pthread_t = 0
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, 4 << 20)
        defer { pthread_attr_destroy(attributes) }
        let context = Unmanaged.passRetained(queue)
        let status = pthread_create(
            &thread,
            attributes,
            { context in
                guard let context else { return nil }
                let queue = Unmanaged<Queue>.fromOpaque(context).takeRetainedValue()
                while let work = queue.pop() { work() }
                return nil
            },
            context.toOpaque()
        )
        if status != 0 { context.release() }
        return status == 0
    }
}
