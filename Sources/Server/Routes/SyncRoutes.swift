// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import Registry
import Tracking
import Transfer

/// `/api/gyre/v1/sync/…`: what `gyre sync` of another project sends.
///
/// Each request is whole or not at all, and may be sent again.
struct SyncRoutes: Sendable {
    /// The most bytes of a run with its params, tags and inputs, or of a piece of its points.
    private static let limit = 32 << 20

    let receiver: SyncReceiver
    let gyreVersion: String
    /// Called after something was registered, so that the live model follows at once.
    let onRegistryChange: @Sendable () -> Void

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("sync") { _, _ in
            Response.json { writer in
                writer.object { writer in
                    writer.field("protocol", SyncWire.version)
                    writer.field("gyre", gyreVersion)
                }
            }
        }
        let sync = group.group("sync")
        post(sync, "lacking", lacking)
        post(sync, "experiments", takeExperiment)
        post(sync, "runs", takeRun)
        post(sync, "deletions", takeDeletion)
        post(sync, "histories", histories)
        post(sync, "points", takePoints)
        post(sync, "models", takeModel)
        post(sync, "model-metrics", takeModelMetrics)
        post(sync, "files", files)
        post(sync, "registered-models", takeRegisteredModel)
        post(sync, "versions", takeVersion)
        post(sync, "aliases", takeAlias)
        sync.put("files") { request, _ in try await takeFile(request) }
    }

    private func post(
        _ group: RouterGroup<some RequestContext>,
        _ path: RouterPath,
        _ handler: @escaping @Sendable (JSONElement) async throws -> Response
    ) {
        group.post(path) { request, _ in try await handler(try await request.json(limit: Self.limit).root) }
    }

    private func outcome(_ outcome: Adopted.Outcome?) -> Response {
        .json { writer in writer.object { $0.field("outcome", outcome?.rawValue) } }
    }

    private func added(_ count: Int) -> Response { .json { writer in writer.object { $0.field("added", count) } } }

    /// `{"source": …, "kind": …, "items": [[name, fingerprint], …]}` → `{"lacking": [name, …]}`.
    private func lacking(_ body: JSONElement) async throws -> Response {
        let kind = SyncKind(rawValue: try body.required("kind"))
        let items = try SyncItem.list(try body.items("items", limit: SyncWire.itemLimit))
        // A kind that this Gyre doesn't know, it lacks.
        let names =
            if let kind {
                try await receiver.lacking(items, kind, from: try body.required("source"))
            } else {
                items.map(\.name)
            }
        return .json { writer in
            writer.object { writer in
                writer.key("lacking")
                writer.array { writer in for name in names { writer.string(name) } }
            }
        }
    }

    private func takeExperiment(_ body: JSONElement) async throws -> Response {
        let record = try ExperimentRecord(json: try body.object("experiment"))
        let fingerprint = body.isDryRun ? nil : try body.required("fingerprint")
        return outcome(try await receiver.take(record, fingerprint: fingerprint, from: try body.required("source")))
    }

    private func takeRun(_ body: JSONElement) async throws -> Response {
        let record = try RunRecord(json: try body.object("run"))
        if body.isDryRun { return outcome(try await receiver.wouldTake(record)) }
        return outcome(
            try await receiver.take(
                record,
                isComplete: body["complete"]?.bool ?? false,
                fingerprint: body.optional("fingerprint"),
                from: try body.required("source")
            )
        )
    }

    private func takeDeletion(_ body: JSONElement) async throws -> Response {
        let run = try body.required("run")
        let fingerprint = body.isDryRun ? nil : try body.required("fingerprint")
        let source = try body.required("source")
        return outcome(try await receiver.takeDeletion(ofRun: run, fingerprint: fingerprint, from: source))
    }

    /// `{"run": …, "keys": [key, …]}` → what the run has of these metrics.
    private func histories(_ body: JSONElement) async throws -> Response {
        let keys = try body.texts("keys", limit: SyncWire.itemLimit)
        let states = try await receiver.historyStates(run: try body.required("run"), keys: keys)
        return .json(nonFinite: .text) { writer in
            writer.object { writer in
                writer.key("histories")
                writer.array { writer in
                    for (key, state) in states where state.count > 0 { SyncWire.write(state, key: key, into: &writer) }
                }
            }
        }
    }

    private func takePoints(_ body: JSONElement) async throws -> Response {
        let histories = try SyncWire.histories(try body.items("histories", limit: SyncWire.pointLimit))
        return added(try await receiver.take(histories, run: try body.required("run")))
    }

    // MARK: Logged models and files

    private func takeModel(_ body: JSONElement) async throws -> Response {
        let record = try ModelRecord(json: try body.object("model"))
        if body.isDryRun { return outcome(try await receiver.wouldTake(record)) }
        return outcome(
            try await receiver.take(
                record,
                isComplete: body["complete"]?.bool ?? false,
                fingerprint: body.optional("fingerprint"),
                from: try body.required("source")
            )
        )
    }

    private func takeModelMetrics(_ body: JSONElement) async throws -> Response {
        let metrics = try SyncWire.modelMetrics(try body.items("metrics", limit: SyncWire.pointLimit))
        return added(try await receiver.take(metrics, model: try body.required("model")))
    }

    /// `{"run": …, "files": [[path, size], …]}` → those that are here, with the digest if the size is the same.
    private func files(_ body: JSONElement) async throws -> Response {
        let files = try SyncWire.files(try body.items("files", limit: SyncWire.itemLimit))
        let known = try await receiver.files(of: try owner { body.optional($0) }, files)
        return .json { writer in
            writer.object { writer in
                writer.key("files")
                writer.array { writer in
                    for (path, digest) in known {
                        writer.object { writer in
                            writer.field("path", path)
                            writer.field("digest", digest)
                        }
                    }
                }
            }
        }
    }

    /// `PUT …/files?run=ID&path=PATH&digest=SHA256` with the content as body.
    private func takeFile(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        guard let path = query["path"].map({ String($0) }), let digest = query["digest"].map({ String($0) }) else {
            throw ServerError(
                .invalidRequest,
                what: "cannot store an artefact",
                why: "the query needs `path` and `digest`"
            )
        }
        let owner = try owner { name in query[name[...]].map { String($0) } }
        try await receiver.take(request.body, path: path, digest: digest, of: owner)
        return added(1)
    }

    private func owner(_ value: (String) -> String?) throws -> SyncReceiver.Owner {
        if let run = value("run") { return .run(run) }
        if let model = value("model") { return .model(model) }
        throw ServerError(.invalidRequest, what: "cannot find the files", why: "neither `run` nor `model` is given")
    }

    // MARK: The registry

    private func takeRegisteredModel(_ body: JSONElement) async throws -> Response {
        let record = try RegisteredModelRecord(json: try body.object("model"))
        if body.isDryRun { return outcome(try await receiver.wouldTake(record)) }
        return outcome(
            try await receiver.take(
                record,
                fingerprint: body.optional("fingerprint"),
                from: try body.required("source")
            )
        )
    }

    private func takeVersion(_ body: JSONElement) async throws -> Response {
        let version = try body.object("version")
        let record = try ModelVersionRecord(json: version)
        if body.isDryRun { return outcome(try await receiver.wouldTake(record)) }
        let result = try await receiver.take(record, from: try SyncPlace(json: version))
        onRegistryChange()
        return outcome(result)
    }

    private func takeAlias(_ body: JSONElement) async throws -> Response {
        let (model, alias) = (try body.required("model"), try body.required("alias"))
        let version = Int(try body.requiredNumber("version"))
        if body.isDryRun { return outcome(try await receiver.wouldTake(alias: alias, of: model, version: version)) }
        let source = try body.required("source")
        let result = try await receiver.take(alias: alias, of: model, version: version, from: source)
        onRegistryChange()
        return outcome(result)
    }
}

extension JSONElement {
    fileprivate var isDryRun: Bool { self["dry_run"]?.bool ?? false }
}
