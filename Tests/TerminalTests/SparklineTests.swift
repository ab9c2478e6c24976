// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

struct SparklineTests {
    @Test(
        arguments: [
            ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([1, 0], "█▁"), ([5, 5, 5], "▄▄▄"), ([], ""), ([1], ""),
            ([1, .nan, 2], "▁·█"), ([.nan, .infinity], "··"), ([1, .infinity, 2], "▁·█"),
            ([-.greatestFiniteMagnitude, .greatestFiniteMagnitude], "▁█"), ([1e-300, 2e-300], "▁█"),
        ] as [([Double], String)]
    )
    func `each value is a bar between the least and the greatest`(values: [Double], bars: String) {
        #expect(Sparkline.text(values, width: 20) == bars)
    }

    @Test(arguments: [1, 7, 20, 100])
    func `more values than columns are joined`(width: Int) {
        let values = (0..<100).map(Double.init)
        let bars = Sparkline.text(values, width: width)
        #expect(bars.count == width)
        #expect(bars.map { $0 } == bars.sorted(), "what rises still rises")
    }

    @Test(arguments: [0, 1, 255, 512, 513, 100_000])
    func `a course keeps its shape in bounded memory`(count: Int) {
        var course = Course(limit: 256)
        for index in 0..<count { course.add(Double(index)) }
        #expect(course.values.count <= 512)
        #expect(course.values == course.values.sorted())
        if count > 1 { #expect(Sparkline.text(course.values, width: 4) == (count < 4 ? "▁█" : "▁▃▆█")) }
    }

    @Test func `what is no number does not spoil its neighbours`() {
        var course = Course(limit: 1)
        for value in [2, .nan, .infinity, 4, .nan, .nan, .nan, .nan] { course.add(value) }
        #expect(course.values == [3])
    }
}
