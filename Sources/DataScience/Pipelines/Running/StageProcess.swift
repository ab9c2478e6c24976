// SPDX-License-Identifier: Apache-2.0

import Subprocess
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Runs a stage's command by the shell, in a process group of its own.
enum StageProcess {
    /// A line without an end is cut here, so that a program without line ends cannot fill the memory.
    private static let longestLine = 1 << 16

    /// How a command ended.
    enum Ending: Sendable, Equatable {
        /// By itself, with this code.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// The user's shell, told to read no settings; the system's if there is none.
    static func shell(_ wanted: String?) -> (path: String, options: [String]) {
        guard let path = wanted, path.hasPrefix("/"), access(path, X_OK) == 0 else { return ("/bin/sh", []) }
        switch path.split(separator: "/").last {
        case "bash": return (path, ["--noprofile", "--norc"])
        case "zsh": return (path, ["--no-rcs"])
        default: return (path, [])
        }
    }

    /// Runs one command.
    ///
    /// Both streams are handed over line by line as they come. If the task is cancelled the whole group is asked to end, and
    /// after five seconds made to.
    static func run(
        _ command: String,
        in folder: FilePath,
        environment: [String: String],
        onStart: @escaping @Sendable (Int32) -> Void = { _ in },
        onLine: @escaping @Sendable (String) -> Void
    ) async throws -> Ending {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(5))
        ]
        var variables: [Environment.Key: String?] = [:]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let shell = Self.shell(SystemEnvironment.value("SHELL"))
        let configuration = Configuration(
            executable: .path(FilePath(shell.path)),
            arguments: Arguments(shell.options + ["-c", command]),
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
            onStart(Int32(execution.processIdentifier.value))
            var line: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { bytes in
                    var rest = bytes[...]
                    while !rest.isEmpty {
                        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
                        let piece = rest[rest.startIndex..<end].prefix(longestLine - line.count)
                        line.append(contentsOf: piece)
                        let isEnded = piece.endIndex < rest.endIndex && rest[piece.endIndex] == UInt8(ascii: "\n")
                        if isEnded || line.count >= longestLine {
                            onLine(String(decoding: line, as: UTF8.self))
                            line.removeAll(keepingCapacity: true)
                        }
                        rest = rest[(isEnded ? piece.endIndex + 1 : piece.endIndex)...]
                    }
                }
            }
            if !line.isEmpty { onLine(String(decoding: line, as: UTF8.self)) }
        }
        try Task.checkCancellation()
        switch result.terminationStatus {
        case .exited(let code): return .exited(Int32(code))
        case .signaled(let signal): return .signalled(Int32(signal))
        }
    }
}
