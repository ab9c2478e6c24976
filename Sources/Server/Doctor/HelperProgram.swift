// SPDX-License-Identifier: Apache-2.0

import Subprocess
import SystemPackage

/// A program of the system that answers a question or does a job.
struct HelperProgram {
    private let file: FilePath

    init(_ file: FilePath) { self.file = file }

    /// The first line that it prints; nil if it cannot be started, or fails.
    func line(_ arguments: [String]) async -> String? {
        // A program that cannot be started counts as missing.
        let result = try? await Subprocess.run(
            .path(file),
            arguments: Arguments(arguments),
            // Modules of the user's folder must not take the place of Python's own.
            workingDirectory: "/",
            output: .string(limit: 1 << 16),
            error: .discarded
        )
        guard let result, result.terminationStatus.isSuccess else { return nil }
        return result.standardOutput.split(separator: "\n").first.map(String.init)
    }

    /// Runs it to its end.
    ///
    /// - Throws: ``ServerError`` `.missingRuntime` with its last words.
    func run(_ arguments: [String], next: String) async throws {
        let name = "\(file.lastComponent?.string ?? "") \(arguments.prefix(3).joined(separator: " "))"
        let result = try await Subprocess.run(
            .path(file),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            let words = (result.standardOutput + result.standardError).split(separator: "\n")
            throw ServerError(
                .missingRuntime,
                what: "cannot run `\(name)`",
                why: words.last.map(String.init) ?? "it failed without a word",
                next: next
            )
        }
    }
}
