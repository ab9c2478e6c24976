// SPDX-License-Identifier: Apache-2.0

package import HTTPTransport
import NIOCore
import Synchronization

/// Sends requests to a store that speaks S3: signed, with a deadline each, and again where a failure may pass.
package final class S3Client: Sendable {
    /// The bucket, and how to reach it.
    package let settings: S3Settings
    private let http: HTTPTransportClient
    private let credentials: any AWSCredentialSource
    private let now: @Sendable () -> Int64
    private let pause: @Sendable (Duration) async throws -> Void
    private let state: Mutex<State>

    private struct State {
        var region: String
        /// How far the service's clock is ahead of ours, in seconds.
        var skew: Int64 = 0
    }

    /// A client of one bucket.
    ///
    /// - Parameters:
    ///   - settings: The bucket, and how to reach it.
    ///   - credentials: Where the keys come from.
    ///   - http: Sends the requests; it lives at least as long as this client.
    ///   - now: The clock, seconds UTC.
    ///   - pause: Waits between two tries.
    package init(
        _ settings: S3Settings,
        credentials: any AWSCredentialSource,
        http: HTTPTransportClient,
        now: @escaping @Sendable () -> Int64,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.settings = settings
        self.credentials = credentials
        self.http = http
        self.now = now
        self.pause = pause
        state = Mutex(State(region: settings.region ?? "us-east-1"))
    }

    /// The clock, milliseconds UTC.
    var milliseconds: Int64 { now() * 1_000 }

    /// One request.
    struct Request: Sendable {
        let method: String
        /// The whole key in the bucket; empty for the bucket itself.
        var key = ""
        /// Names and values of the query, not encoded.
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var body: ByteBuffer?
        /// Answers that are none of the good ones, and are no failures either.
        var accepted: Set<Int> = []
        /// What it is for: "store `a`".
        let purpose: String
    }

    /// Sends a request, and reads its answer whole.
    ///
    /// - Throws: ``ObjectStorageError``, `CancellationError`.
    func send(_ request: Request, limit: Int = 64 << 20) async throws -> HTTPAnswer {
        try await retrying(request) { url, headers in
            let stream = try await open(request, url, headers)
            var body = ByteBuffer()
            for try await piece in stream.body {
                guard body.readableBytes + piece.readableBytes <= limit else {
                    throw ObjectStorageError(
                        .failed,
                        what: "cannot \(request.purpose)",
                        why: "the answer has more than \(limit) bytes"
                    )
                }
                body.writeImmutableBuffer(piece)
            }
            return HTTPAnswer(status: stream.status, headers: stream.headers, body: Array(body.readableBytesView))
        } failure: {
            // A list of parts is put together behind a good status, which is sent before it is known to be true.
            $0.status == 200 && S3Failure.isOne($0.body) ? S3Failure(answer: $0, status: 500) : S3Failure(answer: $0)
        }
    }

    /// Sends a request, and returns as soon as the head of its answer is there.
    func stream(_ request: Request) async throws -> HTTPStream {
        try await retrying(request) { url, headers in
            let stream = try await open(request, url, headers)
            guard !(200..<300).contains(stream.status), !request.accepted.contains(stream.status) else {
                return (stream, nil as HTTPAnswer?)
            }
            var body: [UInt8] = []
            for try await piece in stream.body where body.count < 65_536 { body += piece.readableBytesView }
            return (stream, HTTPAnswer(status: stream.status, headers: stream.headers, body: body))
        } failure: {
            $0.1.map { S3Failure(answer: $0) } ?? S3Failure(status: $0.0.status)
        }
        .0
    }

    // MARK: Tries

    /// The address and the signed fields of a request.
    private func signed(_ request: Request) async throws -> (url: String, headers: [(String, String)]) {
        let keys = try await credentials.current()
        let (region, skew) = state.withLock { ($0.region, $0.skew) }
        let address = settings.address(request.key, region: region)
        let query = request.query.map { (PercentText.encoded($0), PercentText.encoded($1)) }.sorted { $0.0 < $1.0 }
            .map { "\($0)=\($1)" }.joined(separator: "&")
        let url = query.isEmpty ? address.url : "\(address.url)?\(query)"
        guard let keys else { return (url, request.headers) }
        let headers = RequestSignature(credentials: keys, region: region)
            .headers(
                method: request.method,
                host: address.host,
                path: address.path,
                query: query,
                headers: request.headers,
                payloadHash: RequestSignature.hash(of: request.body),
                time: UTCTime(seconds: now() + skew)
            )
        return (url, headers)
    }

    private func open(_ request: Request, _ url: String, _ headers: [(String, String)]) async throws -> HTTPStream {
        // A slow line of 128 kbit/s gets a body through.
        let size = request.body?.readableBytes ?? 0
        let patience = settings.patience + .seconds(size >> 14)
        return try await http.open(
            request.method,
            url,
            headers: headers,
            // A body of no bytes has a length too, which some services want to be told.
            body: request.body ?? (request.method == "PUT" || request.method == "POST" ? ByteBuffer() : nil),
            patience: patience
        )
    }

    private func retrying<Answer: Sendable>(
        _ request: Request,
        _ attempt: (String, [(String, String)]) async throws -> Answer,
        failure: (Answer) -> S3Failure
    ) async throws -> Answer {
        var hasRenewed = false
        var hasMoved = false
        for number in 1... {
            try Task.checkCancellation()
            let (url, headers) = try await signed(request)
            let found: S3Failure
            do {
                let answer = try await attempt(url, headers)
                found = failure(answer)
                if (200..<300).contains(found.status) || request.accepted.contains(found.status) { return answer }
            } catch let error as HTTPTransportError {
                try Task.checkCancellation()
                let mayPass = [.unreachable, .timedOut, .invalidAnswer].contains(error.code)
                guard mayPass, number < settings.attempts else { throw unreachable(request, error, number) }
                try await pause(Self.delay(behind: number))
                continue
            }
            // What is known now makes the next try a good one; each of these once.
            if let region = found.region, found.isElsewhere, !hasMoved {
                hasMoved = true
                state.withLock { $0.region = region }
                continue
            }
            if found.isUnknownMoment || found.isStale, !hasRenewed {
                hasRenewed = true
                if found.isUnknownMoment, let theirs = found.serverSeconds {
                    state.withLock { $0.skew = theirs - now() }
                } else {
                    await credentials.renew()
                }
                continue
            }
            guard found.mayPass, number < settings.attempts else {
                throw found.explained(request.purpose, settings, isAnonymous: try await credentials.current() == nil)
            }
            try await pause(Self.delay(behind: number))
        }
        preconditionFailure("tries end by a return or an error")
    }

    /// Up to 0.1, 0.2, 0.4 … 5 seconds, by chance, so that many who failed together do not come back together.
    private static func delay(behind number: Int) -> Duration {
        .milliseconds(Int64.random(in: 10...min(5_000, 100 << min(number - 1, 10))))
    }

    private func unreachable(_ request: Request, _ error: HTTPTransportError, _ count: Int) -> ObjectStorageError {
        let address = settings.address("", region: state.withLock { $0.region }).url
        return ObjectStorageError(
            .failed,
            what: "cannot \(request.purpose)",
            why: error.why + (count > 1 ? ", tried \(count) times" : ""),
            next: "see whether `\(address)` can be reached, and run it again: it goes on where it was",
            cause: error
        )
    }
}

extension S3Client {
    /// Makes the bucket.
    package func makeBucket() async throws {
        _ = try await send(Request(method: "PUT", purpose: "make the bucket `\(settings.bucket)`"))
    }
}
