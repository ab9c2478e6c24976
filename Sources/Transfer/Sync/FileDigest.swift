// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import ObjectStorage

/// Digests of stored files, which are never in memory as a whole.
enum FileDigest {
    /// SHA-256 of an object, in hexadecimal.
    static func digest(of key: ObjectKey, in store: any ObjectStore) async throws -> String {
        var hasher = StreamingHasher(.sha256)
        for try await piece in try await store.get(key, range: nil) {
            piece.withUnsafeReadableBytes { hasher.update($0) }
        }
        return hasher.finish().hex
    }
}

/// A body that ends with an error instead of an end if its content is not what was announced.
struct CheckedBody<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: Body
    let digest: String
    let path: String

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var iterator: Body.AsyncIterator
        fileprivate var hasher = StreamingHasher(.sha256)
        fileprivate let digest: String
        fileprivate let path: String

        @concurrent
        mutating func next() async throws -> ByteBuffer? {
            if let piece = try await iterator.next() {
                piece.withUnsafeReadableBytes { hasher.update($0) }
                return piece
            }
            guard hasher.finish().hex == digest else {
                throw TransferError(
                    .damaged,
                    what: "cannot store the artefact `\(path.prefix(200))`",
                    why: "what arrived is not what was announced; it changed while it was sent",
                    next: "run the sync again"
                )
            }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(iterator: body.makeAsyncIterator(), digest: digest, path: path)
    }
}
