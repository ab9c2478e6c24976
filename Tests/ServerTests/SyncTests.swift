// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import Registry
@testable import Server
import Testing
import Tracking
import Transfer

/// A project that is synced with the server of another one.
@Suite(.timeLimit(.minutes(2)))
struct SyncTests {
    /// Calls `body` with a laptop, and a server that listens.
    private func pair(
        _ interrupter: Interrupter = Interrupter(),
        _ body: @escaping @Sendable (_ laptop: TestProject, _ server: TestProject, _ url: String) async throws -> Void
    ) async throws {
        try await TestProject.with { laptop in
            try await TestProject.with { server in
                // So that experiments have other numbers than on the laptop.
                _ = try await server.services.tracking.createExperiment(name: "other")
                try await server.listening(interrupter) { try await body(laptop, server, $0) }
            }
        }
    }

    @Test func `everything arrives, and nothing is sent the second time`() async throws {
        let requests = Interrupter()
        try await pair(requests) { laptop, server, url in
            let run = try await laptop.log("first", points: 12_345)
            try await laptop.log("second", experiment: "other")
            try await laptop.register(run, as: "churn")
            try await laptop.services.registry.setAlias(model: "churn", alias: "candidate", version: 1)
            let first = try await laptop.sync(url)
            #expect(first.conflicts == [])
            #expect(first[.runs] == .init(added: 2))
            #expect(first[.points] == .init(added: 12_345 + 40 + 2 * 6))
            #expect(first[.models] == .init(added: 2))
            #expect(first[.versions] == .init(added: 1))
            #expect(first[.aliases] == .init(added: 1))
            #expect(first[.files] == .init(added: 6))
            #expect(try await server.content() == laptop.content())
            let before = (requests.count(of: "runs"), requests.count(of: "points"), requests.count(of: "files"))
            let second = try await laptop.sync(url)
            #expect(second[.runs] == .init(unchanged: 2))
            #expect(second[.points] == .init())
            #expect(second[.bytes] == .init())
            #expect((requests.count(of: "runs"), requests.count(of: "points"), requests.count(of: "files")) == before)
        }
    }

    @Test func `many unchanged runs cost few requests`() async throws {
        let requests = Interrupter()
        try await pair(requests) { laptop, server, url in
            let tracking = laptop.services.tracking
            let home = try await tracking.ensureExperiment(named: "many")
            for index in 0..<600 {
                _ = try await tracking.createRun(RunDraft(experimentID: home, name: "run \(index)"))
            }
            try await laptop.sync(url)
            let before = requests.count
            let report = try await laptop.sync(url)
            #expect(report[.runs] == .init(unchanged: 600))
            #expect(requests.count - before < 8)
        }
    }

    @Test func `a run that grew is topped up with what is new`() async throws {
        try await pair { laptop, server, url in
            let tracking = laptop.services.tracking
            let run = try await laptop.log("first", points: 20_000, ends: false)
            try await laptop.sync(url)
            #expect(try await server.services.tracking.run(id: run).status == .running)
            try await laptop.add(points: 20_000..<20_300, to: run)
            try await tracking.log(.init(params: [KeyValue("late", "1")], tags: [KeyValue("team", "fraud")]), run: run)
            try await laptop.write("notes/more.txt", "more", to: run)
            try await laptop.write("model/MLmodel", "another", to: run)
            _ = try await tracking.updateRun(id: run, status: .finished, endMs: 9_000)
            let report = try await laptop.sync(url)
            #expect(report[.runs] == .init(grown: 1))
            #expect(report[.points] == .init(added: 300))
            #expect(report[.files] == .init(added: 1, grown: 1, unchanged: 1))
            #expect(try await server.content() == laptop.content())
        }
    }

    @Test func `points of before those that the server has arrive too, and once`() async throws {
        try await pair { laptop, server, url in
            let run = try await laptop.log("first", points: 0)
            try await laptop.add(points: 5_000..<20_000, to: run)
            try await laptop.sync(url)
            try await laptop.add(points: 100..<200, to: run)
            try await laptop.add(points: 20_000..<20_010, to: run)
            let report = try await laptop.sync(url)
            #expect(report[.points] == .init(added: 110))
            #expect(try await server.content() == laptop.content())
        }
    }

    @Test func `what people changed on the server stays while the laptop does not change it`() async throws {
        try await pair { laptop, server, url in
            let run = try await laptop.log("first")
            try await laptop.sync(url)
            try await server.services.tracking.log(.init(tags: [KeyValue("team", "fraud")]), run: run)
            #expect(try await laptop.sync(url)[.runs] == .init(unchanged: 1))
            #expect(try await server.services.tracking.run(id: run).tag("team") == "fraud")
            try await laptop.services.tracking.log(.init(tags: [KeyValue("team", "sales")]), run: run)
            try await laptop.sync(url)
            try await laptop.services.tracking.log(.init(tags: [KeyValue("team", "risk")]), run: run)
            #expect(try await laptop.sync(url)[.runs] == .init(grown: 1))
            #expect(try await server.services.tracking.run(id: run).tag("team") == "risk")
        }
    }

