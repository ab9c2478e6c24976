// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Hands out numbers to threads that work through one list.
final class Ticket: Sendable {
    private let next = Atomic(0)

    /// The first of the next `grain` numbers; nil when they are all given out.
    func take(_ grain: Int, below end: Int) -> Int? {
        let start = next.wrappingAdd(grain, ordering: .relaxed).oldValue
        return start >= 0 && start < end ? start : nil
    }

    /// Gives out no more.
    func close() { next.store(.min / 2, ordering: .relaxed) }
}

/// Rows that several threads write, each its own.
final class SharedRows<Element: Sendable & BitwiseCopyable>: @unchecked Sendable {
    // Threads write only the places of the numbers that a ticket gave them, and are awaited before anybody reads.
    private let storage: UnsafeMutableBufferPointer<Element>

    init(_ elements: [Element]) {
        storage = .allocate(capacity: elements.count)
        _ = storage.initialize(from: elements)
    }

    deinit { storage.deallocate() }

    subscript(index: Int) -> Element {
        get { storage[index] }
        set { storage[index] = newValue }
    }

    var all: [Element] { Array(storage) }
}

/// Tells how many of many items are done, now and then.
final class Counter: Sendable {
    private let done = Atomic(0)
    private let total: Int
    private let onProgress: DataProgress?

    init(total: Int, _ onProgress: DataProgress?) {
        self.total = total
        self.onProgress = onProgress
        onProgress?(0, total)
    }

    func advance() {
        let count = done.wrappingAdd(1, ordering: .relaxed).newValue
        if count % 256 == 0 || count == total { onProgress?(count, total) }
    }
}
