// SPDX-License-Identifier: Apache-2.0

/// Lines on a terminal that are drawn anew in their place.
package struct LivePicture: Sendable {
    private var height = 0

    /// A picture that is not drawn yet.
    package init() {}

    /// What draws the lines over those of the frame before; each must fit the terminal's width, and all its height.
    package mutating func frame(_ lines: [String]) -> String {
        // Each line is cleared behind its new text and not before, so that nothing flickers.
        var text = height > 0 ? "\u{1B}[\(height)A\r" : ""
        for line in lines { text += line + "\u{1B}[K\n" }
        height = lines.count
        return text + "\u{1B}[J"
    }
}
