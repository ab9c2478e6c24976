// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A document that cannot be read, with all its mistakes at once.
package struct DocumentError: Explained {
    /// One mistake.
    package struct Problem: Sendable, Hashable {
        /// What is wrong, with the name of the key.
        package let message: String
        /// Where it is.
        package let position: SourcePosition
        /// What would be right, if there is a guess.
        package let suggestion: String?

        /// A mistake at `position`.
        package init(_ message: String, at position: SourcePosition, suggestion: String? = nil) {
            self.message = message
            self.position = position
            self.suggestion = suggestion
        }
    }

    /// The file as the user knows it.
    package let file: String
    /// The mistakes in the order of the file.
    package let problems: [Problem]

    /// An error of at least one problem.
    package init(file: String, problems: [Problem]) {
        self.file = file
        self.problems = problems.sorted {
            ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
        }
    }

    package var what: String {
        problems.count == 1 ? "cannot use `\(file)`" : "cannot use `\(file)`: it has \(problems.count) mistakes"
    }

    package var why: String {
        var lines = problems.prefix(Self.shownProblems).map { problem in
            "\(problem.position): \(problem.message)" + (problem.suggestion.map { " (\($0))" } ?? "")
        }
        if problems.count > lines.count { lines.append("and \(problems.count - lines.count) more") }
        return lines.joined(separator: "\n       ")
    }

    /// As many as fit on a screen.
    private static let shownProblems = 20

    package var next: String? { problems.count == 1 ? "correct the line" : "correct the lines" }
    package var kind: FailureKind { .invalid }
    package var codeName: String { "invalidDocument" }
}
