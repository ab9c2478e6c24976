// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import ObjectStorage
import Tracking

/// Sends the files of a run or logged model that the server lacks.
struct SyncFiles: Sendable {
    let session: SyncSession
    let owner: SyncReceiver.Owner
    let uri: String
    let isNew: Bool

    private var store: any ObjectStore { session.tracking.artifacts }
    private var prefix: String? { TrackingService.artifactPrefix(of: uri) }

    func with(isNew: Bool) -> SyncFiles { SyncFiles(session: session, owner: owner, uri: uri, isNew: isNew) }

    /// Whether there are any.
    var areThere: Bool {
        get async throws {
            guard let prefix else { return false }
            return try await !store.list(prefix: prefix, recursive: true, after: nil, limit: 1).entries.isEmpty
        }
    }

    /// - Returns: How many files were sent, and whether the server has all by now.
    func send() async throws -> (count: Int, isWhole: Bool) {
        guard let prefix else { return (0, true) }
        var (count, isWhole) = (0, true)
        var after: String?
        repeat {
            let page = try await store.list(prefix: prefix, recursive: true, after: after, limit: SyncWire.itemLimit)
            var files: [(path: String, info: ObjectInfo)] = []
            for case .object(let info) in page.entries {
                files.append((String(info.key.text.dropFirst(prefix.count + 1)), info))
            }
            let known = try await known(files)
            for (path, info) in files {
                try Task.checkCancellation()
                do {
                    count += try await send(path, info, known[path]) ? 1 : 0
                } catch let error as ObjectStorageError {
                    notes(path, error.why)
                    isWhole = false
                } catch let refusal as SyncRefusal {
                    notes(path, refusal.why)
                    isWhole = false
                }
            }
            after = page.next
        } while after != nil
        return (count, isWhole)
    }

    private var parameters: (String, String) {
        switch owner {
        case .run(let id): ("run", id)
        case .model(let id): ("model", id)
        }
    }

    private func notes(_ path: String, _ why: String) {
        session.notes.refuse(.files, "artefact `\(path.prefix(200))` of \(parameters.0) \(parameters.1)", why)
    }

    /// What the server has of these files: the digest of one that has the same size, an empty text for one of another.
    private func known(_ files: [(path: String, info: ObjectInfo)]) async throws -> [String: String] {
        guard !files.isEmpty, !isNew else { return [:] }
        do {
            let answer = try await session.calls.post("files") { body in
                body.field(parameters.0, parameters.1)
                body.key("files")
                body.array { body in
                    for (path, info) in files {
                        body.array { body in
                            body.string(path)
                            body.integer(info.sizeInBytes)
                        }
                    }
                }
            }
            var result: [String: String] = [:]
            for item in try answer.items("files") {
                result[try item.required("path")] = item.optional("digest") ?? ""
            }
            return result
        } catch is SyncRefusal where session.isDryRun {
            return [:]
        }
    }

    /// - Returns: Whether it had to be sent.
    private func send(_ path: String, _ info: ObjectInfo, _ known: String?) async throws -> Bool {
        let (store, key) = (store, info.key)
        let notes = session.notes
        if !session.isDryRun || known?.isEmpty == false {
            let digest = try await FileDigest.digest(of: key, in: store)
            if digest == known {
                notes.note(.files, .unchanged)
                return false
            }
            if !session.isDryRun {
                try await session.calls.put([parameters, ("path", path), ("digest", digest)]) {
                    try await store.get(key, range: nil)
                }
            }
        }
        notes.note(.files, known == nil ? .added : .grown)
        notes.note(.bytes, known == nil ? .added : .grown, info.sizeInBytes)
        return true
    }
}