    @Test func `a run with another param value is reported and left alone, and the rest goes on`() async throws {
        try await pair { laptop, server, url in
            let run = try await laptop.log("first")
            try await laptop.sync(url)
            try await server.services.tracking.log(.init(params: [KeyValue("late", "there")]), run: run)
            try await laptop.services.tracking.log(.init(params: [KeyValue("late", "here")]), run: run)
            try await laptop.add(points: 100..<200, to: run)
            try await laptop.log("second")
            let before = try await server.services.tracking.historyStates(run: run, keys: ["loss"])
            let report = try await laptop.sync(url)
            #expect(report[.runs] == .init(added: 1, skipped: 1))
            #expect(report.conflicts.map(\.what) == ["run \(run) (first)"])
            #expect(report.conflicts.first?.why.contains("`late` is `there` here and `here` there") == true)
            #expect(try await server.services.tracking.historyStates(run: run, keys: ["loss"]) == before)
        }
    }

    @Test func `a deletion is carried over, a restoration is not, and what was deleted before is not sent`()
        async throws
    {
        try await pair { laptop, server, url in
            let tracking = laptop.services.tracking
            let run = try await laptop.log("first")
            let never = try await laptop.log("never")
            try await tracking.setRun(id: never, stage: .deleted)
            try await laptop.sync(url)
            await #expect(throws: TrackingError.self) { try await server.services.tracking.run(id: never) }
            try await tracking.setRun(id: run, stage: .deleted)
            #expect(try await laptop.sync(url)[.runs] == .init(grown: 1))
            #expect(try await server.services.tracking.run(id: run).stage == .deleted)
            try await server.services.tracking.setRun(id: run, stage: .active)
            try await laptop.sync(url)
            #expect(try await server.services.tracking.run(id: run).stage == .active)
            try await server.services.tracking.setRun(id: run, stage: .deleted)
            try await tracking.setRun(id: run, stage: .active)
            try await laptop.sync(url)
            #expect(try await server.services.tracking.run(id: run).stage == .deleted)
        }
    }

    @Test func `a dry run says what would be sent, and writes nothing`() async throws {
        try await pair { laptop, server, url in
            let run = try await laptop.log("first")
            try await laptop.register(run, as: "churn")
            let before = try await server.content()
            var options = Syncer.Options()
            options.isDryRun = true
            let dry = try await laptop.sync(url, options)
            #expect(try await server.content() == before)
            let real = try await laptop.sync(url)
            for kind in TransferCounts.Kind.allCases where kind != .experiments {
                #expect(dry[kind] == real[kind], "\(kind)")
            }
            try await laptop.add(points: 40..<50, to: run)
            let again = try await laptop.sync(url, options)
            #expect(again[.runs] == .init(grown: 1))
            #expect(again[.points] == .init(added: 10))
        }
    }

    @Test func `one run, or one experiment, comes alone`() async throws {
        try await pair { laptop, server, url in
            let first = try await laptop.log("first")
            let second = try await laptop.log("second")
            let third = try await laptop.log("third", experiment: "other")
            try await laptop.register(first, as: "churn")
            try await laptop.register(third, as: "churn")
            var options = Syncer.Options()
            options.run = first
            let one = try await laptop.sync(url, options)
            #expect(one[.runs] == .init(added: 1))
            #expect(one[.versions] == .init(added: 1))
            options = Syncer.Options()
            options.experiment = "churn"
            let rest = try await laptop.sync(url, options)
            #expect(rest[.runs] == .init(added: 1, unchanged: 1))
            #expect(try await server.services.tracking.run(id: second).name == "second")
            try await laptop.sync(url)
            #expect(try await server.content() == laptop.content())
        }
    }

    @Test func `the champion stays where it is, and another alias follows who moved it last`() async throws {
        try await pair { laptop, server, url in
            let (here, there) = (laptop.services.registry, server.services.registry)
            for name in ["first", "second", "third"] {
                try await laptop.register(try await laptop.log(name), as: "churn")
            }
            try await here.setAlias(model: "churn", alias: "champion", version: 1)
            try await here.setAlias(model: "churn", alias: "candidate", version: 1)
            try await laptop.sync(url)
            #expect(try await there.version(model: "churn", alias: "champion") == nil)
            #expect(try await there.version(model: "churn", alias: "candidate")?.version == 1)
            try await here.setAlias(model: "churn", alias: "candidate", version: 2)
            #expect(try await laptop.sync(url)[.aliases] == .init(grown: 1))
            #expect(try await there.version(model: "churn", alias: "candidate")?.version == 2)
            try await there.setAlias(model: "churn", alias: "candidate", version: 1)
            try await here.setAlias(model: "churn", alias: "candidate", version: 3)
            let report = try await laptop.sync(url)
            #expect(report[.aliases] == .init(skipped: 1))
            #expect(try await there.version(model: "churn", alias: "candidate")?.version == 1)
        }
    }

    @Test func `two laptops at the same time give what one after the other gives`() async throws {
        try await TestProject.with { ada in
            try await TestProject.with { bob in
                for project in [ada, bob] {
                    for index in 0..<6 { try await project.log("run \(index)", points: 1_500) }
                }
                try await ada.register(try await ada.log("a"), as: "a")
                try await bob.register(try await bob.log("b"), as: "b")
                try await TestProject.with { one in
                    try await one.listening { url in
                        try await ada.sync(url)
                        try await bob.sync(url)
                    }
                    try await TestProject.with { both in
                        try await both.listening { url in
                            async let first = ada.sync(url)
                            async let second = bob.sync(url)
                            let conflicts = try await [first.conflicts, second.conflicts]
                            #expect(conflicts == [[], []])
                        }
                        #expect(try await both.content() == one.content())
                    }
                }
            }
        }
    }
}
