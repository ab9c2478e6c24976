// SPDX-License-Identifier: Apache-2.0

import Database
import Testing
import Tracking

/// Filters and the runs that they find.
struct SearchFilterTests {
    @Test(
        arguments: [
            ("", "ada bob cyd dee"), ("   ", "ada bob cyd dee"),
            // Numbers.
            ("metrics.recall > 0.5", "ada cyd"), ("metrics.recall>=0.5", "ada bob cyd"), ("metric.recall = 0.9", "ada"),
            ("metrics.recall != 0.9", "bob cyd"), ("metrics.recall < 1e300", "ada bob"), ("metrics.recall <= -1", ""),
            ("metrics.`val loss` = 1", "ada"), ("metrics.\"val loss\" = 1.0", "ada"), ("metrics.'val loss' = 1", "ada"),
            ("`metrics`.recall > 0.8", "ada cyd"), ("start_time > 20", "cyd dee"),
            ("attributes.start_time <= 20", "ada bob"), ("end_time = 50", "ada"), ("created = 10", "ada"),
            // What is no number differs from all and compares with none.
            ("metrics.n = 0", "bob"), ("metrics.n != 5", "ada bob"), ("metrics.n <= 0", "bob"),
            // Texts.
            ("params.C = '1'", "ada"), ("params.C = \"10\"", "bob"), ("parameters.C != '1'", "bob"),
            ("params.C = '1.0'", ""), ("tags.team = 'risk'", "ada"), ("tag.team != 'risk'", "bob cyd"),
            ("tags.git.commit = 'abc'", "ada"), ("tags.`git.commit` = 'abc'", "ada"),
            ("tags.team = 'it''s 5%'", "cyd"), ("tags.team = \"it's 5%\"", "cyd"),
            ("status = 'FINISHED'", "ada"), ("attributes.status != 'FINISHED'", "bob cyd dee"),
            ("run_name = 'bob'", "bob"), ("`Run name` = 'bob'", "bob"), ("user_id = 'u1'", "ada"),
            ("artifact_uri LIKE 'mlflow-artifacts:%'", "ada bob cyd dee"),
            // Patterns.
            ("params.kind LIKE 'Lin%'", "ada"), ("params.kind LIKE 'lin%'", "bob"),
            ("params.kind ILIKE 'LIN%'", "ada bob"),
            ("params.kind like '_inear'", "ada"), ("params.kind NOT LIKE 'lin%'", "ada"), ("tags.team LIKE '*'", ""),
            ("tags.team LIKE '[r]isk'", ""), ("tags.team LIKE '%5%'", "cyd"), ("run_name LIKE '%'", "ada bob cyd dee"),
            // Lists.
            ("run_name IN ('ada', 'cyd')", "ada cyd"), ("run_name NOT IN ('ada', 'cyd')", "bob dee"),
            ("params.C IN ('10','11')", "bob"),
            // Presence.
            ("params.C IS NULL", "cyd dee"), ("params.C IS NOT NULL", "ada bob"), ("metrics.recall IS NULL", "dee"),
            ("end_time IS NULL", "bob cyd dee"), ("end_time is not null", "ada"), ("run_name IS NULL", ""),
            // Data.
            ("datasets.name = 'train'", "ada bob"), ("dataset.digest = 'd3'", "bob"),
            ("datasets.context = 'training'", "ada"), ("datasets.name LIKE 't%'", "ada bob"),
            ("datasets.digest IN ('d2', 'd9')", "ada"),
            // Joined.
            ("metrics.recall > 0.4 AND params.C = '10'", "bob"),
            ("metrics.recall > 0.4 and params.C IS NOT NULL And status = 'FINISHED'", "ada"),
            ("params.C = '1' OR params.C = '10'", "ada bob"), ("NOT params.C = '1'", "bob cyd dee"),
            ("(params.C = '1' OR params.C = '10') AND metrics.recall < 0.9", "bob"),
            ("params.C = '1' OR params.C = '10' AND metrics.recall > 0.9", "ada"),
            ("NOT (params.C = '1' OR params.C = '10')", "cyd dee"), ("((((run_name = 'dee'))))", "dee"),
            ("NOT NOT run_name = 'dee'", "dee"),
        ]
    )
    func `a filter finds its runs`(filter: String, expected: String) async throws {
        try await TestTracking.withFiveRuns { test in
            let names = try await test.names(filter)
            #expect(names.joined(separator: " ") == expected)
        }
    }

