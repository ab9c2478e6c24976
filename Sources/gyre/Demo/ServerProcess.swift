// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Server
import Subprocess
import SystemPackage

/// A server of this program in a process of its own, for as long as the demo needs it.
enum ServerProcess {
    /// Starts a server that prints `{"url": …}`, calls `body` with the URL, and ends the server by SIGTERM.
    ///
    /// - Parameters:
    ///   - configuration: The program and its arguments.
    ///   - log: Takes what it says on standard error.
    ///   - body: Works with the server; `ended` waits for the server's own end.
    /// - Throws: ``ServerError`` `.stepFailed` if it ends before it listens, or ends badly.
    static func with(
        _ configuration: Configuration,
        log: FilePath,
        _ body: (_ url: String, _ ended: () async throws -> Void) async throws -> Void
    ) async throws {
        let descriptor = try FileDescriptor.open(
            log,
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        let result = try await Subprocess.run(
            configuration,
            input: .none,
            output: .sequence,
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            var text: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                if text.contains(UInt8(ascii: "\n")) { break }
            }
            // Words that are no JSON are no address.
            guard let url = (try? JSONDocument(text))?.root["url"]?.string else { throw failure("ended at once", log) }
            try await body(url) { for try await _ in execution.standardOutput {} }
            // A server that ended by itself needs no signal.
            try? execution.send(signal: .terminate)
        }
        guard result.terminationStatus.isSuccess else { throw failure("did not end well", log) }
    }

    private static func failure(_ how: String, _ log: FilePath) -> ServerError {
        // A log that cannot be read has no last words.
        let words = (try? FileReader.text(of: log))?.split(separator: "\n").suffix(3).joined(separator: " / ")
        return ServerError(
            .stepFailed,
            what: "cannot go on with the demo",
            why: "the server \(how)" + (words.map { ": \($0)" } ?? ""),
            next: "look at `\(log)`"
        )
    }
}
