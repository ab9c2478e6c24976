// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Threads of its own for calls that block, so that the cooperative pool never does.
///
/// Work starts in the order it was given. The queue is bounded by what its callers await: each call suspends its task.
/// Threads start with the first work and live as long as the process.
package final class BlockingPool: Sendable {
    /// The pool that rooms share: as many threads as cores, at least four, because most of the work waits for disks.
    package static let shared = BlockingPool(threads: max(4, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))

    private final class Queue: Sendable {
        struct State {
            var work: [@Sendable () -> Void] = []
            var head = 0
            var isClosed = false
        }

        let state = Mutex(State())
        // A semaphore counts the work; `sem_t` must not move, hence the allocation, freed when the last thread is done.
        nonisolated(unsafe) let ready: UnsafeMutablePointer<sem_t>

        init() {
            ready = .allocate(capacity: 1)
            sem_init(ready, 0, 0)
        }

        deinit {
            sem_destroy(ready)
            ready.deallocate()
        }

        func push(_ item: @escaping @Sendable () -> Void) {
            state.withLock { $0.work.append(item) }
            sem_post(ready)
        }

        /// Blocks until there is work; nil once the queue is closed and empty.
        func pop() -> (@Sendable () -> Void)? {
            while sem_wait(ready) != 0 {}
            return state.withLock { state in
                guard state.head < state.work.count else { return nil }
                let item = state.work[state.head]
                state.head += 1
                if state.head == state.work.count || state.head >= 1_024 {
                    state.work.removeFirst(state.head)
                    state.head = 0
                }
                return item
            }
        }

        func close(threads: Int) {
            state.withLock { $0.isClosed = true }
            for _ in 0..<threads { sem_post(ready) }
        }
    }

    private let queue = Queue()
    private let threads: Int
    private let isStarted = Mutex(false)

    /// A pool of `threads` threads, at least one.
    package init(threads: Int) { self.threads = max(1, threads) }

    deinit {
        if isStarted.withLock({ $0 }) { queue.close(threads: threads) }
    }

    /// Runs a blocking body on one of the pool's threads.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        startIfNeeded()
        return try await withCheckedThrowingContinuation { continuation in
            queue.push { continuation.resume(with: Result(catching: body)) }
        }
    }

    private func startIfNeeded() {
        let starts = isStarted.withLock { started in
            defer { started = true }
            return !started
        }
        guard starts else { return }
        for _ in 0..<threads { Self.spawn(queue) }
    }

    private static func spawn(_ queue: Queue) {
        var thread: pthread_t = 0
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, 4 << 20)
        defer { pthread_attr_destroy(attributes) }
        let context = Unmanaged.passRetained(queue).toOpaque()
        let status = pthread_create(
            &thread,
            attributes,
            { context in
                guard let context else { return nil }
                let queue = Unmanaged<Queue>.fromOpaque(context).takeRetainedValue()
                while let work = queue.pop() { work() }
                return nil
            },
            context
        )
        precondition(status == 0, "the system gives no thread: error \(status)")
    }
}
