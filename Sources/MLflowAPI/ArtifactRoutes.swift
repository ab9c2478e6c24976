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

    func add<Context: RequestContext>(to group: RouterGroup<Context>, calls: Calls<Context>) {
        let store = tracking.artifacts
        let tracking = tracking
        let base: RouterPath = "2.0/mlflow-artifacts/artifacts"
        calls.get("2.0/mlflow/artifacts/list") { call in
            let run = try await tracking.run(id: try call.runID())
            let files = try await Self.list(run.artifactURI, path: try call.text("path"), tracking)
            return .json { writer in
                writer.object { writer in
                    writer.field("root_uri", run.artifactURI)
                    files.write(into: &writer)
                }
            }
        }
        calls.get("2.0/mlflow-artifacts/artifacts") { call in
            let folder = try call.text("path") ?? ""
            let files = try await Self.files(below: folder, relativeTo: folder, store)
            return .json { $0.object { files.write(into: &$0) } }
        }
        group.get("\(base)/**") { _, context in
            let key = try Self.key(context)
            let body = try await store.get(key, range: nil)
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/octet-stream",
                    .contentLength: String(body.info.sizeInBytes),
                    // A page that shows an artefact must not run it.
                    .contentSecurityPolicy: "sandbox", .xContentTypeOptions: "nosniff",
                ],
                body: ResponseBody(contentLength: Int(body.info.sizeInBytes)) { writer in
                    for try await piece in body { try await writer.write(piece) }
                    try await writer.finish(nil)
                }
            )
        }
        group.put("\(base)/**") { request, context in
            _ = try await store.put(try Self.key(context), limit: nil, request.body)
            return Response.empty
        }
        group.delete("\(base)/**") { _, context in
            let key = try Self.key(context)
            try await store.deleteAll(prefix: key)
            return Response.empty
        }
    }

    /// The files of a run or model, with paths relative to its artefacts.
    static func list(_ uri: String, path: String?, _ tracking: TrackingService) async throws -> ArtifactList {
        guard let prefix = TrackingService.artifactPrefix(of: uri) else {
            throw CallError.invalid("the artefacts lie in `\(uri)`, which this server does not keep")
        }
        let folder = path.flatMap { $0.isEmpty ? nil : "\(prefix)/\($0)" } ?? prefix
        return try await files(below: folder, relativeTo: prefix, tracking.artifacts)
    }

    private static func files(
        below folder: String,
        relativeTo root: String,
        _ store: any ObjectStore
    ) async throws -> ArtifactList {
        var entries: [ObjectEntry] = []
        var after: String?
        repeat {
            let page = try await store.list(prefix: folder, recursive: false, after: after, limit: 1_000)
            entries += page.entries
            after = page.next
        } while after != nil
        return ArtifactList(entries: entries, root: root)
    }

    private static func key(_ context: some RequestContext) throws -> ObjectKey {
        let parts = try context.parameters.getCatchAll().map { part in
            guard let decoded = percentDecoded(part) else {
                throw CallError.invalid("the path is not percent-encoded UTF-8")
            }
            return decoded
        }
        return try ObjectKey(parts.joined(separator: "/"))
    }
}

/// A listing as MLflow shows it.
struct ArtifactList {
    let entries: [ObjectEntry]
    let root: String

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
