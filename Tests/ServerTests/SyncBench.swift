// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import ObjectStorage
import Registry
@testable import Server
import Synchronization
import Testing
import Tracking
import Transfer

/// Counts the requests of a server, and may answer none any more from one of them, or from one to a route, on.
final class Interrupter: Sendable {
    private let state: Mutex<(count: Int, routes: [String: Int])> = Mutex((0, [:]))
    private let limit: Int
    private let route: String?

    init(after limit: Int = .max, before route: String? = nil) {
        self.limit = limit
        self.route = route
    }

    /// How many requests came.
    var count: Int { state.withLock { $0.count } }

    /// How many requests came to a route.
    func count(of route: String) -> Int { state.withLock { $0.routes[route] ?? 0 } }

    func allows(_ request: Request) -> Bool {
        state.withLock { state in
            state.count += 1
            state.routes[String(request.uri.path.split(separator: "/").last ?? ""), default: 0] += 1
            return state.count <= limit && (route.map { state.routes[$0] ?? 0 } ?? 0) == 0
        }
    }
}

/// Answers through another responder for as long as it may.
struct InterruptedResponder<Responder: HTTPResponder>: HTTPResponder where Responder.Context == BasicRequestContext {
    let responder: Responder
    let interrupter: Interrupter

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        // A status that no client tries again for, as a server that went away is too slow for many tests.
        guard interrupter.allows(request) else { return Response(status: .internalServerError) }
        return try await responder.respond(to: request, context: context)
    }
}

extension TestProject {
    /// Listens with all routes of `gyre up` for as long as `body` runs.
    @discardableResult
    func listening<Result: Sendable>(
        _ interrupter: Interrupter = Interrupter(),
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        let responder = InterruptedResponder(responder: router.buildResponder(), interrupter: interrupter)
        return try await Self.listening(responder, body)
    }

