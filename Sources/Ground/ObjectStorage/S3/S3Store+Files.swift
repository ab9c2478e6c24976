// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import NIOCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

extension S3Store {
    /// Stores the content of a file, whose MD5 is known.
    ///
    /// A file that does not fit into one part goes in parts; those of an upload that ended before are not sent again. Nothing
    /// is stored unless the bytes have the hash.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - file: The file; it must not change.
    ///   - md5: The hash of its bytes in hexadecimal; nil to take any.
    ///   - budget: Bounds the memory of all that is on its way.
    /// - Returns: How many bytes it has.
    /// - Throws: ``ObjectStorageError`` `.incomplete` if the bytes have another hash; ``FilesError``.
    package func put(
        _ key: ObjectKey,
        file: FilePath,
        expecting md5: String?,
        budget: ByteBudget
    ) async throws -> Int64 {
        let source = try await BlockingPool.shared.run { try OpenFile(file) }
        let size = source.status.size
        guard size > Int64(settings.partSize) else {
            try await budget.take(Int(size))
            do {
                let (bytes, digest) = try await BlockingPool.shared.run {
                    let bytes = try source.read(0..<size)
                    return (bytes, Self.md5(bytes))
                }
                try Self.check(RequestSignature.hex(digest), md5, key)
                try await put(key, bytes, md5: digest)
                await budget.give(Int(size))
                return size
            } catch {
                await budget.give(Int(size))
                throw error
            }
        }
        try await putParts(key, source, expecting: md5, budget)
        return size
    }

    private func putParts(
        _ key: ObjectKey,
        _ source: OpenFile,
        expecting md5: String?,
        _ budget: ByteBudget
    ) async throws {
        let size = source.status.size
        // At most 10,000 parts, in whole mebibytes, the same each time, so that parts of an earlier try fit.
        let partSize = max(Int64(settings.partSize), ((size / 9_999 + (1 << 20)) >> 20) << 20)
        let purpose = "store `\(key)`"
        let earlier = try await earlierUpload(bucketKey(key.text), purpose)
        let upload =
            if let earlier { earlier.upload } else { try await S3Upload.begin(bucketKey(key.text), purpose, client) }
        var hasher = StreamingHasher(.md5)
        let tags = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            var tags: [Int: String] = [:]
            var underWay = 0
            for (index, start) in stride(from: 0, to: size, by: Int64.Stride(partSize)).enumerated() {
                let number = index + 1
                let range = start..<min(start + partSize, size)
                if underWay >= settings.partConcurrency, let (done, tag) = try await group.next() {
                    tags[done] = tag
                    underWay -= 1
                }
                try await budget.take(range.count)
                let hash = hasher
                let (part, digest, next) = try await BlockingPool.shared.run {
                    var hash = hash
                    let part = try source.read(range)
                    part.withUnsafeReadableBytes { hash.update($0) }
                    return (part, Self.md5(part), hash)
                }
                hasher = next
                guard part.readableBytes == range.count else { throw Self.changed(key) }
                if let known = earlier?.parts[number], known.size == Int64(range.count),
                    known.tag.filter({ $0 != "\"" }) == RequestSignature.hex(digest)
                {
                    tags[number] = known.tag
                    await budget.give(range.count)
                    continue
                }
                underWay += 1
                group.addTask {
                    do {
                        let tag = try await upload.send(part, number)
                        await budget.give(part.readableBytes)
                        return (number, tag)
                    } catch {
                        await budget.give(part.readableBytes)
                        throw error
                    }
                }
            }
            while let (done, tag) = try await group.next() { tags[done] = tag }
            return tags
        }
        do {
            try Self.check(hasher.finish().hex, md5, key)
        } catch {
            await upload.abort()
            throw error
        }
        try await upload.complete(tags)
    }

    /// An upload of this object that ended before it was complete, and the parts that the store has of it.
    private func earlierUpload(
        _ key: String,
        _ purpose: String
    ) async throws -> (upload: S3Upload, parts: [Int: (tag: String, size: Int64)])? {
        let answer = try await client.send(
            S3Client.Request(
                method: "GET",
                query: [("uploads", ""), ("prefix", key)],
                // Stores that do not list uploads have none to go on with.
                accepted: [400, 403, 404, 405, 501],
                purpose: purpose
            )
        )
        let uploads = XMLElement.parse(answer.body)?.all("Upload").filter { $0.text("Key") == key } ?? []
        guard answer.status == 200,
            let id = uploads.max(by: { ($0.text("Initiated") ?? "") < ($1.text("Initiated") ?? "") })?.text("UploadId")
        else { return nil }
        var parts: [Int: (tag: String, size: Int64)] = [:]
        var marker: String?
        repeat {
            let page = try await client.send(
                S3Client.Request(
                    method: "GET",
                    key: key,
                    query: [("uploadId", id)] + (marker.map { [("part-number-marker", $0)] } ?? []),
                    accepted: [404],
                    purpose: purpose
                )
            )
            guard page.status == 200, let root = XMLElement.parse(page.body) else { return nil }
            for part in root.all("Part") {
                guard let number = part.text("PartNumber").flatMap({ Int($0) }), let tag = part.text("ETag") else {
                    continue
                }
                parts[number] = (tag, part.text("Size").flatMap { Int64($0) } ?? -1)
            }
            marker = root.text("IsTruncated") == "true" ? root.text("NextPartNumberMarker") : nil
        } while marker != nil
        return (S3Upload(client: client, key: key, id: id, purpose: purpose), parts)
    }

    private static func check(_ found: String, _ expected: String?, _ key: ObjectKey) throws {
        guard let expected, found != expected else { return }
        throw ObjectStorageError(
            .incomplete,
            what: "cannot store `\(key)`",
            why: "its bytes have the MD5 \(found), and not \(expected)"
        )
    }

    private static func changed(_ key: ObjectKey) -> ObjectStorageError {
        ObjectStorageError(.incomplete, what: "cannot store `\(key)`", why: "its file changed while it was read")
    }

    private static func md5(_ bytes: ByteBuffer) -> [UInt8] {
        var hasher = StreamingHasher(.md5)
        bytes.withUnsafeReadableBytes { hasher.update($0) }
        let hex = Array(hasher.finish().hex.utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
        return stride(from: 0, to: hex.count, by: 2).map { value(hex[$0]) << 4 | value(hex[$0 + 1]) }
    }
}

/// Bytes that may be in memory at once, for many who each need some; whoever comes first gets them first.
package actor ByteBudget {
    private var free: Int
    private let size: Int
    private var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    /// A budget of so many bytes.
    package init(_ size: Int) {
        self.size = size
        free = size
    }

    /// Waits for bytes; more than there are count as all.
    package func take(_ count: Int) async throws {
        try Task.checkCancellation()
        let count = min(count, size)
        if waiting.isEmpty, free >= count {
            free -= count
            return
        }
        await withCheckedContinuation { waiting.append((count, $0)) }
    }

    /// Gives bytes back.
    package func give(_ count: Int) {
        free += min(count, size)
        while let first = waiting.first, free >= first.count {
            waiting.removeFirst()
            free -= first.count
            first.continuation.resume()
        }
    }
}
