// SPDX-License-Identifier: Apache-2.0

import Subprocess
import SystemPackage
import Testing

extension Program {
    /// A size of a terminal, and what is typed once a question is asked.
    struct Terminal {
        var columns = 80
        var lines = 24
        var answer = ""
    }

    /// Runs a command in a terminal of its own, and returns all that appears there.
    func run(_ arguments: String..., in terminal: Terminal, environment: [String: String?] = [:]) async throws -> Answer
    {
        try await follow(arguments, in: terminal, environment: environment)
    }

    /// Runs a command to its end, and each time that it has said the next mark does what belongs to it.
    ///
    /// - Parameters:
    ///   - arguments: The verb and its options.
    ///   - terminal: The terminal that it runs in; without one its output is a pipe.
    ///   - environment: More variables.
    ///   - steps: Marks in the order that they come in, and what to do then.
    /// - Returns: What it said, and its exit code.
    /// - Throws: What a step throws.
    func follow(
        _ arguments: [String],
        in terminal: Terminal? = nil,
        environment: [String: String?] = [:],
        steps: [(mark: String, action: () async throws -> Void)] = []
    ) async throws -> Answer {
        var variables = environment
        var line = arguments
        let file = try Self.file
        if let terminal {
            variables["NO_COLOR"] = .some(environment["NO_COLOR"] ?? nil)
            variables["TERM"] = environment["TERM"] ?? "xterm-256color"
            let size = ["\(terminal.columns)", "\(terminal.lines)", terminal.answer]
            line = ["-c", Self.terminal] + size + [file.string] + arguments
        }
        let executable: Executable = terminal == nil ? .path(file) : .path(Self.python)
        let result = try await Subprocess.run(
            configuration(executable, line, variables),
            input: .none,
            output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            var rest = steps[...]
            var text: [UInt8] = []
            var seen = 0
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                while let step = rest.first,
                    let end = String(decoding: text[seen...], as: UTF8.self).firstRange(of: step.mark)
                {
                    seen += String(decoding: text[seen...], as: UTF8.self)[..<end.upperBound].utf8.count
                    rest.removeFirst()
                    try await step.action()
                }
            }
            #expect(rest.isEmpty, "it never said `\(rest.first?.mark ?? "")`")
            return text
        }
        return Answer(
            result.terminationStatus,
            output: String(decoding: result.closureResult, as: UTF8.self),
            error: ""
        )
    }

    /// Runs a program in a terminal, passes on what appears there, and types an answer to its question.
    private static let terminal = """
        import fcntl, os, pty, struct, sys, termios
        columns, lines, answer, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execv(program[0], program)
        seen = b""
        while True:
            try: piece = os.read(terminal, 65536)
            except OSError: break
            if not piece: break
            seen += piece
            sys.stdout.buffer.write(piece.replace(b"\\r\\n", b"\\n"))
            sys.stdout.flush()
            if answer and b"[y/N] " in seen:
                os.write(terminal, answer.encode() + b"\\n")
                answer = ""
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256)
        """
}
