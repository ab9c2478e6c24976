// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Where a remote's objects lie, by their paths below its URL.
protocol RemoteStorage: Sendable {
    /// How many transfers at once are good for it.
    var concurrency: Int { get }

    /// Those of the keys that are there.
    func existing(_ keys: [String]) async throws -> Set<String>

    /// Hands over all keys that begin with a text, with their sizes, some at a time.
    func scan(_ start: String, _ body: ([(key: String, size: Int64)]) async throws -> Void) async throws

    /// Stores the content of a file.
    ///
    /// - Parameters:
    ///   - key: Its path.
    ///   - file: The file.
    ///   - md5: The hash that its bytes must have; nil for any.
    /// - Returns: How many bytes it has.
    /// - Throws: ``DataRemotesError`` `.corruptContent` if the bytes have another hash; then nothing is stored.
    func send(_ key: String, from file: FilePath, md5: String?) async throws -> Int64

    /// Makes what was sent last.
    func finish() async throws

    /// Writes an object into a file of a batch.
    ///
    /// - Parameters:
    ///   - key: Its path.
    ///   - batch: Where files go.
    ///   - path: The name that the file gets.
    ///   - md5: The hash that its bytes must have; nil for any.
    /// - Returns: How many bytes it has.
    /// - Throws: ``DataRemotesError`` `.corruptContent`, `.missingContent`; then there is no file.
    func receive(_ key: String, into batch: FileBatch, as path: FilePath, md5: String?) async throws -> Int64

    /// Removes objects; those that are not there are fine.
    func remove(_ keys: [String]) async throws

    /// Stores bytes.
    func send(_ key: String, bytes: [UInt8]) async throws

    /// The bytes of an object, at most `limit`; nil if it is not there.
    func bytes(of key: String, limit: Int) async throws -> [UInt8]?
}

extension RemoteStorage {
    func damaged(_ key: String) -> DataRemotesError {
        DataRemotesError(
            .corruptContent,
            what: "cannot fetch `\(key)`",
            why: "the remote's object has other bytes than its name says",
            next: "remove it there, and the listing of its folder (`.dir`) too; then push again from where it is whole"
        )
    }

    func damaged(cache file: FilePath) -> DataRemotesError {
        DataRemotesError(
            .corruptContent,
            what: "cannot push `\(file)`",
            why: "the cache's object is damaged: its bytes have another hash than its name",
            next: "remove it, and run `gyre fetch`, or `gyre add` where the data is still whole"
        )
    }

    func missing(_ key: String) -> DataRemotesError {
        DataRemotesError(
            .missingContent,
            what: "cannot fetch `\(key)`",
            why: "the remote has no such object",
            next: "run `gyre push` where it is"
        )
    }
}
