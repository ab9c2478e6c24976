// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Metrics
import Telemetry
import Testing

struct MetricsRegistryTests {
    private let registry = MetricsRegistry()

    private func scraped() throws -> StrictOpenMetrics { try StrictOpenMetrics(registry.openMetricsText()) }

    @Test func `nothing is an empty text with its end`() {
        #expect(registry.openMetricsText() == "# EOF\n")
    }

    @Test func `a counter, a gauge and a timer are what OpenMetrics calls them`() throws {
        let counter = Counter(
            label: "gyre.http.requests",
            dimensions: [("route", "/a"), ("method", "GET")],
            factory: registry
        )
        counter.increment(by: 3)
        counter.increment()
        Gauge(label: "gyre.waiting", factory: registry).record(2.5)
        Metrics.Timer(label: "gyre.http.request", factory: registry).recordNanoseconds(30_000_000)
        let text = registry.openMetricsText()
        #expect(text.hasPrefix("# TYPE gyre_http_request_seconds histogram\n"))
        let metrics = try StrictOpenMetrics(text)
        #expect(
            metrics.types == [
                "gyre_http_request_seconds": "histogram", "gyre_http_requests": "counter", "gyre_waiting": "gauge",
            ]
        )
        #expect(metrics.value("gyre_http_requests_total", ["route": "/a", "method": "GET"]) == 4)
        #expect(metrics.value("gyre_waiting") == 2.5)
        #expect(metrics.value("gyre_http_request_seconds_sum") == 0.03)
        #expect(metrics.value("gyre_http_request_seconds_bucket", ["le": "0.025"]) == 0)
        #expect(metrics.value("gyre_http_request_seconds_bucket", ["le": "0.05"]) == 1)
        #expect(metrics.value("gyre_http_request_seconds_bucket", ["le": "+Inf"]) == 1)
    }

    @Test(arguments: ["gyre_x_total", "gyre_x"])
    func `a counter has one end, whoever wrote it`(label: String) throws {
        Counter(label: label, factory: registry).increment()
        #expect(try scraped().value("gyre_x_total") == 1)
        #expect(try scraped().types == ["gyre_x": "counter"])
    }

    @Test(arguments: [
        "plain", "", "\"", "\\", "\n", "\r\n", "a\"b\\c\nd", "\"\u{301}", "\\\u{301}", "\n\u{301}", "ü 漢 😀", "}",
        ",x=\"", "\u{0}",
    ])
    func `any text is a label's value`(value: String) throws {
        Counter(label: "c", dimensions: [("l", value)], factory: registry).increment()
        Metrics.Timer(label: "t", dimensions: [("l", value)], factory: registry).recordNanoseconds(1)
        let labels = try #require(try scraped().samples.first { $0.name == "c_total" }).labels
        #expect(labels.count == 1)
        #expect(labels["l"]?.unicodeScalars.elementsEqual(value.unicodeScalars) == true)
    }

    @Test(arguments: ["", "5xx", "a b", "ä", "a.b-c/d", "{", "\n", "a:b", "e\u{301}", "٣"])
    func `any text is a name`(name: String) throws {
        Counter(label: name, dimensions: [(name, "v"), ("le", "w")], factory: registry).increment()
        Metrics.Timer(label: name, dimensions: [(name, "v"), ("le", "w")], factory: registry).recordNanoseconds(1)
        #expect(try scraped().types.count == 2)
    }

    @Test func `labels that become the same name stay two`() throws {
        Counter(label: "c", dimensions: [("a.b", "1"), ("a-b", "2")], factory: registry).increment()
        let labels = try #require(try scraped().samples.first).labels
        #expect(Set(labels.values) == ["1", "2"])
    }

    @Test func `one name for two kinds stays two families`() throws {
        Counter(label: "x", factory: registry).increment(by: 2)
        Gauge(label: "x", factory: registry).record(5)
        Recorder(label: "x", dimensions: [], aggregate: true, factory: registry).record(1)
        Gauge(label: "x_total", factory: registry).record(7)
        Gauge(label: "y_count", factory: registry).record(8)
        Recorder(label: "y", dimensions: [], aggregate: true, factory: registry).record(1)
        let metrics = try scraped()
        #expect(metrics.types.count == 6)
        #expect(metrics.value("x_total") == 2)
        #expect(metrics.samples.map(\.value).filter { [5, 7, 8].contains($0) }.count == 3)
    }

    @Test func `the same counter made twice is one`() throws {
        for _ in 0..<3 { Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment() }
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(try scraped().value("c_total", ["a": "1", "b": "2"]) == 4)
    }

    @Test(arguments: [
        0, -1.5, 1e-9, 1e21, 9_007_199_254_740_992, .infinity, -.infinity, .nan, 0.1, .leastNonzeroMagnitude,
        .greatestFiniteMagnitude,
    ])
    func `a number is written so that it reads back`(value: Double) throws {
        Gauge(label: "g", factory: registry).record(value)
        let read = try #require(try scraped().value("g"))
        #expect(read == value || (read.isNaN && value.isNaN))
    }

    @Test func `a value that is no number spoils no histogram, and a counter never falls`() throws {
        let recorder = Recorder(label: "h", dimensions: [], aggregate: true, factory: registry)
        recorder.record(Double.nan)
        recorder.record(2.0)
        #expect(try scraped().value("h_sum") == 2)
        #expect(try scraped().value("h_count") == 1)
        let counter = FloatingPointCounter(label: "f", factory: registry)
        counter.increment(by: 1.5)
        counter.increment(by: -4)
        #expect(try scraped().value("f_total") == 1)
    }

    @Test func `a value on a bound is below it and a large one is counted at the end`() throws {
        let recorder = Recorder(label: "h", dimensions: [], aggregate: true, factory: registry)
        for value in [0.0001, 1.0, 2.5, 50, 51, 1e9] { recorder.record(value) }
        let metrics = try scraped()
        #expect(metrics.value("h_bucket", ["le": "0.0001"]) == 1)
        #expect(metrics.value("h_bucket", ["le": "1.0"]) == 2)
        #expect(metrics.value("h_bucket", ["le": "50.0"]) == 4)
        #expect(metrics.value("h_bucket", ["le": "+Inf"]) == 6)
    }

    @Test(.timeLimit(.minutes(5)))
    func `counting while others read loses nothing`() async throws {
        let registry = registry
        try await withThrowingTaskGroup { group in
            for task in 0..<4 {
                group.addTask {
                    for number in 0..<2_000 {
                        Counter(label: "c", dimensions: [("t", "\(task % 2)")], factory: registry).increment()
                        if number % 500 == 0 { _ = try StrictOpenMetrics(registry.openMetricsText()) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try scraped().samples.map(\.value) == [4_000, 4_000])
    }
}
