// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

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
    let executable: Executable
    /// What its hooks find in their environment.
    let additions: [String: String]

    init(root: FilePath, executable: Executable = Self.git, additions: [String: String] = [:]) {
        self.root = root
        self.executable = executable
        self.additions = additions
    }

    /// The first `git` of `PATH`.
    ///
    /// Found once: to start a program by its name is to try a new process for each folder.
    private static let git: Executable = {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let places = path.split(separator: ":").map { FilePath(String($0)).appending("git") }
        let found = places.first { $0.isAbsolute && access($0.string, X_OK) == 0 && !FileSystem.isDirectory($0) }
        return found.map { .path($0) } ?? .name("git")
    }()

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
    /// - Parameters:
    ///   - arguments: The call and its arguments.
    ///   - index: An index in place of the user's.
    ///   - paths: How git reads paths.
    ///   - asUser: Whether what it runs, such as hooks, finds the user's own environment; its words are for people then.
    ///   - limit: The most bytes of output.
    /// - Returns: What it said.
    /// - Throws: ``DataVersionsError`` `.git` if git cannot be started, `.tooLarge` if it says more than `limit`.
    func run(
        _ arguments: [String],
        index: FilePath? = nil,
        paths: Paths = .literal,
        asUser: Bool = false,
        limit: Int = 64 << 20
    ) async throws -> Answer {
        let result = try await run(
            arguments,
            index,
            paths,
            limit,
            asUser: asUser,
            input: .none,
            output: .string(limit: limit)
        )
        return Answer(
            code: Self.code(result.terminationStatus),
            output: result.standardOutput,
            error: result.standardError
        )
    }

    /// Runs a call that reads a list and answers with bytes.
    ///
    /// - Parameters:
    ///   - arguments: The call and its arguments.
    ///   - list: What it reads; a NUL is put behind each.
    ///   - limit: The most bytes of output.
    /// - Returns: The code, the output, and the error's text.
    /// - Throws: ``DataVersionsError`` `.git` if git cannot be started, `.tooLarge` if it says more than `limit`.
    func run(
        _ arguments: [String],
        list: some Sequence<String>,
        limit: Int = 256 << 20
    ) async throws -> (code: Int32, output: [UInt8], error: String) {
        var input: [UInt8] = []
        for item in list {
            input += item.utf8
            input.append(0)
        }
        let result = try await run(arguments, nil, .own, limit, input: .array(input), output: .bytes(limit: limit))
        return (Self.code(result.terminationStatus), result.standardOutput, result.standardError)
    }

    private static func code(_ status: TerminationStatus) -> Int32 {
        if case .exited(let code) = status { Int32(code) } else { -1 }
    }

    private func run<Input: InputProtocol, Output: OutputProtocol>(
        _ arguments: [String],
        _ index: FilePath?,
        _ paths: Paths,
        _ limit: Int,
        asUser: Bool = false,
        input: Input,
        output: Output
    ) async throws -> ExecutionResult<Void, Output, StringOutput<UTF8>> {
        var options = PlatformOptions()
        // Asked to end, git removes its lock files; killed, it would leave them in the user's way.
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        do {
            let result = try await Subprocess.run(
                executable,
                arguments: Arguments(["-C", root.string] + paths.options + arguments),
                environment: .inherit.updating(variables(index, asUser: asUser)),
                platformOptions: options,
                input: input,
                output: output,
                error: .string(limit: 1 << 20)
            )
            try Task.checkCancellation()
            return result
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

    func variables(_ index: FilePath?, asUser: Bool = false) -> [Environment.Key: String?] {
        var variables: [Environment.Key: String?] =
            asUser
            ? [:]
            : [
                // Its words are read by programs.
                "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
            ]
        // Inside of a hook these name another repository than ours.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"] {
            variables[Environment.Key(stringLiteral: name)] = .some(nil)
        }
        if let index { variables["GIT_INDEX_FILE"] = index.string }
        for (name, value) in additions { variables[Environment.Key(stringLiteral: name)] = value }
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