    @Test(
        arguments: [
            ("metrics.m > 1 AND", "metrics.m > 1"), ("AND metrics.m > 1", "metrics.m > 1"),
            ("AND AND metrics.m > 1 AND AND metrics.m < 3 AND", "metrics.m > 1 AND metrics.m < 3"),
            ("metrics.m > 1 metrics.m < 3", "metrics.m > 1 AND metrics.m < 3"),
            ("params.p IN ('a','b',)", "params.p IN ('a','b')"), ("params.p IN ('a',)", "params.p = 'a'"),
            (
                "(metrics.m > 1 metrics.m < 3) OR AND params.p = 'a'",
                "metrics.m > 1 AND metrics.m < 3 OR params.p = 'a'"
            ),
        ]
    )
    func `what MLflow passes over is passed over`(filter: String, meaning: String) async throws {
        try await TestTracking.withFiveRuns { test in
            let expected = try await test.names(meaning)
            #expect(try await test.names(filter) == expected)
        }
    }

    @Test(
        arguments: [
            ("bogus = 'x'", "`bogus` is not a field"), ("attributes.stauts = 'x'", "did you mean `status`"),
            ("nope.m > 1", "`nope.m` is not a field"), ("METRICS.m > 1", "not a field"),
            ("datasets.colour = 'x'", "not a field"), ("metrics.m", "three parts"), ("metrics.m >", "no value"),
            ("> 1", "three parts"), ("AND", "comparison is missing"), ("metrics.m > 1 OR", "comparison is missing"),
            ("metrics.m > 1 OR AND", "comparison is missing"), ("NOT AND metrics.m > 1", "not a field"),
            ("()", "comparison is missing"), ("metrics.m > 1)", "is too much"), ("metrics.m > 1, m", "is too much"),
            ("(metrics.m > 1", "no end"), ("metrics.m > '1'", "is a number"), ("metrics.m > nan", "is a number"),
            ("metrics.m > inf", "is a number"), ("metrics.m > 0x10", "is a number"), ("metrics.m > 1e", "is a number"),
            ("metrics.m > 1e999", "is a number"), ("start_time > 'x'", "is a number"),
            ("params.p = 1", "without quotes"),
            ("params.p = abc", "without quotes"), ("params.p > '1'", "compares numbers"),
            ("metrics.m LIKE '1'", "compares texts"), ("metrics.m IN (1)", "compares texts"),
            ("metrics.m <> 1", "not a comparison"), ("metrics.m == 1", "not a comparison"),
            ("metrics.m =! 1", "not a comparison"), ("metrics.m BETWEEN 1 AND 2", "not a comparison"),
            ("params.p RLIKE 'x'", "not a comparison"), ("params.p IN 'x'", "in parentheses"),
            ("params.p IN ()", "without quotes"), ("params.p IN ('a' 'b')", "no end"), ("params.p IN ('a',", "no end"),
            ("params.p IN (,)", "without quotes"), ("params.p IN ('a',,)", "without quotes"),
            ("params.p NOT", "behind `NOT`"), ("params.p IS", "behind `IS`"), ("params.p IS 'x'", "behind `IS`"),
            ("tags.a = 'b", "quote has no end"), ("metrics.`m > 1", "quote has no end"),
            ("tags.a = 'b'; DROP TABLE tracking_runs", "not a field"),
        ]
    )
    func `a filter that cannot be read says why`(filter: String, why: String) async throws {
        try await TestTracking.withFiveRuns { test in
            let error = await #expect(throws: TrackingError.self) { try await test.names(filter) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.what.contains("cannot read the filter") == true)
            let words = "\(error?.why ?? "") \(error?.next ?? "")"
            #expect(words.contains(why), "\(words)")
        }
    }

    @Test(
        arguments: [
            "' OR '1'='1", "'; DELETE FROM tracking_runs; --", "x') OR (1=1", "\" OR \"\"=\"", "%' OR run_name LIKE '%",
            "\\' OR 1=1 --", "?", "/*", "--",
        ]
    )
    func `a hostile text stays a text`(text: String) async throws {
        try await TestTracking.withFiveRuns { test in
            let quoted = "'" + text.replacing("'", with: "''") + "'"
            for field in ["tags.team", "params.C", "run_name", "status", "datasets.name"] {
                let found = try await test.names("\(field) = \(quoted) OR \(field) IN (\(quoted))")
                #expect(found.isEmpty)
            }
            let name = text.replacing("`", with: "")
            #expect(try await test.names("tags.`\(name)` = 'risk'").isEmpty)
            #expect(try await test.names(nil).count == 4)
        }
    }

