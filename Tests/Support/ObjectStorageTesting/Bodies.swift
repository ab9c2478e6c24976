// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Bytes in pieces, made while they are asked for; it may end in an error.
package struct PieceBody: AsyncSequence, Sendable {
    /// How the body ends.
    package enum End: Sendable {
        case complete
        case failure
        /// Waits for the end of its task, and then ends as if it were complete, as some streams do.
        case cancelled
    }

    package typealias Element = ByteBuffer

    /// The error of a body that fails.
    package struct Broken: Error, Equatable {
        package init() {}
    }

    private let count: Int
    private let size: Int
    private let end: End
    private let onPiece: @Sendable (Int) -> Void

    package init(
        _ count: Int,
        of size: Int,
        end: End = .complete,
        onPiece: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.count = count
        self.size = size
        self.end = end
        self.onPiece = onPiece
    }

    /// What repeats in every body; its length fits into no piece.
    private static let pattern = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// The byte at a place of the whole.
    package static func byte(at index: Int) -> UInt8 { pattern[index % pattern.count] }

    /// The bytes of a range of the whole.
    package static func bytes(_ range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        while result.count < range.count {
            let start = (range.lowerBound + result.count) % pattern.count
            result += pattern[start..<Swift.min(pattern.count, start + range.count - result.count)]
        }
        return result
    }

    /// All bytes of the pieces before the end.
    package var bytes: [UInt8] { Self.bytes(0..<count * size) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let body: PieceBody
        fileprivate var index = 0

        package mutating func next() async throws -> ByteBuffer? {
            body.onPiece(index)
            guard index < body.count else {
                switch body.end {
                case .complete: return nil
                case .failure: throw Broken()
                case .cancelled:
                    // Ends by cancellation alone.
                    try? await Task.sleep(for: .seconds(3_600))
                    return nil
                }
            }
            let start = index * body.size
            index += 1
            return ByteBuffer(bytes: PieceBody.bytes(start..<start + body.size))
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}

extension AsyncSequence where Element == ByteBuffer {
    /// All bytes.
    package func gathered() async throws -> [UInt8] {
        var result: [UInt8] = []
        for try await piece in self { result += piece.readableBytesView }
        return result
    }
}
