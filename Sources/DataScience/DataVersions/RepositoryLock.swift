// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// The two locks of DVC: one on the repository, one that names the paths which are read and written.
///
/// Both are free again when the process ends.
package final class RepositoryLock: Sendable {
    private let lock: FileLock
    private let paths: PathLock?

    /// Takes both locks, at once or not at all.
    ///
    /// - Parameters:
    ///   - root: The project.
    ///   - reading: Absolute paths that others may read too.
    ///   - writing: Absolute paths that nobody else may use.
    /// - Throws: ``DataVersionsError`` `.locked`.
    init(root: FilePath, reading: [String], writing: [String]) throws {
        let folder = try Self.folder(root)
        do {
            lock = try FileLock.acquire(folder.appending("lock"), mode: .exclusive, owner: "gyre")
        } catch {
            guard error.code == .locked else { throw error }
            throw Self.busy(root, "another `gyre` or `dvc` does", error)
        }
        guard !reading.isEmpty || !writing.isEmpty else {
            paths = nil
            return
        }
        do {
            paths = try PathLock(folder: folder, root: root, reading: reading, writing: writing)
        } catch let error as PathLock.Busy {
            throw Self.busy(root, "another `gyre` or `dvc` begins or ends this moment", error)
        }
    }

    /// Lets the next one have it.
    package func release() {
        paths?.release()
        lock.release()
    }

    /// The folder of DVC's locks, which is made if it is not there.
    static func folder(_ root: FilePath) throws -> FilePath {
        let folder = root.appending(".dvc").appending("tmp")
        try FileSystem.createDirectory(folder)
        return folder
    }

    static func busy(_ root: FilePath, _ why: String, _ cause: (any Error)?) -> DataVersionsError {
        DataVersionsError(
            .locked,
            what: "cannot change the data of `\(root)`",
            why: why,
            next: "run it again when that one is done, or pass `--wait-for-lock`",
            cause: cause
        )
    }
}

extension DataRepository {
    /// Takes the locks that DVC takes, at once or not at all; they are free again when the process ends.
    ///
    /// - Parameters:
    ///   - reading: Paths in the project that others may read too.
    ///   - writing: Paths in the project that nobody else may use.
    /// - Returns: The locks, until they are released.
    /// - Throws: ``DataVersionsError`` `.locked`.
    package func lock(reading: [String] = [], writing: [String] = []) throws -> RepositoryLock {
        try RepositoryLock(root: root, reading: absolute(reading), writing: absolute(writing))
    }

    /// Takes the locks that DVC takes, and waits for who has them: as long as DVC does, or as ``patience`` says.
    ///
    /// - Parameters:
    ///   - reading: Paths in the project that others may read too.
    ///   - writing: Paths in the project that nobody else may use.
    /// - Returns: The locks, until they are released.
    /// - Throws: ``DataVersionsError`` `.locked`, `CancellationError`.
    package func waitForLock(reading: [String] = [], writing: [String] = []) async throws -> RepositoryLock {
        let end = ContinuousClock.now + (patience ?? .seconds(3))
        while true {
            do {
                return try lock(reading: reading, writing: writing)
            } catch let error as DataVersionsError where error.code == .locked {
                guard .now < end else { throw error }
                // Who changes the file of paths is done within milliseconds.
                try await Task.sleep(for: .milliseconds(error.cause is PathLock.Busy ? 10 : 100))
            }
        }
    }

    /// Takes the lock on paths alone, for as long as a command of the user's reads and writes them; the repository stays open to
    /// others meanwhile.
    ///
    /// Who is in the way is an error at once, as with DVC, unless ``patience`` says otherwise.
    ///
    /// - Throws: ``DataVersionsError`` `.locked`, which names the other process, `CancellationError`.
    package func lockPaths(reading: [String], writing: [String]) async throws -> PathLock {
        let folder = try RepositoryLock.folder(root)
        let end = ContinuousClock.now + (patience ?? .zero)
        // The file of paths itself is held for moments only.
        let moment = ContinuousClock.now + .seconds(3)
        while true {
            do {
                return try PathLock(
                    folder: folder,
                    root: root,
                    reading: absolute(reading),
                    writing: absolute(writing)
                )
            } catch let error as PathLock.Busy {
                guard .now < moment else {
                    throw RepositoryLock.busy(root, "another process holds `\(folder)/rwlock.lock`", error)
                }
                try await Task.sleep(for: .milliseconds(10))
            } catch let error as DataVersionsError where error.code == .locked {
                guard .now < end else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func absolute(_ paths: [String]) -> [String] { paths.map { root.appending($0).string } }
}
