// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `gyre up` on a new project, with the unmodified mlflow client and a real browser.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct UpTests {
    private static let logging = """
        import mlflow, sys
        mlflow.set_tracking_uri(sys.argv[1])
        mlflow.set_experiment("first trial")
        with mlflow.start_run(run_name="by the client"):
            mlflow.log_metric("loss", 0.5)
        """

    @Test func `what the mlflow client logged is on the page and in the commands`() async throws {
        try await Program.inProject { gyre in
            let end = try await gyre.up { server in
                let logged = try await gyre.python(Self.logging, server.url)
                try #require(logged.code == 0, "\(logged.error)")
                #expect(try await gyre.run("runs").output.contains("by the client"))
                let page = try await gyre.browse("--dump-dom", server.url)
                #expect(page.output.contains("first trial") && page.output.contains("by the client"))
                #expect(!page.error.contains("CONSOLE"), "\(page.error)")
            }
            #expect(end.code == 0, "\(end.log)")
            #expect(!FileSystem.exists(gyre.folder.appending(".gyre/server.json")))
        }
    }

    @Test func `a project without a gyre.yaml needs no configuration, and verbs find its server`() async throws {
        try await Program.inProject { gyre in
            try FileSystem.remove(gyre.folder.appending("gyre.yaml"))
            try await gyre.up { server in
                let status = try await gyre.json("status", "--overview")
                #expect(status["server"]?.string == server.url)
                #expect(
                    try await server.json("/api/gyre/v1/status")["project"]?.string == gyre.folder.lastComponent?.string
                )
            }
            #expect(try await gyre.json("status", "--overview")["server"]?.isNull == true)
        }
    }

    @Test func `a second server on the project is refused and names the first one's process`() async throws {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                let second = try await gyre.run("up", "--port", "0")
                #expect(second.code == 1)
                #expect(second.error.contains("gyre server (process \(server.process))"), "\(second.error)")
                #expect(try await server.send("GET", "/health").status == 200)
            }
        }
    }

    @Test(arguments: [
        "ln -s \"$OTHER\" place", "mkdir -p place/.gyre && ln -s \"$OTHER/.gyre/gyre.db\" place/.gyre/gyre.db",
        "mkdir -p place/.gyre && ln \"$OTHER/.gyre/gyre.db\" place/.gyre/gyre.db",
    ])
    func `a second server on the database is refused, by whatever name it comes`(naming: String) async throws {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                try await Program.inEmptyFolder { other in
                    let made = try await other.shell(naming, environment: ["OTHER": gyre.folder.string])
                    try #require(made.code == 0, "\(made.error)")
                    try await Self.expectRefusal(other, beside: server)
                }
            }
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "only root can mount a file system"),
        arguments: ["", "/.gyre/gyre.db"]
    )
    func `a second server on the database is refused through a mount`(part: String) async throws {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                try await Program.inEmptyFolder { other in
                    let place = other.folder.appending("place" + part)
                    let made = try await other.shell("mkdir -p place/.gyre && touch place/.gyre/gyre.db")
                    try #require(made.code == 0, "\(made.error)")
                    try #require(mount(gyre.folder.string + part, place.string, nil, UInt(MS_BIND), nil) == 0)
                    defer { umount2(place.string, Int32(MNT_DETACH)) }
                    try await Self.expectRefusal(other, beside: server)
                }
            }
        }
    }

    /// In the folder `place`, no server starts, and the one that runs is not disturbed.
    private static func expectRefusal(_ other: Program, beside server: RunningServer) async throws {
        let second = try await other.run("up", "--port", "0", in: other.folder.appending("place"))
        #expect(second.code == 1)
        #expect(second.output.isEmpty)
        #expect(second.error.hasPrefix("error: cannot open the database"), "\(second.error)")
        let isNamed = second.error.contains("gyre server (process \(server.process))")
        #expect(isNamed || second.error.contains("under another of its names"), "\(second.error)")
        #expect(second.error.contains("next: stop that server first"))
        _ = try await server.makeRun()
    }

    @Test func `a port in use is one clear error`() async throws {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                try await Program.inProject { other in
                    let answer = try await other.run("up", "--port", "\(server.port)")
                    #expect(answer.code == 1)
                    #expect(
                        answer.error.hasPrefix("error: cannot listen on 127.0.0.1:\(server.port)\n"),
                        "\(answer.error)"
                    )
                    #expect(answer.error.contains("--port"))
                    #expect(!FileSystem.exists(other.folder.appending(".gyre/server.json")))
                }
            }
        }
    }

    @Test(arguments: ["203.0.113.7", "no-such-host.invalid"])
    func `an address that is not of this machine is one clear error`(host: String) async throws {
        try await Program.inProject { gyre in
            let answer = try await gyre.run("up", "--host", host, "--port", "0")
            #expect(answer.code == 1)
            #expect(answer.error.hasPrefix("error: cannot listen on \(host):0\n"), "\(answer.error)")
            #expect(answer.error.contains("--host"))
        }
    }

    @Test func `who listens for others is told that nobody asks who calls`() async throws {
        try await Program.inProject { gyre in
            let end = try await gyre.up("--host", "0.0.0.0") { server in
                try await server.await200("/health")
            }
            #expect(end.log.contains("warning listens beyond this machine without asking who calls"))
        }
    }

    @Test func `metrics count requests by their route, never by their path`() async throws {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                #expect(try await server.send("GET", "/runs/one").status == 404)
                #expect(try await server.send("GET", "/runs/two").status == 404)
                #expect(try await server.send("GET", "/nowhere").status == 404)
                let text = try await server.send("GET", "/metrics").text
                let line = #"gyre_http_requests_total{method="GET",route="/runs/{id}",status="404"} 2"#
                #expect(text.contains(line), "\(text)")
                #expect(text.contains(#"gyre_http_requests_total{method="any",route="none",status="404"} 1"#))
                #expect(text.contains("gyre_monitoring_dropped_predictions 0"))
                #expect(text.hasSuffix("# EOF\n"))
                #expect(!text.contains("/runs/one"))
            }
        }
    }
}
