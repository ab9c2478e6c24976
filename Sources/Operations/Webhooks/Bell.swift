// SPDX-License-Identifier: Apache-2.0

/// Tells one listener that something happened: any number of times before it looks count as once.
struct Bell: Sendable {
    /// What the listener waits on, once in the bell's life.
    let rings: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation

    init() { (rings, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { source.yield() }
}
