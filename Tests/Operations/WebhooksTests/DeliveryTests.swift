// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText
import Registry
import Testing
import Tracking
import WebhookTesting

@testable import Webhooks

/// What arrives, and how often, with a real receiver.
@Suite(.timeLimit(.minutes(3)))
struct DeliveryTests {
    @Test func `an event arrives once, with MLflow's headers`() async throws {
        try await Receiver.run { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url + "/hook?a=b", secret: "s3cret")
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    let delivery = try #require(try await test.ended(hook).first)
                    #expect(delivery.state == .delivered)
                    #expect(delivery.attempts == 1)
                    #expect(delivery.responseStatus == 200)
                    let arrival = try #require(receiver.arrivals.first)
                    #expect(arrival.path == "/hook?a=b")
                    #expect(arrival.delivery == delivery.id)
                    #expect(arrival.headers["content-type"] == "application/json")
                    let seconds = try #require(Int64(arrival.headers["x-mlflow-timestamp"] ?? ""))
                    #expect(abs(seconds - TestHooks.clock() / 1_000) < 60)
                    #expect(try JSONDocument(arrival.body).root["data"]?["name"]?.string == "m")
                    let signed = DeliveryHeaders.make(
                        id: delivery.id,
                        seconds: seconds,
                        body: arrival.body,
                        secret: "s3cret"
                    )
                    #expect(
                        signed.contains { $0 == ("X-MLflow-Signature", arrival.headers["x-mlflow-signature"] ?? "") }
                    )
                }
                #expect(receiver.arrivals.count == 1)
            }
        }
    }

    /// From MLflow 3.17: `mlflow.webhooks.delivery._generate_hmac_signature`.
    @Test(arguments: [
        (
            "s3cret", "2c6c4aa1-26b1-416e-b60b-227203c7f35e", 1_795_559_423, #"{"a":"ä"}"#,
            "v1,Uwducn0TKJdCSKlQjIkbiR26l62Uf6VTgewVPYii3Xo="
        ),
        ("ü", "x", 0, "", "v1,KLh22qQ2q1DqmS+Mzm6KL7NymXtHkxyftnfkSFzeJog="),
    ])
    func `a signature is the one that MLflow makes`(
        secret: String,
        id: String,
        seconds: Int64,
        body: String,
        signature: String
    ) {
        func made(_ secret: String, _ body: String) -> String? {
            DeliveryHeaders.make(id: id, seconds: seconds, body: body, secret: secret)
                .first { $0.0 == "X-MLflow-Signature" }?.1
        }
        #expect(made(secret, body) == signature)
        // And whoever changes the body, or knows another secret, has another one.
        #expect(made(secret, body + " ") != signature)
        #expect(made(secret + "x", body) != signature)
    }

    @Test func `without a secret nothing is signed`() async throws {
        try await Receiver.run { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url)
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    _ = try await test.ended(hook)
                }
                #expect(receiver.arrivals.first?.headers["x-mlflow-signature"] == nil)
            }
        }
    }

    // MARK: Receivers that fail

    @Test(arguments: [429, 500, 502, 503, 599])
    func `an answer that may pass is asked for again, with the same id and body`(status: Int) async throws {
        try await Receiver.run(reacting: { _, before in .answer(before < 2 ? status : 201) }) { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url, secret: "s")
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    let delivery = try #require(try await test.ended(hook).first)
                    #expect(delivery.state == .delivered)
                    #expect(delivery.attempts == 3)
                    #expect(delivery.responseStatus == 201)
                    #expect(delivery.failure == nil)
                }
                #expect(Set(receiver.arrivals.map(\.delivery)).count == 1)
                #expect(Set(receiver.arrivals.map(\.body)).count == 1)
                #expect(receiver.arrivals.count == 3)
            }
        }
    }

    @Test(arguments: [
        (400, "the receiver answered 400"), (404, "the receiver answered 404"), (410, "410"), (301, "redirects"),
    ])
    func `an answer that will not pass is not asked for again`(status: Int, why: String) async throws {
        try await Receiver.run(
            reacting: { arrival, _ in
                arrival.path == "/other" ? .answer(200) : .answer(status, headers: ["Location: /other"])
            }
        ) { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url, secret: "s")
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    let delivery = try #require(try await test.ended(hook).first)
                    #expect(delivery.state == .failed)
                    #expect(delivery.attempts == 1)
                    #expect(delivery.responseStatus == status)
                    #expect(delivery.failure?.contains(why) == true)
                }
                #expect(receiver.arrivals.map(\.path) == ["/"])
            }
        }
    }

    @Test func `a receiver that is down gets the event once it is up`() async throws {
        var settings = TestHooks.quick
        settings.retries = 100
        settings.backoff = .microseconds(100)
        let port = try await Receiver.run { $0.port }
        try await TestHooks.run(settings) { test in
            let hook = try await test.hook("http://127.0.0.1:\(port)")
            try await test.delivering { test in
                _ = try await test.registry.createModel(name: "m")
                try await test.attempts(hook, 2)
                let waiting = try #require(try await test.webhooks.deliveries(of: hook.id).first)
                #expect(waiting.state == .waiting)
                #expect(waiting.failure == "nothing answers there")
                try await Receiver.run(port: port) { receiver in
                    let state = try await test.ended(hook).first?.state
                    #expect(state == .delivered)
                    #expect(receiver.arrivals.map(\.delivery) == [waiting.id])
                }
            }
        }
    }

    @Test func `the last try is the last, and it is known why`() async throws {
        try await Receiver.run(reacting: { _, _ in .hangUp }) { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url)
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    let delivery = try #require(try await test.ended(hook).first)
                    #expect(delivery.state == .failed)
                    #expect(delivery.attempts == 4)
                    #expect(delivery.responseStatus == nil)
                    #expect(delivery.failure == "the connection was closed without an answer")
                }
                #expect(receiver.arrivals.count == 4)
            }
        }
    }

    @Test func `a receiver that does not answer in time is asked again`() async throws {
        var settings = TestHooks.quick
        settings.deadline = .milliseconds(200)
        settings.retries = 100
        try await Receiver.run(reacting: { _, before in before == 0 ? .silence : .answer(200) }) { receiver in
            try await TestHooks.run(settings) { test in
                let hook = try await test.hook(receiver.url)
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    let delivery = try #require(try await test.ended(hook).first)
                    #expect(delivery.state == .delivered)
                    #expect(delivery.attempts > 1)
                }
            }
        }
    }

    @Test func `a receiver that says much has still taken the event`() async throws {
        let much = String(repeating: "x", count: 1 << 20)
        try await Receiver.run(reacting: { _, _ in .answer(200, body: much) }) { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url)
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    #expect(try await test.ended(hook).first?.state == .delivered)
                }
                #expect(receiver.arrivals.count == 1)
            }
        }
    }

    // MARK: Many

    @Test func `a webhook that hangs does not hold up another`() async throws {
        try await Receiver.run(reacting: { _, _ in .silence }) { broken in
            try await Receiver.run { receiver in
                try await TestHooks.run { test in
                    try await test.hook(broken.url, name: "broken")
                    let hook = try await test.hook(receiver.url, name: "whole")
                    try await test.delivering { test in
                        for number in 0..<50 { _ = try await test.registry.createModel(name: "m\(number)") }
                        let ended = try await test.ended(hook, 50)
                        #expect(ended.allSatisfy { $0.state == .delivered })
                    }
                }
            }
        }
    }

    @Test func `hundreds that wait all arrive, each once`() async throws {
        try await Receiver.run { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<400 {
                        group.addTask { _ = try await test.registry.createModel(name: "m\(number)") }
                    }
                    try await group.waitForAll()
                }
                try await test.delivering { test in
                    let ended = try await test.ended(hook, 400)
                    #expect(ended.allSatisfy { $0.state == .delivered })
                }
                #expect(receiver.arrivals.count == 400)
                #expect(Set(receiver.arrivals.map(\.delivery)).count == 400)
            }
        }
    }

    @Test func `what another process changes is told too`() async throws {
        try await Receiver.run { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url, [.runCreated])
                try await test.delivering { test in
                    try await TestHooks.open(in: test.folder, as: .client) { other in
                        _ = try await other.tracking.createRun(RunDraft(experimentID: "0"))
                    }
                    #expect(try await test.ended(hook).first?.state == .delivered)
                }
            }
        }
    }

    // MARK: Ends and beginnings

    @Test func `an end does not wait for a receiver that hangs, and the next beginning sends it again`() async throws {
        var settings = TestHooks.quick
        // An end that waited for this one would be ended by the limit of the test.
        settings.deadline = .seconds(3_600)
        try await Receiver.run(reacting: { _, before in before == 0 ? .silence : .answer(200) }) { receiver in
            try await TestHooks.run(settings) { test in
                let hook = try await test.hook(receiver.url)
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    await receiver.wait(for: 1)
                }
                let waiting = try #require(try await test.webhooks.deliveries(of: hook.id).first)
                #expect(waiting.state == .waiting)
                #expect(waiting.attempts == 0)
                await test.database.close()
                try await TestHooks.open(in: test.folder) { next in
                    try await next.delivering { next in _ = try await next.ended(hook) }
                }
                #expect(receiver.arrivals.map(\.delivery) == [waiting.id, waiting.id])
            }
        }
    }

    @Test func `attempts before a restart count`() async throws {
        var settings = TestHooks.quick
        settings.retries = 1
        try await Receiver.run(reacting: { _, _ in .answer(500) }) { receiver in
            var patient = settings
            patient.backoff = .seconds(60)
            try await TestHooks.run(patient) { test in
                let hook = try await test.hook(receiver.url)
                try await test.delivering { test in
                    _ = try await test.registry.createModel(name: "m")
                    try await test.attempts(hook, 1)
                }
                await test.database.close()
                // Later, when the next attempt is due.
                try await TestHooks.open(in: test.folder, settings, now: { TestHooks.clock() + 3_600_000 }) { next in
                    try await next.delivering { next in
                        let delivery = try #require(try await next.ended(hook).first)
                        #expect(delivery.state == .failed)
                        #expect(delivery.attempts == 2)
                    }
                }
                #expect(receiver.arrivals.count == 2)
            }
        }
    }

    // MARK: Secrets and addresses at the time of sending

    @Test func `what cannot be signed is not sent`() async throws {
        try await Receiver.run { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url, secret: "s")
                var settings = TestHooks.quick
                settings.encryptionKey = Array(repeating: 9, count: 32)
                await test.database.close()
                try await TestHooks.open(in: test.folder, settings) { next in
                    try await next.delivering { next in
                        _ = try await next.registry.createModel(name: "m")
                        let delivery = try #require(try await next.ended(hook).first)
                        #expect(delivery.state == .failed)
                        #expect(delivery.failure == "it was stored with another key")
                    }
                }
                #expect(receiver.arrivals.isEmpty)
            }
        }
    }

    @Test func `an address that was allowed once is not sent to when it is no longer`() async throws {
        try await Receiver.run { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url)
                var settings = TestHooks.quick
                settings.allowsPrivateAddresses = false
                await test.database.close()
                try await TestHooks.open(in: test.folder, settings) { next in
                    try await next.delivering { next in
                        _ = try await next.registry.createModel(name: "m")
                        let delivery = try #require(try await next.ended(hook).first)
                        #expect(delivery.state == .failed)
                        #expect(delivery.failure?.contains("is not a public address") == true)
                    }
                    let trial = try await next.webhooks.trial(id: hook.id)
                    #expect(!trial.success)
                    #expect(trial.responseBody == nil)
                }
                #expect(receiver.arrivals.isEmpty)
            }
        }
    }

    // MARK: Trials

    @Test(arguments: WebhookEvent.allCases)
    func `an example of each event can be sent`(event: WebhookEvent) async throws {
        try await Receiver.run(reacting: { _, _ in .answer(200, body: "thanks") }) { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url, secret: "s")
                let trial = try await test.webhooks.trial(id: hook.id, event: event)
                #expect(trial.success)
                #expect(trial.responseStatus == 200)
                #expect(trial.responseBody == "thanks")
                let body = try JSONDocument(try #require(receiver.arrivals.first).body).root
                #expect(body["entity"]?.string == event.entity)
                #expect(body["action"]?.string == event.action)
                #expect(body["data"]?.members.contains { _ in true } == true)
                #expect(try await test.webhooks.deliveries(of: hook.id).isEmpty)
            }
        }
    }

    @Test func `a trial is one try, whose failure is told`() async throws {
        try await Receiver.run(reacting: { _, _ in .answer(500, body: "broken") }) { receiver in
            try await TestHooks.run { test in
                let hook = try await test.hook(receiver.url)
                let trial = try await test.webhooks.trial(id: hook.id)
                #expect(!trial.success)
                #expect(trial.responseStatus == 500)
                #expect(trial.responseBody == "broken")
                #expect(receiver.arrivals.count == 1)
            }
        }
        let port = try await Receiver.run { $0.port }
        try await TestHooks.run { test in
            let hook = try await test.hook("http://127.0.0.1:\(port)/x?token=abc")
            let trial = try await test.webhooks.trial(id: hook.id)
            #expect(trial.failure == "cannot POST `http://127.0.0.1:\(port)/x`: nothing answers there")
        }
    }
}
