// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells blocking work that the task which waits for it was cancelled.
package final class CancellationFlag: Sendable {
    private let isSet = Atomic(false)

    /// A flag that nobody has raised.
    package init() {}

    /// Raises the flag.
    package func set() { isSet.store(true, ordering: .relaxed) }

    /// Returns, or throws once the flag is raised; cheap enough to ask between pieces of a mebibyte.
    package func check() throws(CancellationError) {
        if isSet.load(ordering: .relaxed) { throw CancellationError() }
    }
}

extension BlockingPool {
    /// Runs a blocking body that looks at its flag now and then, and ends early once the calling task is cancelled.
    package func run<T: Sendable>(
        cancellable body: @escaping @Sendable (CancellationFlag) throws -> T
    ) async throws -> T {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await run {
                try flag.check()
                return try body(flag)
            }
        } onCancel: {
            flag.set()
        }
    }

    /// Runs blocking bodies, one for each item, several at a time; stops at the first that throws.
    ///
    /// - Returns: What the bodies returned, in the order of the items.
    package func map<Item: Sendable, T: Sendable>(
        _ items: [Item],
        atOnce width: Int = 8,
        _ body: @escaping @Sendable (Item, CancellationFlag) throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            var results: [T?] = Array(repeating: nil, count: items.count)
            var next = 0
            func start() {
                guard next < items.count else { return }
                let (index, item) = (next, items[next])
                next += 1
                group.addTask { (index, try await self.run(cancellable: { try body(item, $0) })) }
            }
            for _ in 0..<width { start() }
            while let (index, result) = try await group.next() {
                results[index] = result
                start()
            }
            return results.compactMap { $0 }
        }
    }
}
