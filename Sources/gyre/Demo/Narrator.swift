// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Server
import Subprocess
import Synchronization
import SystemPackage
import Terminal

/// Tells the demo: what a step is about, the command that a user could have typed, what it printed, how long it took.
///
/// With `--json` the story goes to standard error, and its facts are kept for the one document at the end.
final class Narrator: Sendable {
    /// What a command printed.
    struct Answer: Sendable {
        /// Its result.
        let output: String
        /// Its exit code; -1 if a signal ended it.
        let code: Int32
    }

    private struct Step {
        let number: Int
        let title: String
        var commands: [(command: String, seconds: Double, code: Int32)] = []
    }

    let output: Output
    let folder: FilePath
    let python: FilePath
    /// This program's own file, which plays `gyre`.
    let program: FilePath
    private let steps = Mutex<[Step]>([])

    init(output: Output, folder: FilePath, python: FilePath) {
        self.output = output
        self.folder = folder
        self.python = python
        // The link is always there on Linux; should it not be, the search path finds the program.
        program = (try? FileSystem.realPath("/proc/self/exe")) ?? "gyre"
    }

    // MARK: Words

    /// Begins a step.
    func step(_ number: Int, _ title: String) {
        steps.withLock { $0.append(Step(number: number, title: title)) }
        tell("\n" + output.paint("\(number). \(title)", .strong))
    }

    /// Says a line below the step.
    func say(_ text: String) { tell("   " + text) }

    /// Says how long something took.
    func say(_ duration: Duration, code: Int32 = 0) {
        let ended = code == 0 ? "" : ", exit code \(code)"
        say(output.paint("took \(Humanize.duration(duration))\(ended)", .quiet))
    }

    /// Shows a command.
    func show(_ words: [String]) { say(output.paint("$ " + Self.line(words), .name)) }

    private func tell(_ text: String) {
        // A story that nobody listens to any more still ends what it began.
        (output.json ? TextStream.standardError : .standardOutput).write(text + "\n")
    }

    /// The facts of the story.
    func write(into writer: inout JSONWriter) {
        writer.field("folder", folder.string)
        writer.key("steps")
        let steps = steps.withLock { $0 }
        writer.array { writer in
            for step in steps {
                writer.object { writer in
                    writer.field("step", step.number)
                    writer.field("title", step.title)
                    writer.key("commands")
                    writer.array { writer in
                        for command in step.commands {
                            writer.object { writer in
                                writer.field("command", command.command)
                                writer.field("seconds", command.seconds)
                                writer.field("exit_code", Int(command.code))
                            }
                        }
                    }
                }
            }
        }
    }

    // MARK: Commands

    /// Shows a command, runs it, shows what it printed and how long it took.
    ///
    /// - Parameters:
    ///   - words: The command: `gyre` and `python` are this program and the demo's Python.
    ///   - codes: The exit codes that are no failure.
    ///   - environment: More variables.
    /// - Returns: What it printed.
    /// - Throws: ``ServerError`` with the command's last words if it ends otherwise.
    @discardableResult
    func run(
        _ words: [String],
        expecting codes: [Int32] = [0],
        environment: [String: String] = [:]
    ) async throws -> Answer {
        show(words)
        let start = ContinuousClock.now
        let (answer, error) = try await execute(words, environment)
        let took = ContinuousClock.now - start
        let lines = answer.output.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.last?.isEmpty == true ? lines.dropLast() : lines { say(String(line)) }
        steps.withLock { steps in
            guard !steps.isEmpty else { return }
            steps[steps.count - 1].commands.append((Self.line(words), took / .seconds(1), answer.code))
        }
        guard codes.contains(answer.code) else {
            for line in error.split(separator: "\n").suffix(8) { say(String(line)) }
            throw ServerError(
                .stepFailed,
                what: "cannot go on with the demo",
                why: "`\(Self.line(words))` ended with \(answer.code)",
                next: "run it by hand in `\(folder)`, or look at `gyre doctor`"
            )
        }
        say(took, code: answer.code)
        return answer
    }

    /// Runs a command without showing it, and returns what it printed.
    func ask(_ words: [String]) async throws -> String { try await execute(words, [:]).answer.output }

    private func execute(
        _ words: [String],
        _ environment: [String: String]
    ) async throws -> (answer: Answer, error: String) {
        let result = try await Subprocess.run(
            configuration(executable(words[0]), Array(words.dropFirst()), environment),
            output: .string(limit: 4 << 20),
            error: .string(limit: 4 << 20)
        )
        try Task.checkCancellation()
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        return (Answer(output: result.standardOutput, code: code), result.standardError)
    }

    /// How the demo starts a program: in the project, in a process group of its own, asked to end if the demo is.
    func configuration(
        _ executable: FilePath,
        _ arguments: [String],
        _ environment: [String: String] = [:]
    ) -> Configuration {
        var options = PlatformOptions()
        // Ctrl-C reaches the demo alone, which then ends its programs once, in order.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(20))]
        return Configuration(
            executable: .path(executable),
            arguments: Arguments(arguments),
            environment: .inherit.updating(variables(environment)),
            workingDirectory: folder,
            platformOptions: options
        )
    }

    /// The file that a word of a command stands for.
    private func executable(_ word: String) -> FilePath {
        switch word {
        case "gyre": program
        case "python": python
        default: Session.places.program(word) ?? FilePath(word)
        }
    }

    /// What commands of the demo find in their environment.
    private func variables(_ more: [String: String]) -> [Subprocess.Environment.Key: String?] {
        var variables: [Subprocess.Environment.Key: String?] = [
            "GYRE_PYTHON": python.string, "PYTHONWARNINGS": "ignore",
        ]
        for (name, value) in more { variables[.init(stringLiteral: name)] = value }
        return variables
    }

    private static func line(_ words: [String]) -> String {
        words.map { $0.contains { $0 == " " || $0 == "\"" } ? "\"\($0)\"" : $0 }.joined(separator: " ")
    }
}
