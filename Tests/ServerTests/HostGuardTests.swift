// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import Hummingbird
import HummingbirdTesting
import SocketTesting
import Testing

@testable import Server

/// A page of another site cannot make a browser take this server for a part of that site.
@Suite(.timeLimit(.minutes(5)))
struct HostGuardTests {
    @Test(
        arguments: [
            ("localhost", true), ("LOCALHOST:5000", true), ("app.localhost:1", true), ("127.0.0.1:5000", true),
            ("192.168.1.7", true), ("[::1]:5000", true), ("[fe80::1]", true), ("gyre", true), ("gyre:5000", true),
            ("mlflow.corp.example", true), ("MLflow.Corp.Example:443", true), ("mlflow.corp.example.", true),
            ("evil.example", false), ("evil.example:5000", false), ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false), ("1.2.3", false), ("1.2.3.256", false), ("1.2.3.4.5", false),
            ("corp.example", false), ("x.mlflow.corp.example", false), ("+1.2.3.4", false),
        ]
    )
    func `addresses, names without a dot and the names that were allowed are own ones`(host: String, isOwn: Bool) {
        let names = HostGuard<BasicRequestContext>(names: ["mlflow.corp.example"])
        #expect(names.isOwn(host) == isOwn)
        #expect(HostGuard<BasicRequestContext>(names: ["*"]).isOwn(host))
    }

    @Test(
        arguments: [
            ("GET /api/2.0/mlflow/experiments/get?experiment_id=0", "evil.example", "403"),
            ("GET /api/2.0/mlflow/experiments/get?experiment_id=0", "127.0.0.1:1", "200"),
            ("GET /get-artifact?run_id=x&path=y", "evil.example", "403"),
            ("GET /get-artifact?run_id=x&path=y", "gyre", "404"), ("GET /", "evil.example", "403"),
            ("GET /health", "evil.example", "200"), ("GET /metrics", "evil.example", "200"),
            ("GET /version", "evil.example", "200"), ("GET /version/..", "evil.example", "403"),
        ]
    )
    func `a stranger's name is refused, but for probes`(request: String, host: String, status: String) async throws {
        try await TestProject.with { project in
            try await Application(router: project.router, server: .connections(), logger: .silent).test(.live) {
                client in
                let connection = try RawConnection(port: UInt16(try #require(client.port)))
                try connection.send("\(request) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
                #expect(try await connection.answer().hasPrefix("HTTP/1.1 \(status)"))
            }
        }
    }
}
