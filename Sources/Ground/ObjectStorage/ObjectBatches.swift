// SPDX-License-Identifier: Apache-2.0

/// A listing of one level, batch by batch.
package struct ObjectBatches: AsyncSequence, Sendable {
    package typealias Element = [ObjectEntry]
    /// Reads the next batch.
    package typealias Next = @Sendable () async throws -> Batch

    /// The most entries of a batch.
    package static let size = 1_000

    /// Some entries, and how to read more.
    package struct Batch: Sendable {
        let entries: [ObjectEntry]
        let next: Next?

        /// Some entries; `next` is nil at the end.
        package init(_ entries: [ObjectEntry], next: Next?) {
            self.entries = entries
            self.next = next
        }
    }

    private let first: Next

    /// A listing that begins with what `first` reads.
    package init(_ first: @escaping Next) { self.first = first }

    /// Reads one batch after the other.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var upcoming: Next?

        /// The next batch.
        package mutating func next() async throws -> [ObjectEntry]? {
            guard let read = upcoming else { return nil }
            try Task.checkCancellation()
            let batch = try await read()
            upcoming = batch.next
            return batch.entries
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(upcoming: first) }
}
