// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

struct LivePictureTests {
    @Test func `each frame stands over the one before, and nothing of that one remains`() {
        var picture = LivePicture()
        #expect(picture.frame(["a", "b"]) == "a\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
        #expect(picture.frame(["c"]) == "\u{1B}[2A\rc\u{1B}[K\n\u{1B}[J")
        #expect(picture.frame([]) == "\u{1B}[1A\r\u{1B}[J")
        #expect(picture.frame(["d"]) == "d\u{1B}[K\n\u{1B}[J")
    }
}
