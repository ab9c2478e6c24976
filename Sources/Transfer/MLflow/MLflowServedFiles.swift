// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import NIOCore
import ObjectStorage
import Tracking

/// The files of a run or logged model that a server hands out.
struct MLflowServedFiles: Sendable {
    enum Owner: Sendable {
        case run(String)
        case model(String)
    }

    let calls: MLflowCalls
    let owner: Owner
    let uri: String

    /// The files; those in stores of their own, such as S3, stay there.
    var artifacts: SourceArtifacts {
        if MLflowText.foreign(uri) != nil { return SourceArtifacts(uri: uri, forEach: nil) }
        return SourceArtifacts(uri: uri) { body in
            var folders = [""]
            while let folder = folders.popLast() {
                for entry in try await entries(of: folder) {
                    // What is not below the folder that was asked for, a server has no reason to name.
                    guard folder.isEmpty || entry.path.hasPrefix(folder + "/") else {
                        throw calls.refused("the server lists `\(entry.path.prefix(200))` in the folder `\(folder)`")
                    }
                    if entry.isFolder {
                        // A key has at most 1,024 bytes, so a server cannot lead on for ever.
                        _ = try ObjectKey(entry.path)
                        folders.append(entry.path)
                    } else {
                        try await body(file(entry.path, entry.size))
                    }
                }
            }
        }
    }

    private func entries(of folder: String) async throws -> [(path: String, isFolder: Bool, size: Int64?)] {
        var result: [(path: String, isFolder: Bool, size: Int64?)] = []
        var token: String?
        repeat {
            var query: [(String, String)]
            let route: String
            switch owner {
            case .run(let id):
                route = "artifacts/list"
                query = [("run_id", id)] + (folder.isEmpty ? [] : [("path", folder)])
            case .model(let id):
                route = "logged-models/\(id)/artifacts/directories"
                query = folder.isEmpty ? [] : [("artifact_directory_path", folder)]
            }
            if let token { query.append(("page_token", token)) }
            let answer = try await calls.get(route, query)
            for item in answer.list("files") {
                result.append((item.text("path"), item["is_dir"]?.bool ?? false, item.whole("file_size")))
            }
            token = answer["next_page_token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while token != nil
        return result
    }

    private func file(_ path: String, _ size: Int64?) -> SourceFile {
        let place = place(of: path)
        return SourceFile(path: path, size: size) { [calls] store, key in
            try await calls.download(place) { stream in
                let body = try Complete(stream.body, length: stream.length ?? size)
                return try await store.put(key, limit: nil, body)
            }
        }
    }

    private func place(of path: String) -> String {
        // What lies behind the proxy is asked of it: routes for browsers may be closed.
        if let prefix = TrackingService.artifactPrefix(of: uri) {
            return "/api/2.0/mlflow-artifacts/artifacts/" + URLText.encoded("\(prefix)/\(path)", keeping: "/")
        }
        return switch owner {
        case .run(let id): "/get-artifact?run_uuid=\(id)&path=\(URLText.encoded(path))"
        case .model(let id):
            "/ajax-api/2.0/mlflow/logged-models/\(id)/artifacts/files?artifact_file_path=\(URLText.encoded(path))"
        }
    }
}

/// A body that must have as many bytes as its server said.
private struct Complete: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let body: HTTPStream.Body
    private let length: Int64?

    init(_ body: HTTPStream.Body, length: Int64?) throws {
        self.body = body
        self.length = length
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: HTTPStream.Body.AsyncIterator
        let length: Int64?
        var count: Int64 = 0

        @concurrent
        mutating func next() async throws -> ByteBuffer? {
            if let piece = try await iterator.next() {
                count += Int64(piece.readableBytes)
                return piece
            }
            if let length, count != length {
                throw ObjectStorageError(
                    .failed,
                    what: "cannot fetch a file",
                    why: "\(count) of \(length) bytes came",
                    next: "import again"
                )
            }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(iterator: body.makeAsyncIterator(), length: length) }
}
