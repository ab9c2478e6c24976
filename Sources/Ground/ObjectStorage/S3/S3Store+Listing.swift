// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

extension S3Store {
    package func list(prefix: String, recursive: Bool, after: String?, limit: Int) async throws -> ObjectPage {
        let key = try prefix.isEmpty ? nil : ObjectKey(prefix)
        guard limit > 0 else { return ObjectPage(entries: [], next: nil) }
        let folder = key.map { bucketKey($0.text) + "/" } ?? (settings.prefix.isEmpty ? "" : settings.prefix + "/")
        var entries: [(order: [UInt8], entry: ObjectEntry)] = []
        var token: String?
        let behind = after.map { Array($0.utf8) }
        repeat {
            let wanted = limit == .max ? 1_000 : min(1_000, limit - entries.count + 1)
            let page = try await page(folder, isFlat: recursive, after: after, token: token, count: wanted)
            for line in page.lines where behind.map({ $0.lexicographicallyPrecedes(line.order) }) ?? true {
                entries.append(line)
            }
            token = page.token
        } while token != nil && entries.count <= limit
        // Their order is by name alone, with folders apart.
        entries.sort { $0.order.lexicographicallyPrecedes($1.order) }
        guard entries.count > limit else { return ObjectPage(entries: entries.map(\.entry), next: nil) }
        let kept = entries.prefix(limit)
        return ObjectPage(
            entries: kept.map(\.entry),
            next: kept.last.map { String(decoding: $0.order, as: UTF8.self) }
        )
    }

    /// Hands over all objects whose names begin with a text, page by page, in the order of their names.
    package func scan(_ start: String, _ body: ([ObjectInfo]) async throws -> Void) async throws {
        let folder = start.isEmpty && !settings.prefix.isEmpty ? settings.prefix + "/" : bucketKey(start)
        var token: String?
        repeat {
            let page = try await page(folder, isFlat: true, after: nil, token: token, count: 1_000)
            try await body(page.lines.compactMap { if case .object(let info) = $0.entry { info } else { nil } })
            token = page.token
        } while token != nil
    }

    /// About how many objects have names that begin with a text, by the first thousand of them: at least so many.
    package func count(_ start: String) async throws -> Int {
        try await page(bucketKey(start), isFlat: true, after: nil, token: nil, count: 1_000).lines.count
    }

    /// The names in the bucket that begin with a text, up to a thousand.
    private func page(
        _ folder: String,
        isFlat: Bool,
        after: String?,
        token: String?,
        count: Int
    ) async throws -> (lines: [(order: [UInt8], entry: ObjectEntry)], token: String?) {
        var query = [("list-type", "2"), ("max-keys", "\(count)"), ("encoding-type", "url"), ("prefix", folder)]
        if !isFlat { query.append(("delimiter", "/")) }
        if let token {
            query.append(("continuation-token", token))
        } else if let after, !after.isEmpty {
            // Behind a folder means behind all that it holds.
            let start = bucketKey(after) + (isFlat || !after.hasSuffix("/") ? "" : "\u{10FFFF}")
            query.append(("start-after", start))
        }
        let answer = try await client.send(
            S3Client.Request(method: "GET", query: query, purpose: "list `\(folder.isEmpty ? "/" : folder)`")
        )
        guard let root = XMLElement.parse(answer.body), root.name == "ListBucketResult" else {
            throw ObjectStorageError(.failed, what: "cannot list `\(folder)`", why: "the store's answer is no list")
        }
        let isEncoded = root.text("EncodingType") == "url"
        var lines: [(order: [UInt8], entry: ObjectEntry)] = []
        for child in root.children {
            guard let raw = child.text(child.name == "Contents" ? "Key" : "Prefix") else { continue }
            guard let name = ownName(isEncoded ? PercentText.decoded(raw) : raw) else { continue }
            switch child.name {
            case "Contents":
                // What others stored under names that are no keys cannot be asked for.
                guard let key = try? ObjectKey(name) else { continue }
                let info = ObjectInfo(
                    key: key,
                    sizeInBytes: child.text("Size").flatMap { Int64($0) } ?? 0,
                    modifiedMs: child.text("LastModified").flatMap(UTCTime.milliseconds) ?? 0,
                    entityTag: child.text("ETag")
                )
                lines.append((Array(name.utf8), .object(info)))
            case "CommonPrefixes" where name.hasSuffix("/") && (try? ObjectKey(String(name.dropLast()))) != nil:
                lines.append((Array(name.utf8), .folder(String(name.dropLast()))))
            default: continue
            }
        }
        let next = root.text("IsTruncated") == "true" ? root.text("NextContinuationToken") : nil
        return (lines, next)
    }

    /// A key of the bucket without the prefix of this store.
    private func ownName(_ name: String) -> String? {
        guard !settings.prefix.isEmpty else { return name }
        let start = settings.prefix + "/"
        guard name.utf8.starts(with: start.utf8) else { return nil }
        return String(decoding: name.utf8.dropFirst(start.utf8.count), as: UTF8.self)
    }
}
