// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ObjectStorage

/// A digest of all that a sync would send of something, taken without reading points or files.
struct Fingerprint {
    private var hasher = StreamingHasher(.sha256)

    /// A fingerprint of a document and of marks for what belongs to it.
    init(_ marks: String..., document: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(nonFinite: .text)
        writer.array { writer in
            writer.integer(SyncWire.version)
            for mark in marks { writer.string(mark) }
            document(&writer)
        }
        hasher.update(writer.bytes)
    }

    /// Adds the names, sizes and times of the files below a prefix.
    mutating func add(filesBelow prefix: String?, _ store: any ObjectStore) async throws {
        guard let prefix else { return }
        var after: String?
        repeat {
            let page = try await store.list(prefix: prefix, recursive: true, after: after, limit: 1_000)
            for case .object(let info) in page.entries {
                hasher.update(Array("\(info.key.text)\n\(info.sizeInBytes) \(info.modifiedMs)\n".utf8))
            }
            after = page.next
        } while after != nil
    }

    var text: String { String(hasher.finish().hex.prefix(32)) }
}
