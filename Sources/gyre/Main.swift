// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
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
        if arguments == ["--version"] {
            print("gyre \(gyreVersion)")
            return
        }
        // A reader that went away ends the command by an error of write, not by a signal in the middle of a change.
        signal(SIGPIPE, SIG_IGN)
        exit(await run(arguments))
    }

    /// Runs the command line and returns the exit code of DESIGN: 0 done, 1 failed, 2 usage, 3 refused, 130 interrupted.
    static func run(_ arguments: [String]) async -> Int32 {
        let failures = FailurePrinter(json: arguments.contains("--json"), color: color(in: arguments))
        if let unknown = unknownVerb(in: arguments) {
            failures.print(unknown)
            return unknown.kind.exitCode
        }
        do {
            var command = try Gyre.parseAsRoot(arguments)
            if var verb = command as? any AsyncParsableCommand {
                try await verb.run()
            } else {
                try command.run()
            }
            return 0
        } catch let exitCode as ExitCode {
            return exitCode.rawValue
        } catch let explained as any Explained {
            failures.print(explained)
            return explained.kind.exitCode
        } catch is CancellationError {
            return FailureKind.interrupted.exitCode
        } catch {
            return parserExit(error, failures)
        }
    }

    /// Help and version go to stdout and are no error; what the parser refuses is wrong usage.
    private static func parserExit(_ error: any Error, _ failures: FailurePrinter) -> Int32 {
        let code = Gyre.exitCode(for: error)
        if code == .success {
            print(Gyre.fullMessage(for: error))
            return 0
        }
        if code == .validationFailure {
            failures.print(UsageError(Gyre.message(for: error)))
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
        guard let verb = arguments.first, !verb.hasPrefix("-"), !Gyre.verbs.contains(verb) else { return nil }
        return UsageError(
            what: "cannot run `gyre \(verb)`",
            why: "there is no verb `\(verb)`",
            next: nearest(to: verb, among: Gyre.verbs).map { "did you mean `gyre \($0)`?" } ?? "see `gyre --help`"
        )
    }
}

/// A command line that cannot be understood.
struct UsageError: Explained {
    let what: String
    let why: String
    let next: String?
    let kind = FailureKind.usage
    let codeName = "usage"

    init(what: String, why: String, next: String?) {
        self.what = what
        self.why = why
        self.next = next
    }

    /// What the parser said, which may end with a hint of its own.
    init(_ message: String) {
        let lines = message.split(separator: "\n", maxSplits: 1).map(String.init)
        var why = lines.first ?? message
        var next: String?
        let parts = why.split(separator: ". Did you mean ", maxSplits: 1).map(String.init)
        if parts.count == 2 {
            next = "did you mean " + parts[1].replacing("'", with: "`")
            why = parts[0]
        }
        what = "cannot understand the command line"
        self.why = why.first.map { $0.lowercased() + why.dropFirst() }?.replacing("'", with: "`") ?? why
        self.next = next ?? "see `gyre --help`"
    }
}

/// Something that no room has words for.
struct UnexpectedError: Explained {
    let cause: (any Error)?
    let what = "cannot finish"
    var why: String { cause.map { "\($0)" } ?? "unknown" }
    let next: String? = "run it again with `-v`, and report it with the output"
    let kind = FailureKind.failed
    let codeName = "unexpected"

    init(cause: any Error) { self.cause = cause }
}
