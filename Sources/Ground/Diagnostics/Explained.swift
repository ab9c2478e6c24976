// SPDX-License-Identifier: Apache-2.0

/// An error that people can act on: what failed, why, and what to do next.
///
/// Each room has one error type that conforms. The edges (command line, HTTP) turn ``kind`` into exit codes and statuses;
/// inside the house nobody knows about either. Sentences start in lower case and carry no full stop; names, paths and
/// values stand in backticks. Secrets, rows and bound SQL values never appear in them.
package protocol Explained: Error, Sendable, CustomStringConvertible {
    /// What failed, with the name of the thing: "cannot run stage `train`".
    var what: String { get }
    /// Why it failed: "`data/clean.parquet` is missing and no stage writes it".
    var why: String { get }
    /// What to do now, if there is something: "run `gyre pull data/clean.parquet`".
    var next: String? { get }
    /// The error below this one, for logs; its text is not pasted into the sentences.
    var cause: (any Error)? { get }
    /// Whose fault it is and how the edges answer.
    var kind: FailureKind { get }
    /// A stable name to switch on and to print in `--json`, for example `stageNotFound`.
    var codeName: String { get }
}

extension Explained {
    package var cause: (any Error)? { nil }

    /// The sentences in one line, for logs and test failures.
    package var description: String {
        var text = "\(what): \(why)"
        if let next { text += " (\(next))" }
        return text
    }
}

/// How the edges answer a failure: the exit code and the HTTP status hang on it.
package enum FailureKind: String, Sendable, CaseIterable {
    /// The request or command line is wrong as written.
    case usage
    /// Input from people, files or the network breaks a rule.
    case invalid
    /// The thing named does not exist.
    case notFound
    /// It exists already, or somebody else holds it.
    case conflict
    /// The caller may not do this.
    case forbidden
    /// A gate said no: a requirement is not met.
    case refused
    /// More than a stated limit: body, rows, queue, time.
    case tooLarge
    /// Something outside that is needed is missing or does not answer; trying again may help.
    case unavailable
    /// It was asked to stop.
    case interrupted
    /// It failed for a reason of this machine or of Gyre itself.
    case failed

    /// The exit code of `gyre`: 0 done, 1 it failed, 2 wrong usage, 3 a gate said no, 130 interrupted.
    package var exitCode: Int32 {
        switch self {
        case .usage: 2
        case .refused: 3
        case .interrupted: 130
        default: 1
        }
    }
}
