// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// An object's content as it streams out, in pieces of at most a mebibyte.
package struct ObjectBody: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    /// The most bytes of a piece.
    static let pieceSize = 1 << 20

    /// What the store says of the whole object.
    package let info: ObjectInfo
    /// The bytes that will come: those of the range.
    package let range: Range<Int64>
    private let makeReader: @Sendable () -> any ObjectReader

    /// A body that `read` fills piece by piece.
    package init(
        info: ObjectInfo,
        range: Range<Int64>,
        read: @escaping @Sendable (Range<Int64>) async throws -> ByteBuffer
    ) {
        self.init(info: info, range: range) {
            RangeReader(position: range.lowerBound, end: range.upperBound, read: read)
        }
    }

    /// A body that is read by a reader of its own each time.
    init(info: ObjectInfo, range: Range<Int64>, makeReader: @escaping @Sendable () -> any ObjectReader) {
        self.info = info
        self.range = range
        self.makeReader = makeReader
    }

    /// Reads one piece after the other.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var reader: any ObjectReader
        fileprivate var missing: Int64

        /// The next piece.
        package mutating func next() async throws -> ByteBuffer? {
            guard missing > 0 else { return nil }
            try Task.checkCancellation()
            // An object that shrank meanwhile must not look complete.
            guard let piece = try await reader.next(), piece.readableBytes > 0, piece.readableBytes <= missing else {
                throw ObjectStorageError(.failed, what: "cannot read the object", why: "it changed while it was read")
            }
            missing -= Int64(piece.readableBytes)
            return piece
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reader: makeReader(), missing: range.upperBound - range.lowerBound)
    }
}

/// Reads the bytes of a body in their order.
protocol ObjectReader {
    /// The next bytes, at most ``ObjectBody/pieceSize`` and not none; nil if there are no more.
    mutating func next() async throws -> ByteBuffer?
}

/// Reads a range a mebibyte at a time.
private struct RangeReader: ObjectReader {
    var position: Int64
    let end: Int64
    let read: @Sendable (Range<Int64>) async throws -> ByteBuffer

    mutating func next() async throws -> ByteBuffer? {
        let upper = min(position + Int64(ObjectBody.pieceSize), end)
        let piece = try await read(position..<upper)
        guard piece.readableBytes == Int(upper - position) else { return nil }
        position = upper
        return piece
    }
}
