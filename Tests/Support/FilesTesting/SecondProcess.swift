// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Synchronization
import SystemPackage

/// This test program again as a second process, which runs one test and tells how far it came.
///
/// The test that it runs is enabled by ``isThis`` and looks at ``argument``; all others are best disabled by it.
package final class SecondProcess: Sendable {
    private static let variable = "GYRE_TEST_SECOND_PROCESS"
    private static let marker = "» "

    /// Whether this process is the second one.
    package static let isThis = argument != nil
    /// What the first process handed over.
    package static let argument = ProcessInfo.processInfo.environment[variable]

    /// Says something to the first process.
    package static func say(_ text: String) {
        // The runner's own lines come in between, hence the line break before.
        FileHandle.standardOutput.write(Data("\n\(marker)\(text)\n".utf8))
    }

    private let process: Process
    /// Where it makes its own temporary files, which it cannot remove once it is killed.
    private let scratch: TemporaryFolder
    private let output: FileHandle
    private let heardLines = Lines()
    private let pool = BlockingPool(threads: 1)

    /// Starts the test whose name `filter` matches, such as `"FilesTests.*process that writes"`.
    package init(_ filter: String, argument: String) throws {
        scratch = try TemporaryFolder()
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--testing-library", "swift-testing", "--filter", filter]
        let own = [Self.variable: argument, "TMPDIR": scratch.path.string]
        process.environment = ProcessInfo.processInfo.environment.merging(own) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        output = pipe.fileHandleForReading
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Its id.
    package var id: Int32 { process.processIdentifier }

    /// The next thing it says; nil when it has ended.
    package func heard() async throws -> String? {
        try await pool.run { [output, heardLines] in
            while true {
                if let line = heardLines.next() { return line }
                let data = output.availableData
                if data.isEmpty { return nil }
                heardLines.add(String(decoding: data, as: UTF8.self))
            }
        }
    }

    /// Ends it as a crash would, and waits for its end.
    ///
    /// - Returns: What it still said before.
    package func killed() async throws -> [String] {
        kill(process.processIdentifier, SIGKILL)
        var last: [String] = []
        while let line = try await heard() { last.append(line) }
        try await pool.run { [process] in process.waitUntilExit() }
        return last
    }

    /// What came out of it so far.
    private final class Lines: Sendable {
        private let state = Mutex<(lines: [String], rest: String)>(([], ""))

        func next() -> String? { state.withLock { $0.lines.isEmpty ? nil : $0.lines.removeFirst() } }

        func add(_ text: String) {
            state.withLock { state in
                var lines = (state.rest + text).split(separator: "\n", omittingEmptySubsequences: false)
                state.rest = String(lines.removeLast())
                state.lines += lines.filter { $0.hasPrefix(marker) }.map { String($0.dropFirst(marker.count)) }
            }
        }
    }
}
