// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Server
import Subprocess
import SystemPackage

/// A server of this program in a process of its own, for as long as the demo needs it.
enum ServerProcess {
    /// What becomes of a server when the demo is done with it.
    enum Afterwards {
        /// It is asked to end.
        case ends
        /// It goes on until it ends by itself, or the task is cancelled.
        case stays
    }

    /// Starts a server that prints `{"url": …}`, calls `body` with the URL, and waits for the server's end.
    ///
    /// - Parameters:
    ///   - configuration: The program and its arguments.
    ///   - log: Takes what it says on standard error.
    ///   - body: Works with the server, and says what becomes of it.
    /// - Throws: ``ServerError`` `.stepFailed` if it ends before it listens, or ends badly.
    static func with(
        _ configuration: Configuration,
        log: FilePath,
        _ body: (_ url: String) async throws -> Afterwards
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
            // One iterator for all, because the stream can be read but once.
            var chunks = execution.standardOutput.makeAsyncIterator()
            while !text.contains(UInt8(ascii: "\n")), let chunk = try await chunks.next() {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
            }
            // Words that are no JSON are no address.
            guard let url = (try? JSONDocument(text))?.root["url"]?.string else { throw failure("ended at once", log) }
            // A server that ended by itself needs no signal.
            if try await body(url) == .ends { try? execution.send(signal: .terminate) }
            while try await chunks.next() != nil {}
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
