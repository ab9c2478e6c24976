// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import ObjectStorage
import Registry
import Tracking

/// What MLflow's page asks for: single files of runs, models and versions, and small uploads.
struct ArtifactPageRoutes: Sendable {
    /// The most bytes that a page may upload, MLflow's limit.
    static let uploadLimit: Int64 = 10 << 20

    let tracking: TrackingService
    let origin: VersionOrigin

    /// Adds `/get-artifact` and `/model-versions/get-artifact`, which have no prefix.
    func addDownloads(to group: RouterGroup<some RequestContext>) {
        let tracking = tracking
        let origin = origin
        group.get("get-artifact") { request, _ in
            let query = try Query(request.uri.query)
            let path = try Self.required("path", query)
            let run = try await tracking.run(id: query["run_id"] ?? query["run_uuid"] ?? "")
            return try await Self.file(run.artifactURI, path, tracking, request)
        }
        group.get("model-versions/get-artifact") { request, _ in
            let query = try Query(request.uri.query)
            let path = try ArtifactPath.checked(try Self.required("path", query))
            let number = try Self.required("version", query)
            guard let number = Int(number) else { throw CallError.notInteger("version", number) }
            let version = try await origin.registry.version(model: try Self.required("name", query), number: number)
            var uri = try await origin.artifactURI(of: version)
            if let run = VersionOrigin.run(uri) {
                uri = "\(try await tracking.run(id: run.id).artifactURI)/\(run.path)"
            }
            return try await Self.file(uri, path, tracking, request)
        }
    }

    /// Adds the routes below `/2.0/mlflow`.
    func add(to calls: Calls<some RequestContext>) {
        let tracking = tracking
        calls.stream("2.0/mlflow/logged-models/:model_id/artifacts/files", .get) { request, context in
            guard let path = try Query(request.uri.query)["artifact_file_path"], !path.isEmpty else {
                throw CallError.badRequest("Request must include the \"artifact_file_path\" query parameter.")
            }
            _ = try ArtifactPath.checked(path)
            guard let id = percentDecoded(try context.parameters.require("model_id")) else {
                throw CallError.invalid("the path is not percent-encoded UTF-8")
            }
            return try await Self.file(try await tracking.model(id: id).artifactURI, path, tracking, request)
        }
        calls.stream("2.0/mlflow/upload-artifact", .post) { request, _ in
            let query = try Query(request.uri.query)
            let run = try Self.required("run_uuid", query)
            let path = try Self.required("path", query)
            guard !path.hasSuffix("/") else { throw CallError.invalid("Invalid path '\(path.prefix(200))'") }
            _ = try ArtifactPath.checked(path)
            let count = request.headers[.contentLength].flatMap { Int64($0) } ?? 0
            guard count <= Self.uploadLimit else { throw Self.tooLarge }
            guard let body = try await Self.small(request.body), body.readableBytes > 0 else {
                throw CallError.invalid("Request must specify data.")
            }
            let key = try ArtifactRoutes.key(try await tracking.run(id: run).artifactURI, path)
            try await tracking.artifacts.put(key, bytes: Array(body.readableBytesView))
            return Response(status: .ok)
        }
    }

    private static func file(
        _ uri: String,
        _ path: String,
        _ tracking: TrackingService,
        _ request: Request
    ) async throws -> Response {
        let key = try ArtifactRoutes.key(uri, path)
        return try await ArtifactDownload(store: tracking.artifacts, key: key).response(to: request)
    }

    private static func required(_ name: String, _ query: Query) throws(CallError) -> String {
        guard let value = query[name], !value.isEmpty else { throw .invalid("Request must specify \(name).") }
        return value
    }

    private static func small(_ body: RequestBody) async throws -> ByteBuffer? {
        do {
            return try await body.collect(upTo: Int(uploadLimit))
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private static let tooLarge = CallError.invalid("Artifact size is too large. Max size is 10MB.")
}
