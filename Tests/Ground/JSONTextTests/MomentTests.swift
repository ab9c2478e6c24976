// SPDX-License-Identifier: Apache-2.0

import JSONText
import Testing

struct MomentTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (1_709_164_800_123, "2024-02-29T00:00:00.123Z"),
            (1_795_558_203_007, "2026-11-24T22:10:03.007Z"), (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func `a moment is written as ISO 8601 in UTC`(ms: Int64, text: String) {
        #expect(Moment(ms: ms).iso == text)
        #expect(Moment(ms: ms).text == text.prefix(19).replacing("T", with: " ") + " UTC")
        #expect(Moment(ms: ms).clock == text.dropFirst(11).prefix(8))
    }

    @Test(arguments: [Int64.min, .max])
    func `no moment is too far`(ms: Int64) {
        #expect(Moment(ms: ms).iso.hasSuffix("Z"))
    }
}
