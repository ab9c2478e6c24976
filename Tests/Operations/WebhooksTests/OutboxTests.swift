// SPDX-License-Identifier: Apache-2.0

import Database
import Registry
import Testing
import Tracking

@testable import Webhooks

/// What is to be told is written with the change that it tells of: nothing lost, nothing undone.
@Suite(.timeLimit(.minutes(3)))
struct OutboxTests {
    private static let here = "http://127.0.0.1:9/x"

    private static func bodies(_ test: TestHooks) async throws -> [String] {
        try await test.database.read { reader in
            try reader.rows("SELECT body FROM webhook_deliveries ORDER BY number").map { $0.string(0) }
        }
    }

    private static func events(_ test: TestHooks) async throws -> [String] {
        try await test.database.read { reader in
            try reader.rows("SELECT event FROM webhook_deliveries ORDER BY number").map { $0.string(0) }
        }
    }

    // MARK: Payloads, as MLflow 3.17 wrote them on the same calls

    @Test func `changes of the registry are told in MLflow's words`() async throws {
        try await TestHooks.run(now: { 1_795_558_585_418 }) { test in
            try await test.hook(Self.here, WebhookEvent.allCases)
            let registry = test.registry
            _ = try await registry.createModel(name: "m", description: "dä", tags: [KeyValue("a", "b")])
            _ = try await registry.createModel(name: "m2")
            var draft = VersionDraft(model: "m", source: "s3://b/x")
            draft.tags = [KeyValue("t", "v")]
            _ = try await registry.createVersion(draft)
            draft = VersionDraft(model: "m", source: "s3://b/y", runID: "r1")
            draft.description = "vd"
            _ = try await registry.createVersion(draft)
            try await registry.setTag(model: "m", version: 1, KeyValue("k", "v"))
            for _ in 0..<2 { try await registry.deleteTag(model: "m", version: 1, key: "k") }
            try await registry.setAlias(model: "m", alias: "al", version: 1)
            try await registry.deleteAlias(model: "m", alias: "al")
            // Neither of these is an event of MLflow.
            try await registry.setTag(model: "m", KeyValue("k", "v"))
            try await registry.deleteModel(name: "m2")
            func told(_ entity: String, _ action: String, _ data: String) -> String {
                #"{"entity":"\#(entity)","action":"\#(action)","timestamp":"2026-11-24T22:16:25.418000+00:00","data":{\#(data)}}"#
            }
            #expect(
                try await Self.bodies(test) == [
                    told("registered_model", "created", #""name":"m","tags":{"a":"b"},"description":"dä""#),
                    told("registered_model", "created", #""name":"m2","tags":{},"description":"""#),
                    told(
                        "model_version",
                        "created",
                        #""name":"m","version":"1","source":"s3://b/x","run_id":null,"tags":{"t":"v"},"description":null"#
                    ),
                    told(
                        "model_version",
                        "created",
                        #""name":"m","version":"2","source":"s3://b/y","run_id":"r1","tags":{},"description":"vd""#
                    ),
                    told("model_version_tag", "set", #""name":"m","version":"1","key":"k","value":"v""#),
                    told("model_version_tag", "deleted", #""name":"m","version":"1","key":"k""#),
                    told("model_version_tag", "deleted", #""name":"m","version":"1","key":"k""#),
                    told("model_version_alias", "created", #""name":"m","alias":"al","version":"1""#),
                    told("model_version_alias", "deleted", #""name":"m","alias":"al""#),
                ]
            )
        }
    }

    @Test func `prompts are nobody's models`() async throws {
        try await TestHooks.run { test in
            try await test.hook(Self.here, WebhookEvent.allCases)
            _ = try await test.registry.createModel(name: "p", tags: [KeyValue("mlflow.prompt.is_prompt", "True")])
            _ = try await test.registry.createVersion(VersionDraft(model: "p", source: "dummy:/x"))
            try await test.registry.setAlias(model: "p", alias: "a", version: 1)
            #expect(try await Self.bodies(test).isEmpty)
        }
    }

    @Test func `a run is told of when it begins and when it ends, and not by what it logs`() async throws {
        try await TestHooks.run(now: { 5_000 }) { test in
            try await test.hook(Self.here, [.runCreated, .runFinished, .runFailed])
            let draft = RunDraft(experimentID: "0", name: "r", startMs: 1_000, userID: "u", tags: [KeyValue("a", "b")])
            let run = try await test.tracking.createRun(draft)
            try await test.tracking.log(
                .init(
                    metrics: [
                        Metric(key: "auc", value: 0.5, timestampMs: 1), Metric(key: "n", value: .nan, timestampMs: 1),
                    ],
                    params: [KeyValue("p", "1")],
                    tags: [KeyValue("c", "d")]
                ),
                run: run.id
            )
            _ = try await test.tracking.updateRun(id: run.id, name: "r2")
            #expect(try await Self.events(test) == ["run.created"])
            _ = try await test.tracking.updateRun(id: run.id, status: .finished, endMs: 2_000)
            let rest = #""artifact_uri":"mlflow-artifacts:/0/\#(run.id)/artifacts""#
            let time = "1970-01-01T00:00:05.000000+00:00"
            let head = #""run_id":"\#(run.id)","run_name":"#
            #expect(
                try await Self.bodies(test) == [
                    #"{"entity":"run","action":"created","timestamp":"\#(time)","data":{\#(head)"r","experiment_id":"0","#
                        + #""user_id":"u","status":"RUNNING","start_time":1000,"end_time":null,\#(rest),"params":{},"#
                        + #""metrics":{},"tags":{"a":"b","mlflow.runName":"r"}}}"#,
                    #"{"entity":"run","action":"finished","timestamp":"\#(time)","data":{\#(head)"r2","experiment_id":"0","#
                        + #""user_id":"u","status":"FINISHED","start_time":1000,"end_time":2000,\#(rest),"#
                        + #""params":{"p":"1"},"metrics":{"auc":0.5,"n":"NaN"},"#
                        + #""tags":{"a":"b","c":"d","mlflow.runName":"r2"}}}"#,
                ]
            )
        }
    }

    @Test func `an end is told once, again after the run went on, and a killed run has failed`() async throws {
        try await TestHooks.run { test in
            try await test.hook(Self.here, [.runFinished, .runFailed])
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            for status in [RunStatus.finished, .finished, .running, .scheduled, .finished, .failed, .killed] {
                _ = try await test.tracking.updateRun(id: run, status: status)
            }
            #expect(try await Self.events(test) == ["run.finished", "run.finished", "run.failed", "run.failed"])
            #expect(try await Self.bodies(test).last?.contains(#""status":"KILLED""#) == true)
        }
    }

    @Test func `an event of a run holds a hundred metrics at most`() async throws {
        try await TestHooks.run { test in
            try await test.hook(Self.here, [.runFinished])
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            let metrics = (0..<500).map { Metric(key: "m\(1_000 + $0)", value: 1, timestampMs: 1) }
            try await test.tracking.log(.init(metrics: metrics), run: run)
            _ = try await test.tracking.updateRun(id: run, status: .finished)
            let body = try #require(try await Self.bodies(test).first)
            #expect(body.contains("m1099"))
            #expect(!body.contains("m1100"))
        }
    }

    // MARK: Who is told

    @Test func `each subscriber gets its own, others and those that are switched off get none`() async throws {
        try await TestHooks.run { test in
            let first = try await test.hook(Self.here, [.runCreated], name: "first")
            let second = try await test.hook(Self.here, [.runCreated, .runFinished], name: "second")
            let other = try await test.hook(Self.here, [.runFinished], name: "other")
            var off = WebhookDraft(name: "off", url: Self.here, events: [.runCreated])
            off.status = .disabled
            let disabled = try await test.webhooks.create(off)
            _ = try await test.tracking.createRun(RunDraft(experimentID: "0"))
            let told = try await [first, second].asyncMap { try await test.webhooks.deliveries(of: $0.id) }
            #expect(told.map(\.count) == [1, 1])
            #expect(told[0].first?.id != told[1].first?.id)
            for hook in [other, disabled] { #expect(try await test.webhooks.deliveries(of: hook.id).isEmpty) }
        }
    }

    @Test func `without a subscriber nothing is written`() async throws {
        try await TestHooks.run { test in
            try await test.hook(Self.here, [.runFailed])
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            _ = try await test.tracking.updateRun(id: run, status: .finished)
            _ = try await test.registry.createModel(name: "m")
            #expect(try await Self.events(test).isEmpty)
        }
    }

    @Test func `a webhook that is switched off drops what waits for it, and one that is removed takes it along`()
        async throws
    {
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, [.runCreated])
            _ = try await test.tracking.createRun(RunDraft(experimentID: "0"))
            var change = WebhookChange()
            change.status = .disabled
            _ = try await test.webhooks.update(id: hook.id, change)
            let deliveries = try await test.webhooks.deliveries(of: hook.id)
            #expect(deliveries.map(\.state) == [.dropped])
            #expect(deliveries.first?.attempts == 0)
            try await test.webhooks.delete(id: hook.id)
            #expect(try await Self.events(test).isEmpty)
        }
    }

    // MARK: One transaction

    @Test func `a change that is refused tells nobody`() async throws {
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, WebhookEvent.allCases)
            _ = try await test.registry.createModel(name: "m")
            await #expect(throws: RegistryError.self) { try await test.registry.createModel(name: "m") }
            await #expect(throws: RegistryError.self) {
                try await test.registry.setAlias(model: "m", alias: "a", version: 9)
            }
            await #expect(throws: TrackingError.self) { try await test.tracking.createRun(RunDraft(experimentID: "7")) }
            #expect(try await test.webhooks.deliveries(of: hook.id).map(\.event) == ["registered_model.created"])
        }
    }

    @Test func `a change whose event cannot be kept is undone`() async throws {
        try await TestHooks.run { test in
            try await test.hook(Self.here, WebhookEvent.allCases)
            _ = try await test.database.write { try $0.execute("DROP TABLE webhook_deliveries") }
            await #expect(throws: DatabaseError.self) { try await test.registry.createModel(name: "m") }
            await #expect(throws: RegistryError.self) { try await test.registry.model(named: "m") }
            await #expect(throws: DatabaseError.self) { try await test.tracking.createRun(RunDraft(experimentID: "0")) }
            #expect(try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"])).isEmpty)
        }
    }

    @Test func `what ended long ago, or is one of too many, is forgotten, and what waits is not`() async throws {
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, [.runCreated])
            for _ in 0..<10 { _ = try await test.tracking.createRun(RunDraft(experimentID: "0")) }
            try await test.database.write { writer in
                for number in 1...8 {
                    try writer.execute(
                        """
                        UPDATE webhook_deliveries SET state = 'delivered', due_ms = NULL, ended_ms = \(number * 10)
                        WHERE number = \(number)
                        """
                    )
                }
                #expect(try DeliveryStore.prune(endedBefore: 30, keeping: 100, limit: 1, writer) == 1)
                #expect(try DeliveryStore.prune(endedBefore: 30, keeping: 100, limit: 50, writer) == 1)
                #expect(try DeliveryStore.prune(endedBefore: 30, keeping: 4, limit: 50, writer) == 2)
            }
            let left = try await test.webhooks.deliveries(of: hook.id)
            #expect(left.count == 6)
            #expect(left.count { $0.state == .waiting } == 2)
        }
    }

    @Test func `the look for what is due, and for who wants to know, each go by an index`() async throws {
        try await TestHooks.run { test in
            let plans = try await test.database.read { reader in
                try [
                    "SELECT webhook_id FROM webhook_events WHERE event = 'x' AND EXISTS (SELECT 1 FROM webhooks WHERE id = webhook_id AND status = 'ACTIVE') ORDER BY webhook_id",
                    "SELECT d.number FROM webhook_deliveries AS d JOIN webhooks AS w ON w.id = d.webhook_id WHERE d.due_ms <= 5 AND (d.number IN (1)) IS NOT TRUE ORDER BY d.due_ms, d.number LIMIT 5",
                ].map { text in
                    try reader.rows(SQL("EXPLAIN QUERY PLAN " + text)).map { $0.string(3) }.joined(separator: "; ")
                }
            }
            #expect(plans.allSatisfy { !$0.contains("SCAN") && !$0.contains("TEMP B-TREE") }, "\(plans)")
            #expect(plans[1].contains("webhook_deliveries_due"))
        }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
