// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import Metrics
import Serving
import WebPages

/// The Open Inference Protocol below `/v2`, and MLflow's scoring at `/invocations` and `/ping`.
struct ServingRoutes: Sendable {
    /// The most bytes of a request.
    static let bodyLimit = 16 << 20

    private let serving: ServingService
    private let gyreVersion: String
    private let project: String?
    private let inferTime = Metrics.Timer(label: "gyre.serving.prediction", dimensions: [("api", "open_inference")])
    private let plainTime = Metrics.Timer(label: "gyre.serving.prediction", dimensions: [("api", "plain")])
    private let scoringTime = Metrics.Timer(label: "gyre.serving.prediction", dimensions: [("api", "mlflow")])

    /// Routes of a service; `project` is nil where there is none.
    init(serving: ServingService, gyreVersion: String, project: String?) {
        self.serving = serving
        self.project = project
        self.gyreVersion = gyreVersion
    }

    func add(to router: Router<some RequestContext>) {
        addOpenInference(to: router.group("v2"))
        addScoring(to: router)
        addPlain(to: router)
    }

    private func addOpenInference(to group: RouterGroup<some RequestContext>) {
        let (serving, version, time) = (serving, gyreVersion, inferTime)
        group.get("") { _, _ in
            Response.json { writer in
                writer.object { writer in
                    writer.field("name", "gyre")
                    writer.field("version", version)
                    writer.key("extensions")
                    writer.array { $0.string("binary_tensor_data") }
                }
            }
        }
        group.get("health/live") { _, _ in Response.json { $0.object { $0.field("live", true) } } }
        group.get("health/ready") { _, _ in
            let isReady = !serving.models.isEmpty
            return Response.json(isReady ? .ok : .serviceUnavailable) { $0.object { $0.field("ready", isReady) } }
        }
        for path in ["models/:model", "models/:model/versions/:version"] {
            group.get(RouterPath(path)) { _, context in
                let model = try Self.model(serving, context)
                let versions = serving.versions(of: model.name).map(\.version)
                return Response.json { OpenInference.metadata(of: model, versions: versions, into: &$0) }
            }
            group.get(RouterPath(path + "/ready")) { _, context in
                let model = try Self.model(serving, context)
                return Response.json { writer in
                    writer.object { writer in
                        writer.field("name", model.name)
                        writer.field("ready", true)
                    }
                }
            }
            group.post(RouterPath(path + "/infer")) { request, context in
                let model = try Self.model(serving, context)
                let decoded = try await Self.inference(request)
                let answer = try await Self.measured(time) { try await serving.infer(model, decoded) }
                return Self.response(answer)
            }
        }
    }

    /// The length of the JSON in front of binary tensors.
    private static let headerLength = HTTPField.Name("Inference-Header-Content-Length")

    private static func inference(_ request: Request) async throws -> InferenceRequest {
        let body = Array(buffer: try await request.body.collect(upTo: bodyLimit))
        let (json, rest) = try InferenceRequest.split(body, headerLength: headerLength.flatMap { request.headers[$0] })
        let document = try json.withUnsafeBytes { try JSONDocument(parsing: $0) }
        return try InferenceRequest(document.root, rest: rest)
    }

    private static func response(_ answer: InferenceAnswer) -> Response {
        guard !answer.rest.isEmpty else {
            let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.json))
            return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(answer.json.count + answer.rest.count)
        buffer.writeBytes(answer.json)
        buffer.writeBytes(answer.rest)
        var headers: HTTPFields = [.contentType: "application/octet-stream"]
        if let headerLength { headers[headerLength] = String(answer.json.count) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }

    private func addScoring(to router: Router<some RequestContext>) {
        let (serving, time) = (serving, scoringTime)
        router.get("ping") { _, _ in
            try serving.checkReady()
            return Response(status: .ok)
        }
        router.post("invocations") { request, _ in
            let model = try serving.model(nil)
            let document = try await request.json(limit: Self.bodyLimit)
            return try await Self.measured(time) {
                try await Self.json { try await serving.score(model, document.root, into: &$0) }
            }
        }
    }

    /// Records by column name, what they look like, and a page to try it.
    private func addPlain(to router: Router<some RequestContext>) {
        let (serving, version, time) = (serving, gyreVersion, plainTime)
        for path in ["predict", "predict/:model"] {
            router.post(RouterPath(path)) { request, context in
                let model = try serving.model(context.parameters.get("model"))
                let document = try await request.json(limit: Self.bodyLimit)
                return try await Self.measured(time) {
                    try await Self.json { try await serving.answer(model, document.root, into: &$0) }
                }
            }
        }
        router.get("openapi.json") { _, _ in
            Response.json { ServingDescription(of: serving.models, gyreVersion: version).write(into: &$0) }
        }
        let project = project
        router.get("docs") { _, _ in
            Response.page(.ok, try TryPage(project: project, models: serving.models.map(Self.shown)).render())
        }
    }

    private static func shown(_ model: ServedModel) -> TryPage.Model {
        let isTable = model.table != nil
        var example = JSONWriter(pretty: true)
        if isTable {
            ServingDescription.example(of: model, into: &example)
        } else {
            ServingDescription.inferExample(of: model, into: &example)
        }
        return TryPage.Model(
            name: model.name,
            version: model.version,
            address: isTable ? "/predict/\(model.name)" : "/v2/models/\(model.name)/infer",
            columns: model.columns.enumerated().map { index, column in
                TryPage.Column(
                    name: column.name,
                    type: column.kind.rawValue,
                    example: ServingDescription.example(of: model, column: index)
                )
            },
            example: example.text
        )
    }

    private static func json(_ write: (inout JSONWriter) async throws -> Void) async throws -> Response {
        var writer = JSONWriter(reserving: 1_024, nonFinite: .null)
        try await write(&writer)
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes))
        return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
    }

    private static func model(_ serving: ServingService, _ context: some RequestContext) throws -> ServedModel {
        let name = try context.parameters.require("model")
        return try serving.model(name, version: context.parameters.get("version"))
    }

    private static func measured<Value>(
        _ timer: Metrics.Timer,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        let value = try await body()
        timer.recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1)))
        return value
    }
}
