// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Copies an open file and hashes it in the same pass; holds 1 MiB, or 8 on two threads.
struct StreamedCopy {
    let source: Int32
    let target: Int32
    /// The file and where its copy is, for the words of errors.
    let place: FilePath
    let staging: FilePath

    /// On the thread that calls.
    func run(_ buffer: ReadBuffer, _ flag: CancellationFlag) throws -> (digest: MD5Digest, size: Int64) {
        var hasher = MD5Hasher()
        var size: Int64 = 0
        while true {
            try flag.check()
            let bytes = try buffer.fill(from: source, place)
            hasher.update(bytes)
            try CacheFiller.write(bytes, to: target, staging)
            size += Int64(bytes.count)
            if bytes.count < ReadBuffer.size { return (hasher.finish(), size) }
        }
    }

    /// Reading and hashing here while another thread writes: takes as long as the slower of both.
    func runOnTwoThreads(_ flag: CancellationFlag) throws -> (digest: MD5Digest, size: Int64) {
        let ring = Ring()
        let (target, staging) = (target, staging)
        let writer = try WriterThread { try ring.drain(to: target, staging) }
        var hasher = MD5Hasher()
        var size: Int64 = 0
        let arrived = Result {
            while let slot = ring.free() {
                try flag.check()
                let bytes = try ring.buffers[slot].fill(from: source, place)
                ring.fill(slot, bytes.count)
                hasher.update(bytes)
                size += Int64(bytes.count)
                if bytes.count < ReadBuffer.size { break }
            }
        }
        ring.close()
        try writer.join()
        try arrived.get()
        return (hasher.finish(), size)
    }

    /// Buffers that go around between the two threads.
    private final class Ring: @unchecked Sendable {
        // The semaphores hand each buffer to one thread at a time; `counts` too is written before its buffer is handed on.
        let buffers = (0..<8).map { _ in ReadBuffer() }
        private var counts = Array(repeating: 0, count: 8)
        private var filled = 0
        private let empty = Semaphore(8)
        private let full = Semaphore(0)
        private let isStopped = Atomic(false)

        /// The next buffer to fill; nil once the writer gave up.
        func free() -> Int? {
            empty.wait()
            return isStopped.load(ordering: .acquiring) ? nil : filled % 8
        }

        func fill(_ slot: Int, _ count: Int) {
            counts[slot] = count
            filled += 1
            full.post()
        }

        /// Tells the writer that nothing follows.
        func close() {
            isStopped.store(true, ordering: .releasing)
            full.post()
        }

        func drain(to target: Int32, _ staging: FilePath) throws {
            var done = 0
            var writer = DirectWriter(target, staging)
            do {
                while true {
                    full.wait()
                    // The last post is that of the end, behind all buffers.
                    guard !(isStopped.load(ordering: .acquiring) && done == filled) else { return }
                    let slot = done % 8
                    let bytes = UnsafeRawBufferPointer(rebasing: buffers[slot].bytes[..<counts[slot]])
                    try writer.write(bytes)
                    done += 1
                    empty.post()
                }
            } catch {
                isStopped.store(true, ordering: .releasing)
                empty.post()
                throw error
            }
        }
    }
}

/// A counter that threads wait for.
private final class Semaphore: Sendable {
    // `sem_t` must not move, hence the allocation; its calls are made for several threads, and the pointer never changes.
    nonisolated(unsafe) private let value: UnsafeMutablePointer<sem_t>

    init(_ count: UInt32) {
        value = .allocate(capacity: 1)
        sem_init(value, 0, count)
    }

    deinit {
        sem_destroy(value)
        value.deallocate()
    }

    func wait() { while sem_wait(value) != 0 {} }
    func post() { sem_post(value) }
}

/// A thread that does one piece of work.
private final class WriterThread {
    private final class Work: Sendable {
        let body: @Sendable () throws -> Void
        let result = Mutex<Result<Void, any Error>>(.success(()))
        init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }
    }

    private let work: Work
    private var thread: pthread_t = 0

    init(_ body: @escaping @Sendable () throws -> Void) throws {
        work = Work(body)
        let context = Unmanaged.passRetained(work)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                let result = Result { try work.body() }
                work.result.withLock { $0 = result }
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            context.release()
            throw Errno(rawValue: code)
        }
    }

    /// Waits for its end.
    func join() throws {
        pthread_join(thread, nil)
        try work.result.withLock { $0 }.get()
    }
}
