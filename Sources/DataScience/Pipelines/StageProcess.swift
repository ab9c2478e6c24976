// SPDX-License-Identifier: Apache-2.0

import Subprocess
import SystemPackage

/// Runs a stage's command by the shell, in a process group of its own.
enum StageProcess {
    /// Runs one command.
    ///
    /// Both streams are handed over line by line as they come. If the task is cancelled the whole group is asked to end, and
    /// after five seconds made to.
    ///
    /// - Returns: The exit code; -1 if a signal ended it.
    static func run(
        _ command: String,
        in folder: FilePath,
        environment: [String: String],
        onLine: @escaping @Sendable (String) -> Void
    ) async throws -> Int32 {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(5))
        ]
        var variables: [Environment.Key: String?] = [:]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let configuration = Configuration(
            executable: .path("/bin/sh"),
            arguments: ["-c", command],
            environment: .inherit.updating(variables),
            workingDirectory: folder,
            platformOptions: options
        )
        let result = try await Subprocess.run(
            configuration,
            input: .none,
            output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            var line: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { bytes in
                    for byte in bytes {
                        // A line without an end is cut, so that a program without line ends cannot fill the memory.
                        if byte == UInt8(ascii: "\n") || line.count >= 1 << 16 {
                            onLine(String(decoding: line, as: UTF8.self))
                            line.removeAll(keepingCapacity: true)
                        }
                        if byte != UInt8(ascii: "\n") { line.append(byte) }
                    }
                }
            }
            if !line.isEmpty { onLine(String(decoding: line, as: UTF8.self)) }
        }
        try Task.checkCancellation()
        if case .exited(let code) = result.terminationStatus { return Int32(code) }
        return -1
    }
}
