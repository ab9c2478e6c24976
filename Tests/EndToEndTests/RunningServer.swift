// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Subprocess
import SystemPackage
import Testing

/// A server of the program, while a test works with it.
struct RunningServer: Sendable {
    let url: String
    let process: Int32
    /// One client for the whole test.
    let client: HTTPTransportClient
    fileprivate let logFile: FilePath

    /// What it has said on standard error.
    var log: String { get throws { try FileReader.text(of: logFile) } }

    /// Waits until it has said something on standard error.
    func awaitLog(_ text: String) async throws {
        for _ in 0..<1_200 {
            if try log.contains(text) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the server did not say `\(text)` within a minute")
    }

    var port: UInt16 { UInt16(url.split(separator: ":").last ?? "") ?? 0 }

    /// Sends a request to a path.
    func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> HTTPAnswer {
        let headers = body == nil ? [] : [("Content-Type", "application/json")]
        return try await client.send(method, url + path, headers: headers, body: body.map { Array($0.utf8) })
    }

    /// The document that a path answers with.
    func json(_ path: String) async throws -> JSONElement { try JSONDocument(try await send("GET", path).body).root }

    /// Waits until a path answers 200.
    func await200(_ path: String, _ body: String? = nil) async throws {
        for _ in 0..<1_200 {
            if try await send(body == nil ? "GET" : "POST", path, body).status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(path) did not answer 200 within a minute")
    }
}

/// How a server ended.
struct ServerEnd {
    /// The exit code; -1 if a signal itself ended it.
    let code: Int32
    /// What it said on standard error.
    let log: String
}

extension Program {
    /// Runs `gyre up` on a free port while `body` works with it, and ends it by `signal`.
    @discardableResult
    func up(
        _ arguments: String...,
        endingBy signal: Signal? = .terminate,
        environment: [String: String?] = [:],
        _ body: (RunningServer) async throws -> Void
    ) async throws -> ServerEnd {
        let arguments = ["up", "--port", "0"] + arguments
        return try await serve(arguments, endingBy: signal, environment: environment, body)
    }

    /// Runs a server while `body` works with it.
    ///
    /// - Parameters:
    ///   - arguments: The verb and its options.
    ///   - signal: Sent when `body` is done; nil if `body` has ended the server itself.
    ///   - environment: More variables; nil removes one.
    ///   - body: Works with the server.
    /// - Returns: How the server ended.
    /// - Throws: What `body` throws, or that the server did not listen.
    @discardableResult
    func serve(
        _ arguments: [String],
        endingBy signal: Signal? = .terminate,
        environment: [String: String?] = [:],
        _ body: (RunningServer) async throws -> Void
    ) async throws -> ServerEnd {
        let logs = try FileSystem.temporaryDirectory(prefix: "gyre-log")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(logs)
        }
        let log = logs.appending("log")
        let descriptor = try FileDescriptor.open(
            log,
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        let client = HTTPTransportClient()
        let status: TerminationStatus
        do {
            status = try await Subprocess.run(
                configuration(.path(try Self.file), arguments, environment),
                input: .none,
                output: .sequence,
                error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
            ) { execution in
                var text: [UInt8] = []
                for try await chunk in execution.standardOutput {
                    chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                    if text.contains(UInt8(ascii: "\n")) { break }
                }
                let url = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                let words = try FileReader.text(of: log)
                try #require(url.hasPrefix("http://"), "\(words)")
                let process = Int32(execution.processIdentifier.value)
                try await body(RunningServer(url: url, process: process, client: client, logFile: log))
                if let signal { try execution.send(signal: signal) }
            }.terminationStatus
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        let code: Int32 = if case .exited(let code) = status { Int32(code) } else { -1 }
        return ServerEnd(code: code, log: try FileReader.text(of: log))
    }
}
