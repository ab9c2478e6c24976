// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import ObjectStorage
import Tracking

/// Uploads in parts, `/2.0/mlflow-artifacts/mpu/…`, and the routes that hand out URLs of a cloud's store.
///
/// The client sends parts without its credentials to the URLs that it was given; here they are URLs of this server, and the
/// random id in them is what allows it.
struct MultipartRoutes: Sendable {
    private static let base = "2.0/mlflow-artifacts/mpu"

    let tracking: TrackingService
    /// Where parts wait; nil if this server takes none.
    let uploads: PartUploads?

    func add(to calls: Calls<some RequestContext>) {
        let uploads = uploads
        calls.post("\(Self.base)/create/**") { call in
            let key = try Self.key(call, "create")
            let count = try call.integer("num_parts") ?? 1
            let uploads = try Self.supported(uploads)
            let id = try await uploads.begin(key, count: Int(clamping: count))
            let parts = try Self.parts(call)
            return .json { writer in
                writer.object { writer in
                    writer.field("upload_id", id)
                    writer.key("credentials")
                    writer.array { writer in
                        for number in 1...count {
                            writer.object { writer in
                                writer.field("url", "\(parts)/\(id)/\(number)")
                                writer.field("part_number", number)
                                writer.key("headers")
                                writer.object { _ in }
                            }
                        }
                    }
                }
            }
        }
        calls.post("\(Self.base)/complete/**") { call in
            let key = try Self.key(call, "complete")
            let id = try call.text("upload_id") ?? ""
            guard call["parts"] != nil else { throw CallError.missing("parts") }
            let parts = try call.objects("parts") { (part) throws(CallError) in
                let tag = try part.textIfAny("etag")?.trimmingQuotes()
                return (number: Int(clamping: try part.integer("part_number") ?? 0), tag: tag)
            }
            try await Self.supported(uploads).complete(id, key, parts: parts)
            return .empty
        }
        calls.post("\(Self.base)/abort/**") { call in
            let key = try Self.key(call, "abort")
            try await Self.supported(uploads).abort(try call.text("upload_id") ?? "", key)
            return .empty
        }
        calls.stream("\(Self.base)/part/:upload_id/:part", .put) { request, context in
            let id = try context.parameters.require("upload_id")
            let part = try context.parameters.require("part", as: Int.self)
            let tag = try await Self.supported(uploads).put(id, part: part, request.body)
            return Response(status: .ok, headers: [.eTag: "\"\(tag)\""])
        }
        addPresigned(to: calls)
    }

    /// The local store signs nothing, so these answer as MLflow's server with a local store does.
    private func addPresigned(to calls: Calls<some RequestContext>) {
        let tracking = tracking
        calls.get("2.0/mlflow-artifacts/presigned/**") { call in
            _ = try ArtifactPath.checked(url: call.uri, behind: "/mlflow-artifacts/presigned")
            throw CallError.unsupported("Multipart download is not supported for the current artifact repository")
        }
        calls.post("2.0/mlflow/artifacts/presigned-download-url") { call in
            let run = try call.requiredText("run_id")
            _ = try ArtifactPath.checked(try call.requiredText("path"))
            let seconds = try call.integer("expiration") ?? 900
            guard (1...604_800).contains(seconds) else {
                throw CallError.invalid("expiration must be between 1 and 604800 seconds (got \(seconds)).")
            }
            throw Self.proxied("download", try await tracking.run(id: run).artifactURI)
        }
        calls.post("2.0/mlflow/artifacts/presigned-upload-url") { call in
            let run = try call.textIfAny("run_id")
            let model = try call.textIfAny("model_id")
            let path = try call.requiredText("path")
            guard (run == nil) != (model == nil) else {
                throw CallError.invalid("Exactly one of run_id and model_id must be provided.")
            }
            _ = try ArtifactPath.checked(path)
            let uri: String
            if let run {
                uri = try await tracking.run(id: run).artifactURI
            } else {
                uri = try await tracking.model(id: model ?? "").artifactURI
            }
            throw Self.proxied("upload", uri)
        }
    }

    private static func proxied(_ verb: String, _ uri: String) -> CallError {
        let scheme = uri.prefix { $0 != ":" }
        return .invalid(
            "Presigned \(verb) is not supported for proxied artifact storage (artifact URI scheme: \(scheme)). "
                + "This endpoint requires a direct cloud storage artifact URI."
        )
    }

    private static func supported(_ uploads: PartUploads?) throws(CallError) -> PartUploads {
        guard let uploads else {
            throw .unsupported("Multipart upload is not supported for the current artifact repository")
        }
        return uploads
    }

    /// The key of the file: the folder is in the URL, and the client's own path of the file ends with its name.
    private static func key(_ call: Call, _ verb: String) throws -> ObjectKey {
        let folder = try ArtifactPath.checked(url: call.uri, behind: "/mpu/\(verb)")
        let name = try call.requiredText("path").split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        return try ObjectKey(folder.isEmpty ? name : "\(folder)/\(name)")
    }

    /// The absolute URL of the parts: the client knows no other kind.
    private static func parts(_ call: Call) throws(CallError) -> String {
        guard let host = call.host else { throw .badRequest("the request does not name the server as its Host") }
        let scheme = call.isForwardedFromHTTPS ? "https" : "http"
        let root = call.uri.firstRange(of: "/mpu/").map { call.uri[..<$0.lowerBound] } ?? ""
        return "\(scheme)://\(host)\(root)/mpu/part"
    }
}

extension String {
    fileprivate func trimmingQuotes() -> String {
        hasPrefix("\"") && hasSuffix("\"") && utf8.count > 1 ? String(dropFirst().dropLast()) : self
    }
}
