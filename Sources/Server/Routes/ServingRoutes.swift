// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import Metrics
import Serving

/// The Open Inference Protocol below `/v2`, and MLflow's scoring at `/invocations` and `/ping`.
struct ServingRoutes: Sendable {
    /// The most bytes of a request.
    static let bodyLimit = 16 << 20

    private let serving: ServingService
    private let gyreVersion: String
    private let inferTime = Metrics.Timer(label: "gyre.serving.prediction", dimensions: [("api", "open_inference")])
    private let scoringTime = Metrics.Timer(label: "gyre.serving.prediction", dimensions: [("api", "mlflow")])

    init(serving: ServingService, gyreVersion: String) {
        self.serving = serving
        self.gyreVersion = gyreVersion
    }

    func add(to router: Router<some RequestContext>) {
        addOpenInference(to: router.group("v2"))
        addScoring(to: router)
    }

    private func addOpenInference(to group: RouterGroup<some RequestContext>) {
        let (serving, version, time) = (serving, gyreVersion, inferTime)
        group.get("") { _, _ in
            Response.json { writer in
                writer.object { writer in
                    writer.field("name", "gyre")
                    writer.field("version", version)
                    writer.key("extensions")
                    writer.array { _ in }
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
                return Response.json { OpenInference.metadata(of: model, into: &$0) }
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
                let document = try await request.json(limit: Self.bodyLimit)
                let decoded = try OpenInference.decode(document.root, for: model)
                let prediction = try await Self.measured(time) {
                    try await serving.predict(model, decoded.batch)
                }
                return Response.json { OpenInference.encode(prediction, to: decoded, into: &$0) }
            }
        }
    }

    private func addScoring(to router: Router<some RequestContext>) {
        let (serving, time) = (serving, scoringTime)
        router.get("ping") { _, _ in
            _ = try serving.model(nil)
            return Response(status: .ok)
        }
        router.post("invocations") { request, _ in
            let model = try serving.model(nil)
            let document = try await request.json(limit: Self.bodyLimit)
            let batch = try MLflowScoring.decode(document.root, for: model)
            let prediction = try await Self.measured(time) { try await serving.predict(model, batch) }
            return Response.json { MLflowScoring.encode(prediction, into: &$0) }
        }
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
