// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Synchronization

extension NIOAsyncChannel {
    /// A connection between its acceptance and the task that answers its requests.
    ///
    /// While a server stops, a connection may be accepted that no task takes any more. NIO ends the process over one that is
    /// dropped without having been closed; this one closes itself.
    package final class Accepted: Sendable {
        /// The connection as NIO has it.
        package let channel: any Channel
        private let requests: Mutex<NIOAsyncChannel?>

        /// A connection that was just accepted.
        package init(_ requests: NIOAsyncChannel) {
            channel = requests.channel
            self.requests = Mutex(requests)
        }

        deinit {
            guard let requests = requests.withLock({ $0.take() }) else { return }
            // Nobody waits for it, and an error means that it is closed already.
            Task { try? await requests.executeThenClose { _, _ in } }
        }

        /// What comes in and goes out, for the one who answers; nil if it was taken before.
        package func take() -> NIOAsyncChannel? { requests.withLock { $0.take() } }
    }
}
