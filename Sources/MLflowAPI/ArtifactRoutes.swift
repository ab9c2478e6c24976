// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import ObjectStorage
import Tracking

/// The artefact proxy, `/2.0/mlflow-artifacts/artifacts/…`, and `/2.0/mlflow/artifacts/list`.
struct ArtifactRoutes: Sendable {
    let tracking: TrackingService

    func add(to calls: Calls<some RequestContext>) {
        let store = tracking.artifacts
        let tracking = tracking
        let route = "/mlflow-artifacts/artifacts"
        let files = "2.0/mlflow-artifacts/artifacts/**"
        calls.get("2.0/mlflow/artifacts/list") { call in
            let run = try await tracking.run(id: try call.runID())
            return try await Self.list(run.artifactURI, path: try call.text("path"), tracking)
        }
        calls.get("2.0/mlflow-artifacts/artifacts") { call in
            let folder = try ArtifactPath.checked(try call.text("path") ?? "")
            let files = try await ArtifactList(folder, relativeTo: folder, store)
            return .json { $0.object { files.write(into: &$0) } }
        }
        calls.stream(files, .get) { request, _ in
            let key = try ObjectKey(try ArtifactPath.checked(url: request.uri.path, behind: route))
            return try await ArtifactDownload(store: store, key: key).response(to: request)
        }
        calls.stream(files, .put) { request, _ in
            guard !request.uri.path.hasSuffix("/") else {
                throw CallError.invalid("the path of an artifact must end with the name of a file")
            }
            let key = try ObjectKey(try ArtifactPath.checked(url: request.uri.path, behind: route))
            _ = try await store.put(key, limit: nil, request.body)
            return Response(status: .ok)
        }
        calls.stream(files, .delete) { request, _ in
            let key = try ObjectKey(try ArtifactPath.checked(url: request.uri.path, behind: route))
            try await store.deleteAll(prefix: key)
            return Response.empty
        }
    }

    /// The files of a run or model, with paths relative to its artefacts.
    static func list(_ uri: String, path: String?, _ tracking: TrackingService) async throws -> Response {
        let path = try ArtifactPath.checked(path ?? "")
        let root = try prefix(of: uri)
        let files = try await ArtifactList(
            path.isEmpty ? root : "\(root)/\(path)",
            relativeTo: root,
            tracking.artifacts
        )
        return .json { writer in
            writer.object { writer in
                writer.field("root_uri", uri)
                files.write(into: &writer)
            }
        }
    }

    /// The key of a file below an artefact URI.
    static func key(_ uri: String, _ path: String) throws -> ObjectKey {
        let path = try ArtifactPath.checked(path)
        guard !path.isEmpty else { throw CallError.invalid("Invalid path ''") }
        return try ObjectKey("\(try prefix(of: uri))/\(path)")
    }

    private static func prefix(of uri: String) throws(CallError) -> String {
        guard let prefix = TrackingService.artifactPrefix(of: uri) else {
            throw CallError.invalid("the artefacts lie in `\(uri)`, which this server does not keep")
        }
        return prefix
    }
}

/// A listing as MLflow shows it.
struct ArtifactList {
    private var entries: [ObjectEntry] = []
    private let root: String

    /// Lists one level of a folder.
    init(_ folder: String, relativeTo root: String, _ store: any ObjectStore) async throws {
        self.root = root
        for try await batch in store.batches(of: folder) { entries += batch }
    }

    func write(into writer: inout JSONWriter) {
        writer.key("files")
        writer.array { writer in
            for entry in entries {
                let path = root.isEmpty ? entry.name : String(entry.name.dropFirst(root.count + 1))
                writer.object { writer in
                    writer.field("path", path)
                    switch entry {
                    case .folder: writer.field("is_dir", true)
                    case .object(let info):
                        writer.field("is_dir", false)
                        writer.field("file_size", info.sizeInBytes)
                    }
                }
            }
        }
    }
}
