// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage

/// Runs `git` in one work tree, without asking anybody anything.
struct GitProgram: Sendable {
    /// What a call answered.
    struct Answer: Sendable {
        /// -1 if a signal ended it.
        let code: Int32
        let output: String
        let error: String

        /// The output without the end of its line.
        var line: String { String(output.trimmingSuffix(while: \.isNewline)) }
    }

    /// How a call reads the paths among its arguments.
    enum Paths: Sendable {
        /// Every character means itself.
        case literal
        /// As patterns, where `**` goes through folders.
        case patterns
        /// As the call likes; some refuse to be told.
        case own

        var options: [String] {
            switch self {
            case .literal: ["--literal-pathspecs"]
            case .patterns: ["--glob-pathspecs"]
            case .own: []
            }
        }
    }

    let root: FilePath
    private let executable: Executable

    init(root: FilePath, executable: Executable = .name("git")) {
        self.root = root
        self.executable = executable
    }

    /// Runs a call that must succeed; its output.
    ///
    /// - Parameters:
    ///   - arguments: The call and its arguments.
    ///   - hooks: Whether the user's hooks run; those of our own work trees must not.
    ///   - index: An index in place of the user's.
    ///   - paths: How git reads paths.
    ///   - limit: The most bytes of output.
    /// - Returns: What it wrote.
    /// - Throws: ``DataVersionsError`` `.git` if it ends with another code than 0, `.tooLarge`.
    func checked(
        _ arguments: [String],
        hooks: Bool = true,
        index: FilePath? = nil,
        paths: Paths = .literal,
        limit: Int = 64 << 20
    ) async throws -> String {
        let arguments = hooks ? arguments : ["-c", "core.hooksPath=/dev/null"] + arguments
        let answer = try await run(arguments, index: index, paths: paths, limit: limit)
        guard answer.code == 0 else { throw failure(arguments, answer) }
        return answer.output
    }

    /// Runs a call.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if git cannot be started, `.tooLarge` if it says more than `limit`.
    func run(
        _ arguments: [String],
        index: FilePath? = nil,
        paths: Paths = .literal,
        limit: Int = 64 << 20
    ) async throws -> Answer {
        var options = PlatformOptions()
        // Asked to end, git removes its lock files; killed, it would leave them in the user's way.
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        do {
            let result = try await Subprocess.run(
                executable,
                arguments: Arguments(["-C", root.string] + paths.options + arguments),
                environment: .inherit.updating(variables(index)),
                platformOptions: options,
                input: .none,
                output: .string(limit: limit),
                error: .string(limit: 1 << 20)
            )
            let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
            try Task.checkCancellation()
            return Answer(code: code, output: result.standardOutput, error: result.standardError)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw DataVersionsError(
                .tooLarge,
                what: "cannot run `git \(Self.verb(arguments))` in `\(root)`",
                why: "it says more than \(limit) bytes",
                cause: error
            )
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw DataVersionsError(
                .git,
                what: "cannot run `git`",
                why: "the program cannot be started",
                next: "install git, or look at `PATH`",
                cause: error
            )
        }
    }

    /// The error of a call that git refused.
    func failure(_ arguments: [String], _ answer: Answer) -> DataVersionsError {
        let lines = answer.error.split(whereSeparator: \.isNewline).map(String.init)
        let line = lines.first { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") } ?? lines.first
        let words = line.map { $0.replacing("fatal: ", with: "").replacing("error: ", with: "") }
        return DataVersionsError(
            .git,
            what: "cannot run `git \(Self.verb(arguments))` in `\(root)`",
            why: words ?? "it ended with \(answer.code)",
            next: answer.error.contains("not a git repository") ? "run `gyre init`, or `git init`" : nil
        )
    }

    private func variables(_ index: FilePath?) -> [Environment.Key: String?] {
        var variables: [Environment.Key: String?] = [
            // Its words are read by programs.
            "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
        ]
        // Inside of a hook these name another repository than ours.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"] {
            variables[Environment.Key(stringLiteral: name)] = .some(nil)
        }
        if let index { variables["GIT_INDEX_FILE"] = index.string }
        return variables
    }

    private static func verb(_ arguments: [String]) -> String {
        arguments.first { !$0.hasPrefix("-") && !$0.contains("=") } ?? ""
    }
}

extension StringProtocol {
    func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
