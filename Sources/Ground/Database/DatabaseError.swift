// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import GRDB

/// A database that cannot be opened, or a statement that failed.
package struct DatabaseError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The file cannot be opened or made.
        case cannotOpen
        /// Another server works on this database.
        case locked
        /// The file is damaged or no database.
        case corrupt
        /// No space is left.
        case diskFull
        /// The file or its folder takes no changes.
        case readOnly
        /// A row with that key exists.
        case notUnique
        /// Another rule of the schema is broken.
        case constraint
        /// A text holds a NUL, which SQL's texts cannot.
        case unstorable
        /// A newer Gyre has changed the tables.
        case newerSchema
        /// Another process writes for longer than we wait.
        case busy
        /// The database was closed.
        case closed
        /// A statement is wrong, or the system failed below it.
        case failed
    }

    /// What went wrong, to switch on.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?
    package let cause: (any Error)?

    package var codeName: String { code.rawValue }

    package var kind: FailureKind {
        switch code {
        case .locked, .notUnique, .newerSchema: .conflict
        case .constraint, .unstorable: .invalid
        case .busy, .closed: .unavailable
        case .readOnly: .forbidden
        case .cannotOpen, .corrupt, .diskFull, .failed: .failed
        }
    }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
        self.cause = cause
    }

    /// The same failure as SQLite reports it; bound values never appear.
    init(_ error: any Error, what: String) {
        if let error = error as? DatabaseError {
            self = error
            return
        }
        guard let sqlite = error as? GRDB.DatabaseError else {
            self.init(.failed, what: what, why: "\(error)", cause: error)
            return
        }
        let message = sqlite.message ?? "error \(sqlite.extendedResultCode.rawValue)"
        switch sqlite.resultCode {
        case .SQLITE_CONSTRAINT:
            let isUnique = [.SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID]
                .contains(sqlite.extendedResultCode)
            self.init(isUnique ? .notUnique : .constraint, what: what, why: message, cause: error)
        // The second is what a full disk does to the index of the write-ahead log.
        case .SQLITE_FULL,
            _ where sqlite.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
            self.init(
                .diskFull,
                what: what,
                why: "no space is left",
                next: "free some space and try again",
                cause: error
            )
        case .SQLITE_READONLY, .SQLITE_PERM:
            self.init(
                .readOnly,
                what: what,
                why: message,
                next: "look at the owner and permissions of the folder",
                cause: error
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            let next = "restore the file from a backup, or move it away to begin anew"
            self.init(.corrupt, what: what, why: message, next: next, cause: error)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.busy, what: what, why: "another process is writing", next: "try again", cause: error)
        case .SQLITE_CANTOPEN:
            self.init(
                .cannotOpen,
                what: what,
                why: message,
                next: "look at the owner and permissions of the folder",
                cause: error
            )
        case .SQLITE_MISUSE where message.contains("closed"):
            self.init(.closed, what: what, why: "the database was closed", cause: error)
        default:
            self.init(.failed, what: what, why: message, cause: error)
        }
    }
}
