// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Server

/// How failures become answers: the sentences stay, a fault of ours does not tell its insides.
struct ProblemTests {
    private struct Fault: Explained {
        let what = "cannot do `it`"
        let why = "the moon is full"
        let next: String? = "wait a night"
        let kind: FailureKind
        let codeName = "fullMoon"
    }

    private struct Secret: Error {}

    @Test(arguments: [
        (FailureKind.usage, 400), (.invalid, 400), (.notFound, 404), (.conflict, 409), (.forbidden, 403),
        (.refused, 422),
        (.tooLarge, 413), (.unavailable, 503), (.interrupted, 503), (.failed, 500),
    ])
    func `the kind decides the status, and the sentences are kept`(kind: FailureKind, status: Int) async throws {
        try await answer(to: Fault(kind: kind)) { answer in
            #expect(answer.status.code == status)
            let root = try JSONDocument(Array(buffer: answer.body)).root
            #expect(root["code"]?.string == "fullMoon")
            #expect(root["detail"]?.string == "cannot do `it`: the moon is full")
            #expect(root["next"]?.string == "wait a night")
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect((answer.headers[.retryAfter] != nil) == (status == 503))
        }
    }

    @Test func `a fault of ours is a 500 without its insides`() async throws {
        try await answer(to: Secret()) { answer in
            #expect(answer.status == .internalServerError)
            #expect(!String(buffer: answer.body).contains("Secret"))
        }
    }

    private func answer(
        to error: any Error & Sendable,
        _ check: @escaping @Sendable (TestResponse) throws -> Void
    ) async throws {
        let router = GyreServer.router(project: nil)
        router.get("fault") { _, _ -> String in throw error }
        try await Application(router: router, logger: .silent).test(.router) { client in
            try await client.execute(uri: "/fault", method: .get) { try check($0) }
        }
    }
}
