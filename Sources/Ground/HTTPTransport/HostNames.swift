// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Finds the addresses of hosts, on threads of its own because the system's resolver blocks.
package enum HostNames {
    /// Few, so that a resolver that answers nobody holds up nothing else.
    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    /// The addresses that a name stands for at this moment; an address stands for itself.
    ///
    /// - Parameters:
    ///   - host: A name, or an address without brackets.
    ///   - deadline: How long to wait for the resolver.
    /// - Returns: At least one address.
    /// - Throws: ``HTTPTransportError`` `.unreachable` if nobody knows the name, `.timedOut`, or `.cancelled`.
    package static func addresses(
        of host: String,
        deadline: Duration = .seconds(5)
    ) async throws(HTTPTransportError) -> [PeerAddress] {
        @Sendable func failed(_ code: HTTPTransportError.Code, _ why: String) -> HTTPTransportError {
            HTTPTransportError(code: code, what: "cannot find `\(host.prefix(253))`", why: why, next: nil, cause: nil)
        }
        let answer = Answer()
        let timer = MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: TimeAmount(deadline)) {
            answer.give(.failure(failed(.timedOut, "no name server answered within \(deadline)")))
        }
        defer { timer.cancel() }
        pool.submit { state in
            guard case .active = state else { return answer.give(.failure(failed(.cancelled, "it is too late"))) }
            let found = resolve(host)
            answer.give(found.isEmpty ? .failure(failed(.unreachable, "nobody knows that name")) : .success(found))
        }
        return try await withTaskCancellationHandler {
            await answer.wait()
        } onCancel: {
            answer.give(.failure(failed(.cancelled, "it was asked to stop")))
        }.get()
    }

    private static func resolve(_ host: String) -> [PeerAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [PeerAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr else { continue }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            guard getnameinfo(address, entry.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let numeric = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let peer = PeerAddress(numeric), !found.contains(peer) { found.append(peer) }
        }
        return found
    }

    /// What comes first: an answer, the end of the wait, or the end of the task.
    private final class Answer: Sendable {
        typealias Outcome = Result<[PeerAddress], HTTPTransportError>

        private enum State { case open, waiting(CheckedContinuation<Outcome, Never>), given(Outcome) }

        private let state = Mutex(State.open)

        func give(_ outcome: Outcome) {
            let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
                switch state {
                case .open:
                    state = .given(outcome)
                    return nil
                case .waiting(let continuation):
                    state = .given(outcome)
                    return continuation
                case .given: return nil
                }
            }
            waiter?.resume(returning: outcome)
        }

        func wait() async -> Outcome {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Outcome? in
                    if case .given(let outcome) = state { return outcome }
                    state = .waiting(continuation)
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }
}
