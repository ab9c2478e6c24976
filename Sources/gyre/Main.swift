// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CPlatform
import Diagnostics
import Terminal

#if canImport(Glibc)
import Glibc
#endif

/// The version that `gyre --version`, images and run tags carry.
let gyreVersion = "0.1.0"

@main
enum Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // A reader that went away ends the command by an error of write, not by a signal in the middle of a change.
        signal(SIGPIPE, SIG_IGN)
        openMissingStreams()
        boundFreedMemory()
        exit(await run(arguments))
    }

    /// Has the C library give large pieces of memory back to the system when they are freed.
    ///
    /// By itself it learns from the first large piece to keep all that follow: a server that has read a history of a million
    /// points once would hold the room for it in each of its threads.
    private static func boundFreedMemory() {
        gyre_bound_freed_memory(1 << 20, 4 << 20, 4)
    }

    /// Runs the command line and returns the exit code of DESIGN: 0 done, 1 failed, 2 usage, 3 refused, 130 interrupted.
    static func run(_ arguments: [String]) async -> Int32 {
        let failures = FailurePrinter(json: arguments.contains("--json"), color: color(in: arguments))
        do {
            if arguments == ["--version"] {
                try Output().answer(json: "", text: "gyre \(gyreVersion)")
                return 0
            }
            if let unknown = unknownVerb(in: arguments) { throw unknown }
            if try Gyre.parseAsRoot(arguments) is any HandlesSignals {
                try await execute(arguments)
            } else {
                try await Interruptible.run { try await execute(arguments) }
            }
            return 0
        } catch let exitCode as ExitCode {
            return exitCode.rawValue
        } catch let explained as any Explained {
            failures.print(explained)
            return explained.kind.exitCode
        } catch {
            return parserExit(error, arguments, failures)
        }
    }

    /// Parses and runs the command in the task that calls, because a parsed command cannot be handed to another.
    private static func execute(_ arguments: [String]) async throws {
        var command = try Gyre.parseAsRoot(arguments)
        if var verb = command as? any AsyncParsableCommand {
            try await verb.run()
        } else {
            try command.run()
        }
    }

    /// Help goes to stdout and is no error; what the parser refuses is wrong usage.
    private static func parserExit(_ error: any Error, _ arguments: [String], _ failures: FailurePrinter) -> Int32 {
        let code = Gyre.exitCode(for: error)
        if code == .success {
            let text = Gyre.fullMessage(for: error)
            if Output().result(json: "", text: text) { return 0 }
            failures.print(LostResult())
            return FailureKind.failed.exitCode
        }
        if code == .validationFailure {
            failures.print(UsageError(Gyre.message(for: error), of: Gyre.command(in: arguments)))
            return FailureKind.usage.exitCode
        }
        failures.print(UnexpectedError(cause: error))
        return FailureKind.failed.exitCode
    }

    /// The choice of `--color`, which counts also where the rest of the line cannot be understood.
    private static func color(in arguments: [String]) -> ColorChoice {
        let joined = arguments.compactMap { $0.hasPrefix("--color=") ? String($0.dropFirst("--color=".count)) : nil }
        let apart = arguments.firstIndex(of: "--color").map { arguments.dropFirst($0 + 1).first } ?? nil
        return (joined.last ?? apart).flatMap(ColorChoice.init(rawValue:)) ?? .auto
    }

    private static func unknownVerb(in arguments: [String]) -> UsageError? {
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
        guard let verb = words.first, !verb.hasPrefix("-") else { return nil }
        guard let command = Gyre.verb(named: verb) else {
            return Gyre.verbs.contains(verb) ? nil : unknown(verb, after: "gyre", among: Gyre.verbs)
        }
        // What is no verb of such a command is an argument.
        if command.configuration.defaultSubcommand is any TakesArguments.Type { return nil }
        let verbs = command.configuration.subcommands.map { $0.configuration }
        let names = verbs.map { $0.commandName ?? "" }
        guard !names.isEmpty, let word = words.dropFirst().first, !word.hasPrefix("-"), !names.contains(word),
            !verbs.contains(where: { $0.aliases.contains(word) })
        else { return nil }
        return unknown(word, after: "gyre \(verb)", among: names)
    }

    private static func unknown(_ word: String, after line: String, among names: [String]) -> UsageError {
        var next = nearest(to: word, among: names).map { "did you mean `\(line) \($0)`?" }
        // Whoever names a thing wants to see it.
        if next == nil, names.contains("show") { next = "did you mean `\(line) show \(word)`?" }
        return UsageError(
            what: "cannot run `\(line) \(word)`",
            why: "there is no verb `\(word)`" + (line == "gyre" ? "" : " of `\(line)`"),
            next: next ?? "see `\(line) --help`"
        )
    }

    /// Opens `/dev/null` in the place of a standard stream that the caller closed, so that no file of ours gets its number
    /// and with it our words.
    private static func openMissingStreams() {
        for stream in Int32(0)...2 where fcntl(stream, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    }
}
