// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import ObjectStorage
import Testing

/// What every ``ObjectStore`` promises, wherever its objects lie.
///
/// Run each of ``promises`` on a fresh store, as arguments of a test.
package enum ObjectStoreContract {
    /// One promise and how to hold a store to it.
    package struct Promise: Sendable, CustomTestStringConvertible {
        package let testDescription: String
        /// Whether the emulators of S3 that tests have can keep it; some cannot have each key that S3 can.
        package let isForServers: Bool
        private let check: @Sendable (any ObjectStore) async throws -> Void

        init(
            _ words: String,
            isForServers: Bool = true,
            _ check: @escaping @Sendable (any ObjectStore) async throws -> Void
        ) {
            testDescription = words
            self.isForServers = isForServers
            self.check = check
        }

        /// Looks whether this empty store keeps it.
        package func isKept(by store: any ObjectStore) async throws { try await check(store) }
    }

    /// All promises.
    package static let promises = content + failures + listings + removals + concurrency

    // MARK: Helpers

    static func put(_ text: String = "x", _ keys: String..., to store: any ObjectStore) async throws {
        for key in keys { try await store.put(try ObjectKey(key), bytes: Array(text.utf8)) }
    }

    static func text(_ key: String, in store: any ObjectStore) async throws -> String {
        String(decoding: try await store.bytes(of: try ObjectKey(key)), as: UTF8.self)
    }

    static func code(_ body: () async throws -> Void) async throws -> ObjectStorageError.Code {
        try #require(await #expect(throws: ObjectStorageError.self) { try await body() }).code
    }

    /// All pages one after the other: folders end in a slash.
    static func names(
        in store: any ObjectStore,
        _ prefix: String = "",
        recursive: Bool = true,
        after: String? = nil,
        limit: Int = 1_000
    ) async throws -> [String] {
        var names: [String] = []
        var after = after
        repeat {
            let page = try await store.list(prefix: prefix, recursive: recursive, after: after, limit: limit)
            #expect(page.entries.count <= limit)
            #expect(page.next == nil || page.entries.count == limit)
            names += page.entries.map { entry in
                switch entry {
                case .object(let info): info.key.text
                case .folder(let name): name + "/"
                }
            }
            after = page.next
        } while after != nil
        return names
    }
}