    @Test func `a text with a NUL, which no database keeps, is refused`() async throws {
        try await TestTracking.withFiveRuns { test in
            let error = await #expect(throws: DatabaseError.self) { try await test.names("tags.team = 'a\0b'") }
            #expect(error?.code == .unstorable)
        }
    }

    @Test(arguments: ["run_name'; --", "start_ms", "id", "item.id", "stage", "name) OR (1"])
    func `a hostile field is no field`(field: String) async throws {
        try await TestTracking.withFiveRuns { test in
            await #expect(throws: TrackingError.self) { try await test.names("\(field) = 'x'") }
            let search = RunSearch(experimentIDs: ["0"], orderBy: [field])
            await #expect(throws: TrackingError.self) { try await test.tracking.searchRuns(search) }
        }
    }

    @Test func `a filter is bounded in length, comparisons, lists and depth`() async throws {
        try await TestTracking.withFiveRuns { test in
            let many = Array(repeating: "run_name != 'x'", count: 200).joined(separator: " AND ")
            let all = try await test.names(many)
            #expect(all.count == 4)
            let deep = String(repeating: "NOT ", count: 18) + "run_name = 'x'"
            #expect(try await test.names(deep).isEmpty)
            let list = (0..<1_000).map { "'\($0)'" }.joined(separator: ",")
            #expect(try await test.names("run_name IN (\(list))").isEmpty)
            let tooMuch = [
                many + " AND run_name != 'x'", String(repeating: "(", count: 5_000) + "run_name = 'x'",
                String(repeating: "NOT ", count: 5_000) + "run_name = 'x'", "run_name IN (\(list),'x')",
                "run_name = '" + String(repeating: "x", count: 70_000) + "'",
            ]
            for filter in tooMuch {
                let error = await #expect(throws: TrackingError.self) { try await test.names(filter) }
                #expect(error?.code == .invalidParameter)
            }
        }
    }

    @Test func `experiments and models are found by their own fields`() async throws {
        try await TestTracking.run { test in
            let tracking = test.tracking
            let id = try await tracking.createExperiment(name: "churn", tags: [KeyValue("team", "risk")])
            #expect(try await tracking.searchExperiments(filter: "name LIKE 'ch%'").map(\.id) == [id])
            #expect(try await tracking.searchExperiments(filter: "tags.team = 'risk'").map(\.id) == [id])
            #expect(try await tracking.searchExperiments(filter: "creation_time > 0").map(\.id) == [id])
            let run = try await test.begin(in: id)
            let first = try await tracking.createModel(
                LoggedModelDraft(
                    experimentID: id,
                    name: "one",
                    modelType: "t",
                    sourceRunID: run,
                    params: [KeyValue("C", "1")]
                )
            )
            let second = try await tracking.createModel(LoggedModelDraft(experimentID: id, name: "two"))
            let metrics = [
                Metric(
                    key: "f1",
                    value: 0.9,
                    timestampMs: 1,
                    modelID: first.id,
                    dataset: .init(name: "a", digest: "1")
                ),
                Metric(
                    key: "f1",
                    value: 0.5,
                    timestampMs: 2,
                    modelID: first.id,
                    dataset: .init(name: "b", digest: "2")
                ),
                Metric(
                    key: "f1",
                    value: 0.7,
                    timestampMs: 1,
                    modelID: second.id,
                    dataset: .init(name: "b", digest: "3")
                ),
            ]
            try await tracking.log(.init(metrics: metrics), run: run)
            func models(_ filter: String?, on datasets: [DatasetFilter] = []) async throws -> [String] {
                try await tracking.searchModels(experimentIDs: [id], filter: filter, datasets: datasets).map(\.name)
                    .sorted()
            }
            #expect(try await models("params.C = '1' AND model_type = 't'") == ["one"])
            #expect(try await models("source_run_id = '\(run)'") == ["one"])
            #expect(try await models("metrics.f1 > 0.8") == ["one"])
            #expect(try await models("metrics.f1 > 0.8", on: [DatasetFilter(name: "b")]).isEmpty)
            #expect(try await models(nil, on: [DatasetFilter(name: "b")]) == ["one", "two"])
            #expect(try await models(nil, on: [DatasetFilter(name: "b", digest: "3")]) == ["two"])
        }
    }
}
