// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import SystemPackage

/// A file operation that failed, with the path in its words.
package struct FilesError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The path does not exist.
        case notFound
        /// The path exists already.
        case alreadyExists
        /// This user may not.
        case permissionDenied
        /// The file system, or the folder, takes no changes.
        case readOnly
        /// No space, or a quota is reached.
        case diskFull
        /// A part of the path is a file, or a file was expected and is a folder.
        case wrongKind
        /// Somebody else holds the lock.
        case locked
        /// The file is larger than the caller takes.
        case tooLarge
        /// The content is not what the caller can use, for example not UTF-8.
        case invalidContent
        /// Anything else that the system says.
        case ioFailed
    }

    /// What went wrong, to switch on.
    package let code: Code
    /// The path that it happened at.
    package let path: FilePath
    package let what: String
    package let why: String
    package let next: String?
    package let cause: (any Error)?

    package var codeName: String { code.rawValue }

    package var kind: FailureKind {
        switch code {
        case .notFound: .notFound
        case .alreadyExists, .locked: .conflict
        case .permissionDenied, .readOnly: .forbidden
        case .tooLarge: .tooLarge
        case .wrongKind, .invalidContent: .invalid
        case .diskFull, .ioFailed: .failed
        }
    }

    /// An error with its sentences.
    package init(
        _ code: Code,
        _ path: FilePath,
        what: String,
        why: String,
        next: String? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.path = path
        self.what = what
        self.why = why
        self.next = next
        self.cause = cause
    }

    /// The error that the system reported while doing `verb` ("write", "open") on `path`.
    package init(_ errno: Errno, _ verb: String, _ path: FilePath) {
        let (code, why, next): (Code, String, String?) =
            switch errno {
            case .noSuchFileOrDirectory: (.notFound, "there is no such file or folder", nil)
            case .fileExists: (.alreadyExists, "something is there already", nil)
            case .permissionDenied, .notPermitted:
                (.permissionDenied, "this user may not", "look at the owner and permissions of the folder")
            case .readOnlyFileSystem:
                (.readOnly, "the file system takes no changes", "choose a folder that can be written")
            case .noSpace, .diskQuotaExceeded: (.diskFull, "no space is left there", "free some space and run it again")
            case .notDirectory: (.wrongKind, "a part of the path is not a folder", nil)
            case .isDirectory: (.wrongKind, "it is a folder", nil)
            case .directoryNotEmpty: (.alreadyExists, "the folder is not empty", nil)
            default: (.ioFailed, errno.description.lowercased(), nil)
            }
        self.init(code, path, what: "cannot \(verb) `\(path)`", why: why, next: next, cause: errno)
    }
}

/// Runs a call of swift-system and words its error.
func explaining<T>(_ verb: String, _ path: FilePath, _ body: () throws -> T) throws(FilesError) -> T {
    do {
        return try body()
    } catch let error as FilesError {
        throw error
    } catch let error as Errno {
        throw FilesError(error, verb, path)
    } catch {
        throw FilesError(.ioFailed, path, what: "cannot \(verb) `\(path)`", why: "\(error)", cause: error)
    }
}
