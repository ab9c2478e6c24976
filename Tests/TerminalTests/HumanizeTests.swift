// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

struct HumanizeTests {
    @Test(
        arguments: [
            (0, "0 B"), (812, "812 B"), (1_023, "1023 B"), (1_024, "1.00 KiB"), (1_536, "1.50 KiB"),
            (10_240, "10.0 KiB"), (12_897_484, "12.3 MiB"), (1_048_575, "1.00 MiB"), (1_048_576, "1.00 MiB"),
            (1_073_741_823, "1.00 GiB"), (1 << 40, "1.00 TiB"), (1 << 50, "1.00 PiB"), (.max, "8.00 EiB"),
            (10_235, "10.0 KiB"), (-5, "-5 B"),
        ] as [(Int64, String)]
    )
    func `a size is in the unit that fits`(count: Int64, text: String) {
        #expect(Humanize.bytes(count) == text)
    }

    @Test(
        arguments: [
            (.zero, "0 µs"), (.microseconds(830), "830 µs"), (.nanoseconds(999_499), "999 µs"),
            (.nanoseconds(999_600), "1 ms"), (.milliseconds(12), "12 ms"), (.microseconds(999_600), "1.0 s"),
            (.milliseconds(3_400), "3.4 s"), (.milliseconds(59_949), "59.9 s"), (.milliseconds(59_960), "1 min 0 s"),
            (.seconds(125), "2 min 5 s"), (.milliseconds(3_599_600), "1 h 0 min"), (.seconds(11_040), "3 h 4 min"),
            (.seconds(100 * 3_600), "100 h 0 min"), (.seconds(-5), "-5.0 s"),
        ] as [(Duration, String)]
    )
    func `a duration is in the unit that fits`(duration: Duration, text: String) {
        #expect(Humanize.duration(duration) == text)
    }

    @Test func `the longest duration is told too`() {
        #expect(Humanize.duration(.seconds(Int64.max)).hasSuffix(" min"))
    }

    @Test(
        arguments: [
            (0, "just now"), (4_999, "just now"), (5_000, "5 s ago"), (59_999, "59 s ago"), (180_000, "3 min ago"),
            (7_200_000, "2 h ago"), (86_400_000 * 5, "5 d ago"), (-60_000, "just now"),
        ] as [(Int64, String)]
    )
    func `an age is in the unit that fits`(age: Int64, text: String) {
        let now: Int64 = 1_795_000_000_000
        #expect(Humanize.ago(now - age, nowMs: now) == text)
    }

    @Test(arguments: [(Int64.min, "d ago"), (.max, "just now")])
    func `no moment is too far`(moment: Int64, ending: String) {
        #expect(Humanize.ago(moment, nowMs: 1_795_000_000_000).hasSuffix(ending))
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (3, "3"), (0.123456, "0.1235"), (-0.5, "-0.5000"), (1_234.56, "1234.6"),
            (0.00001, "1e-05"), (1e20, "1e+20"), (.nan, "NaN"), (.infinity, "∞"), (-.infinity, "-∞"),
            (999_999_999_999_999.5, "999999999999999.5"),
        ] as [(Double, String)]
    )
    func `a number has the digits that count`(value: Double, text: String) {
        #expect(Humanize.number(value) == text)
    }

    @Test(
        arguments: [
            (0.5, 4, "0.5000"), (0.99995, 4, "1.0000"), (-0.00001, 4, "0.0000"), (-1.25, 1, "-1.3"), (2.5, 0, "3"),
            (0.05, 1, "0.1"), (999_000_000_000_000, 4, "999000000000000.0"), (1e300, 2, "1e+300"), (.nan, 2, "nan"),
        ] as [(Double, Int, String)]
    )
    func `a fixed number of digits, for numbers of any size`(value: Double, digits: Int, text: String) {
        #expect(Humanize.fixed(value, digits) == text)
    }
}