    static func listening<Responder: HTTPResponder, Result: Sendable>(
        _ responder: Responder,
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result where Responder.Context == BasicRequestContext {
        let application = Application(
            responder: responder,
            server: .connections(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            logger: .silent
        )
        return try await application.test(.live) { try await body("http://127.0.0.1:\($0.port ?? 0)") }
    }

    /// Syncs this project with a server.
    @discardableResult
    func sync(
        _ url: String,
        _ options: Syncer.Options = Syncer.Options(),
        token: String? = nil
    ) async throws -> SyncReport {
        let syncer = Syncer(
            tracking: services.tracking,
            registry: services.registry,
            source: try SyncSource.name(in: services.workspace.syncSource),
            options: options
        )
        return try await syncer.run(try SyncAddress(url, from: "the test", token: token))
    }

    // MARK: What a laptop has

    /// Logs a run with params, tags, inputs, three metrics and two files, and a logged model with what was measured of it.
    ///
    /// - Returns: The run's id.
    @discardableResult
    func log(_ name: String, experiment: String = "churn", points: Int = 40, ends: Bool = true) async throws -> String {
        let tracking = services.tracking
        let home = try await tracking.ensureExperiment(named: experiment)
        let run = try await tracking.createRun(
            RunDraft(experimentID: home, name: name, startMs: 1_000, userID: "ada", tags: [KeyValue("team", "risk")])
        )
        try await tracking.log(
            .init(params: [KeyValue("depth", "4"), KeyValue("name", name)], tags: []),
            run: run.id
        )
        try await add(points: 0..<points, to: run.id)
        let odd: [Double] = [.nan, .infinity, -.infinity, 0.1, -0.0]
        _ = try await tracking.mergeHistories(
            [("odd", odd.enumerated().map { MetricPoint(timestampMs: 5, step: Int64($0.offset), value: $0.element) })],
            run: run.id
        )
        let input = DatasetInput(
            name: "train",
            digest: "abc",
            sourceType: "local",
            source: "{}",
            tags: [KeyValue("mlflow.data.context", "training")]
        )
        try await tracking.logInputs([input], run: run.id)
        try await write("model/MLmodel", "flavors: {\(name)}", to: run.id)
        try await write("notes/ä b+c.txt", "a note", to: run.id)
        let model = try await tracking.createModel(
            LoggedModelDraft(
                experimentID: home,
                name: "m",
                sourceRunID: run.id,
                params: [KeyValue("alpha", "1")],
                tags: [KeyValue("kind", "linear")]
            )
        )
        let prefix = try #require(TrackingService.artifactPrefix(of: model.artifactURI))
        try await tracking.artifacts.put(try ObjectKey("\(prefix)/MLmodel"), bytes: Array("model of \(name)".utf8))
        let measured = Metric(
            key: "auc",
            value: 0.75,
            timestampMs: 7,
            step: 1,
            modelID: model.id,
            dataset: .init(name: "test", digest: "def")
        )
        try await tracking.log(.init(metrics: [measured]), run: run.id)
        _ = try await tracking.finalizeModel(id: model.id, status: .ready)
        try await tracking.logOutputs([(model.id, 3)], run: run.id)
        if ends { _ = try await tracking.updateRun(id: run.id, status: .finished, endMs: 9_000) }
        return run.id
    }

    /// Adds points of `loss`, whose time and step are their number.
    func add(points: Range<Int>, to run: String) async throws {
        let new = points.map { MetricPoint(timestampMs: Int64($0), step: Int64($0), value: 1 / Double($0 + 1)) }
        _ = try await services.tracking.mergeHistories([("loss", new)], run: run)
    }

    /// Writes an artefact of a run.
    func write(_ path: String, _ text: String, to run: String) async throws {
        let uri = try await services.tracking.run(id: run).artifactURI
        let prefix = try #require(TrackingService.artifactPrefix(of: uri))
        try await services.tracking.artifacts.put(try ObjectKey("\(prefix)/\(path)"), bytes: Array(text.utf8))
    }

    /// Registers the model files of a run as next version.
    func register(_ run: String, as name: String) async throws {
        try await services.registry.ensureModel(name: name)
        let uri = try await services.tracking.run(id: run).artifactURI
        var draft = VersionDraft(model: name, source: "\(uri)/model", runID: run)
        draft.tags = [KeyValue("from", "laptop")]
        _ = try await services.registry.createVersion(draft)
    }

    // MARK: What a project has, as text

    /// All that a sync carries, without the numbers of experiments.
    func content() async throws -> String {
        let tracking = services.tracking
        var lines: [String] = []
        for run in try await tracking.searchRuns(RunSearch(view: .all)).sorted(by: { $0.id < $1.id }) {
            let home = try await tracking.experiment(id: run.experimentID)
            lines.append("run \(run.id) \(home.name) \(run.name) \(run.status) \(run.startMs) \(run.endMs ?? 0)")
            lines.append("  \(run.stage) \(run.userID) \(run.params) \(run.tags) \(run.inputs) \(run.modelOutputs)")
            for key in Set(run.metrics.map(\.key)).sorted() {
                let state = try await tracking.historyStates(run: run.id, keys: [key])[key]
                lines.append("  \(key): \(state?.count ?? 0) \(state?.digest ?? 0) \(run.metric(key) ?? 0)")
            }
            lines += try await files(below: run.artifactURI)
            for model in try await tracking.models(of: run.id).sorted(by: { $0.id < $1.id }) {
                lines.append("  model \(model.id) \(model.name) \(model.status) \(model.params) \(model.tags)")
                lines.append("    \(model.metrics.map { "\($0.metric.key) \($0.metric.value) \($0.runID)" })")
                lines += try await files(below: model.artifactURI)
            }
        }
        for model in try await services.registry.searchModels() {
            lines.append("registered \(model.name) \(model.tags) \(model.aliases)")
            for version in try await services.registry.searchVersions(VersionSearch(model: model.name)) {
                lines.append("  \(version.version) \(version.runID ?? "") \(version.tags)")
                lines += try await files(below: version.location)
            }
        }
        return lines.joined(separator: "\n")
    }

    private func files(below uri: String) async throws -> [String] {
        let store = services.tracking.artifacts
        let prefix = try #require(TrackingService.artifactPrefix(of: uri))
        var lines: [String] = []
        for case .object(let info) in try await store.list(prefix: prefix, recursive: true, after: nil, limit: 100)
            .entries
        {
            let text = String(decoding: try await store.bytes(of: info.key), as: UTF8.self)
            lines.append("  file \(info.key.text.dropFirst(prefix.count)) \(text)")
        }
        return lines
    }
}
