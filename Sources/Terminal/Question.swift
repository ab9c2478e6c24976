// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// An answer that a person types.
enum Question {
    /// Whether somebody can type.
    static var isAnswerable: Bool { isatty(STDIN_FILENO) == 1 }

    /// Waits for a line, and says whether it is a yes; the end of the input is a no.
    ///
    /// The wait blocks no thread and ends with the task.
    ///
    /// - Throws: `CancellationError`.
    static func isAnsweredByYes() async throws -> Bool {
        var answer: [UInt8] = []
        while !answer.contains(UInt8(ascii: "\n")) {
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, 0) > 0 else {
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            guard count > 0, answer.count < 4_096 else { break }
            answer += bytes.prefix(count)
        }
        let word = String(decoding: answer, as: UTF8.self).lowercased().filter { !$0.isWhitespace }
        return ["y", "yes"].contains(word)
    }
}
