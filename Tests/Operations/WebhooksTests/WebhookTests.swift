// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import SystemPackage
import Testing
import Tracking

@testable import Webhooks

/// Webhooks as people keep them.
@Suite(.timeLimit(.minutes(3)))
struct WebhookTests {
    private static let here = "http://127.0.0.1:9/x"

    private static func refused(_ body: () async throws -> Webhook) async throws -> WebhookError {
        try #require(await #expect(throws: WebhookError.self) { _ = try await body() })
    }

    @Test func `a webhook is kept as it was made, its events in order`() async throws {
        try await TestHooks.run { test in
            let made = try await test.webhooks.create(
                WebhookDraft(
                    name: "ci",
                    url: "http://127.0.0.1:9/a?b=c",
                    events: [.runFailed, .modelVersionTagSet, .modelVersionTagDeleted, .modelVersionCreated],
                    description: "tells CI",
                    status: .disabled
                )
            )
            let found = try await test.webhooks.webhook(id: made.id)
            #expect(found.name == "ci")
            #expect(found.url == "http://127.0.0.1:9/a?b=c")
            #expect(found.description == "tells CI")
            #expect(found.status == .disabled)
            #expect(found.createdMs == found.updatedMs)
            #expect(found.events == [.modelVersionCreated, .modelVersionTagDeleted, .modelVersionTagSet, .runFailed])
        }
    }

    @Test(arguments: ["a", "A1", "a.b_c-d", String(repeating: "x", count: 63)])
    func `a name that MLflow takes is taken`(name: String) async throws {
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, name: name)
            #expect(hook.name == name)
        }
    }

    @Test(arguments: ["", "-a", "a-", ".", "a b", "é", "a/b", "a\n", "a\0", String(repeating: "x", count: 64)])
    func `a name that MLflow refuses is refused`(name: String) async throws {
        try await TestHooks.run { test in
            let error = try await Self.refused { try await test.hook(Self.here, name: name) }
            #expect(error.code == .invalidParameter)
        }
    }

    @Test(arguments: [
        ([] as [WebhookEvent], "there is none"), ([.runCreated, .runCreated], "`run.created` is there twice"),
    ])
    func `at least one event is subscribed to, and none twice`(events: [WebhookEvent], why: String) async throws {
        try await TestHooks.run { test in
            let error = await #expect(throws: WebhookError.self) { try await test.hook(Self.here, events) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.why == why)
        }
    }

    @Test func `the last event of a webhook is not taken from it`() async throws {
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, [.runCreated])
            var change = WebhookChange()
            change.runEvents = []
            let none = change
            let error = await #expect(throws: WebhookError.self) { try await test.webhooks.update(id: hook.id, none) }
            #expect(error?.why == "there is none")
            let events = try await test.webhooks.webhook(id: hook.id).events
            #expect(events == [.runCreated])
        }
    }

    @Test func `a change leaves the rest as it is, and events of one kind those of the other`() async throws {
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, [.runCreated, .modelVersionCreated], secret: "s")
            var change = WebhookChange()
            change.modelEvents = [.registeredModelCreated]
            let second = try await test.webhooks.update(id: hook.id, change)
            #expect(second.events == [.registeredModelCreated, .runCreated])
            #expect(second.url == hook.url)
            change = WebhookChange()
            change.runEvents = [.runFinished]
            change.name = "other"
            change.description = "d"
            change.status = .disabled
            let third = try await test.webhooks.update(id: hook.id, change)
            #expect(third.events == [.registeredModelCreated, .runFinished])
            #expect([third.name, third.description, third.status.rawValue] == ["other", "d", "DISABLED"])
            #expect(third.createdMs == hook.createdMs)
            #expect(third.updatedMs >= second.updatedMs)
        }
    }

    @Test func `what is not there is told so`() async throws {
        try await TestHooks.run { test in
            #expect(try await Self.refused { try await test.webhooks.webhook(id: "no") }.code == .notFound)
            #expect(try await Self.refused { try await test.webhooks.update(id: "no", .init()) }.code == .notFound)
            let hook = try await test.hook(Self.here)
            try await test.webhooks.delete(id: hook.id)
            let again = await #expect(throws: WebhookError.self) { try await test.webhooks.delete(id: hook.id) }
            #expect(again?.code == .notFound)
            #expect(try await test.webhooks.webhooks().isEmpty)
        }
    }

    @Test func `pages go through all, newest first, also if they were made in the same instant`() async throws {
        try await TestHooks.run(now: { 1_000 }) { test in
            var made: Set<String> = []
            for number in 0..<7 { made.insert(try await test.hook(Self.here, name: "h\(number)").id) }
            var seen: [String] = []
            var token: PageToken?
            repeat {
                let page = try await test.webhooks.webhooks(after: token, limit: 3)
                #expect(page.count <= 3)
                seen += page.map(\.id)
                token = page.next
            } while token != nil
            #expect(seen.count == 7)
            #expect(Set(seen) == made)
            #expect(seen == seen.sorted(by: >))
        }
    }

    @Test func `those that are told of runs alone can be left out`() async throws {
        try await TestHooks.run { test in
            try await test.hook(Self.here, [.runCreated], name: "runs")
            try await test.hook(Self.here, [.runCreated, .modelVersionCreated], name: "both")
            #expect(try await test.webhooks.webhooks(withoutRunsAlone: true).map(\.name) == ["both"])
            #expect(Set(try await test.webhooks.webhooks().map(\.name)) == ["both", "runs"])
        }
    }

    // MARK: Secrets

    @Test func `a secret is nowhere in the files, and a copy of the database alone does not give it away`() async throws
    {
        let secret = "correct-horse-battery"
        try await TestHooks.run { test in
            let hook = try await test.hook(Self.here, secret: secret)
            for name in try FileSystem.list(test.folder) where !name.contains("artifacts") {
                let bytes = try FileReader.bytes(of: test.folder.appending(name))
                #expect(bytes.firstRange(of: Array(secret.utf8)) == nil, "\(name)")
            }
            #expect(
                try FileSystem.status(of: test.folder.appending("webhook.key")).permissions == [
                    .ownerRead, .ownerWrite,
                ]
            )
            let sealed = try #require(try await test.database.read { try WebhookStore.secret(of: hook.id, $0) })
            #expect(try await test.webhooks.secrets.open(sealed, of: hook.id) == secret)
            let other = SecretBox(key: Array(repeating: 7, count: 32), file: "/nowhere")
            let error = await #expect(throws: WebhookError.self) { try await other.open(sealed, of: hook.id) }
            #expect(error?.code == .unreadableSecret)
            // Nor does moving it to a webhook of one's own.
            await #expect(throws: WebhookError.self) { try await test.webhooks.secrets.open(sealed, of: "mine") }
        }
    }

    @Test func `two processes that keep their first secret make one key`() async throws {
        try await TestHooks.run { test in
            let file = test.folder.appending("one.key")
            let boxes = (0..<8).map { _ in SecretBox(key: nil, file: file) }
            let sealed = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for box in boxes {
                    group.addTask { try await box.seal("s", of: "w") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for bytes in sealed { #expect(try await SecretBox(key: nil, file: file).open(bytes, of: "w") == "s") }
        }
    }

    @Test(arguments: [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8=",
    ])
    func `a key of Fernet's form is a key`(text: String) {
        #expect(SecretBox.key(from: text)?.count == 32)
    }
}
