// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

@Suite(.timeLimit(.minutes(5)))
struct PageTests {
    @Test(
        arguments: [
            [], ["metrics.m"], ["metrics.m DESC"], ["params.p", "start_time DESC"], ["end_time DESC", "metrics.m"],
            ["run_name"], ["user_id", "run_id DESC"],
        ]
    )
    func `pages in any order give each run once`(order: [String]) async throws {
        try await TestTracking.run { test in
            for index in 0..<23 {
                let id = try await test.begin(name: "run \(index % 7)", startMs: Int64(index % 3))
                let values: [Double?] = [.nan, nil, 1, 2, .infinity]
                let metrics = values[index % 5].map { [Metric(key: "m", value: $0, timestampMs: 1)] } ?? []
                let params = index % 4 == 0 ? [] : [KeyValue("p", "\(index % 4)")]
                try await test.tracking.log(.init(metrics: metrics, params: params), run: id)
                if index % 2 == 0 { _ = try await test.tracking.updateRun(id: id, endMs: Int64(index % 6)) }
            }
            let whole = try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"], orderBy: order))
            #expect(whole.next == nil)
            var paged: [String] = []
            var search = RunSearch(experimentIDs: ["0"], orderBy: order, limit: 4)
            repeat {
                let page = try await test.tracking.searchRuns(search)
                paged += page.map(\.id)
                search.after = page.next
            } while search.after != nil
            #expect(paged == whole.map(\.id))
        }
    }

    @Test func `runs that begin or go meanwhile neither repeat nor hide others`() async throws {
        try await TestTracking.run { test in
            var ids: [String] = []
            for start in 0..<12 { ids.append(try await test.begin(startMs: Int64(start))) }
            var search = RunSearch(experimentIDs: ["0"], limit: 3)
            let first = try await test.tracking.searchRuns(search)
            #expect(first.map(\.id) == ids[9...].reversed())
            for start in 100..<110 { _ = try await test.begin(startMs: Int64(start)) }
            // Also the run that the page ended at may go.
            try await test.tracking.setRun(id: ids[9], stage: .deleted)
            search.after = first.next
            #expect(try await test.tracking.searchRuns(search).map(\.id) == ids[6..<9].reversed())
        }
    }

    @Test func `the last page has no token, also if it is full`() async throws {
        try await TestTracking.run { test in
            for _ in 0..<4 { _ = try await test.begin() }
            let page = try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"], limit: 4))
            #expect(page.count == 4)
            #expect(page.next == nil)
        }
    }

    @Test func `a token of another order is refused`() async throws {
        try await TestTracking.run { test in
            for _ in 0..<3 { _ = try await test.begin() }
            let page = try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"], limit: 1))
            let token = try #require(page.next)
            let search = RunSearch(experimentIDs: ["0"], orderBy: ["metrics.m"], after: token)
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.searchRuns(search) }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `each run of a page has its own params, tags, metrics, inputs and models`() async throws {
        try await TestTracking.run { test in
            let model = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0")).id
            for index in 0..<40 {
                let id = try await test.begin(name: "\(index)")
                let metric = Metric(key: "m", value: Double(index), timestampMs: 1, step: Int64(index))
                let batch = TrackingService.Batch(
                    metrics: [metric],
                    params: [KeyValue("p", "\(index)")],
                    tags: [KeyValue("t", "\(index)")]
                )
                try await test.tracking.log(batch, run: id)
                let data = DatasetInput(name: "\(index)", digest: "d", sourceType: "local", source: "s")
                try await test.tracking.logInputs(index % 3 == 0 ? [data] : [], run: id)
                if index % 5 == 0 { try await test.tracking.logOutputs([(model, Int64(index))], run: id) }
            }
            let runs = try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"]))
            #expect(runs.count == 40)
            for run in runs {
                let index = try #require(Int(run.name))
                #expect(run.param("p") == run.name)
                #expect(run.tag("t") == run.name)
                #expect(run.metrics.map(\.step) == [Int64(index)])
                #expect(run.inputs.map(\.name) == (index % 3 == 0 ? [run.name] : []))
                #expect(run.modelOutputs.map(\.step) == (index % 5 == 0 ? [Int64(index)] : []))
            }
        }
    }

    @Test func `several experiments are one list`() async throws {
        try await TestTracking.run { test in
            let other = try await test.tracking.createExperiment(name: "other")
            let third = try await test.tracking.createExperiment(name: "third")
            var ids: [String] = []
            for start in 0..<6 {
                ids.append(try await test.begin(in: [other, "0", third][start % 3], startMs: Int64(start)))
            }
            var search = RunSearch(experimentIDs: ["0", other], limit: 3)
            let first = try await test.tracking.searchRuns(search)
            search.after = first.next
            let second = try await test.tracking.searchRuns(search)
            #expect((first.map(\.id) + second.map(\.id)) == [ids[4], ids[3], ids[1], ids[0]])
            #expect(try await test.tracking.searchRuns(RunSearch()).map(\.id) == ids.reversed())
            #expect(try await test.tracking.searchRuns(RunSearch(experimentIDs: [])).isEmpty)
            #expect(try await test.tracking.searchRuns(RunSearch(experimentIDs: ["99"])).isEmpty)
            await #expect(throws: TrackingError.self) {
                try await test.tracking.searchRuns(RunSearch(experimentIDs: ["abc"]))
            }
        }
    }

    @Test func `experiments and models come in pages too`() async throws {
        try await TestTracking.run { test in
            for index in 0..<5 {
                _ = try await test.tracking.createExperiment(name: "e\(index)")
                _ = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0", name: "m\(index)"))
            }
            var names: [String] = []
            var token: PageToken?
            repeat {
                let page = try await test.tracking.searchExperiments(after: token, limit: 2)
                names += page.map(\.name)
                token = page.next
            } while token != nil
            #expect(names == ["e4", "e3", "e2", "e1", "e0", "Default"])
            var models: [String] = []
            repeat {
                let page = try await test.tracking.searchModels(experimentIDs: ["0"], after: token, limit: 2)
                models += page.map(\.name)
                token = page.next
            } while token != nil
            #expect(models == ["m4", "m3", "m2", "m1", "m0"])
        }
    }
}
