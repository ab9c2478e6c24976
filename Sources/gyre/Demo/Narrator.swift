// SPDX-License-Identifier: Apache-2.0

import Files
import Server
import Subprocess
import SystemPackage
import Terminal

/// Tells the demo: what a step is about, the command that a user could have typed, what it printed, how long it took.
struct Narrator: Sendable {
    /// What a command printed.
    struct Answer: Sendable {
        /// Its result.
        let output: String
        /// Its exit code; -1 if a signal ended it.
        let code: Int32
    }

    let output: Output
    let folder: FilePath
    let python: FilePath
    /// This program's own file, which plays `gyre`.
    let program: FilePath

    init(output: Output, folder: FilePath, python: FilePath) {
        self.output = output
        self.folder = folder
        self.python = python
        // The link is always there on Linux; should it not be, the search path finds the program.
        program = (try? FileSystem.realPath("/proc/self/exe")) ?? "gyre"
    }

    /// Begins a step.
    func step(_ number: Int, _ title: String) {
        print("\n" + output.paint("\(number). \(title)", .strong))
    }

    /// Says a line below the step.
    func say(_ text: String) { print("   " + text) }

    /// Shows a command, runs it, shows what it printed and how long it took.
    ///
    /// - Parameters:
    ///   - words: The command: `gyre` and `python` are this program and the demo's Python.
    ///   - codes: The exit codes that are no failure.
    ///   - environment: Variables for this command only, besides those of all.
    /// - Returns: What the command printed, at most 4 MiB, and how it ended.
    /// - Throws: ``ServerError`` `.refused` if it ends otherwise, after its last eight lines of errors are shown.
    @discardableResult
    func run(
        _ words: [String],
        expecting codes: [Int32] = [0],
        environment: [String: String] = [:]
    ) async throws -> Answer {
        say(output.paint("$ " + words.map(Self.shown).joined(separator: " "), .name))
        let start = ContinuousClock.now
        let result = try await Subprocess.run(
            .path(executable(words[0])),
            arguments: Arguments(Array(words.dropFirst())),
            environment: .inherit.updating(variables(environment)),
            workingDirectory: folder,
            output: .string(limit: 4 << 20),
            error: .string(limit: 4 << 20)
        )
        let took = Humanize.duration(ContinuousClock.now - start)
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        let lines = result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.last?.isEmpty == true ? lines.dropLast() : lines { say(String(line)) }
        guard codes.contains(code) else {
            for line in result.standardError.split(separator: "\n").suffix(8) { say(String(line)) }
            throw ServerError(
                .refused,
                what: "cannot go on with the demo",
                why: "`\(words.joined(separator: " "))` ended with \(code)",
                next: "run it by hand in `\(folder)`, or look at `gyre doctor`"
            )
        }
        let ended = code == 0 ? "" : ", exit code \(code)"
        say(output.paint("took \(took)\(ended)", .quiet))
        return Answer(output: result.standardOutput, code: code)
    }

    /// Runs a command without showing it, and returns its result.
    func ask(_ words: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .path(executable(words[0])),
            arguments: Arguments(Array(words.dropFirst())),
            environment: .inherit.updating(variables()),
            workingDirectory: folder,
            output: .string(limit: 4 << 20),
            error: .discarded
        )
        return result.standardOutput
    }

    /// The file that a word of a command stands for.
    func executable(_ word: String) -> FilePath {
        switch word {
        case "gyre": program
        case "python": python
        default: Session.places.program(word) ?? FilePath(word)
        }
    }

    /// What commands of the demo find in their environment.
    func variables(_ more: [String: String] = [:]) -> [Subprocess.Environment.Key: String?] {
        var variables: [Subprocess.Environment.Key: String?] = [
            "GYRE_PYTHON": python.string, "PYTHONWARNINGS": "ignore",
        ]
        for (name, value) in more { variables[.init(stringLiteral: name)] = value }
        return variables
    }

    private static func shown(_ word: String) -> String {
        word.contains { $0 == " " || $0 == "\"" } ? "\"\(word)\"" : word
    }
}
