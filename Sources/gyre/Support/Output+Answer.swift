// SPDX-License-Identifier: Apache-2.0

import Terminal

extension Output {
    /// Prints the answer of a command: the JSON document or the text for people.
    ///
    /// - Throws: ``LostResult`` if the system refuses to take it.
    func answer(json: @autoclosure () -> String, text: @autoclosure () -> String) throws(LostResult) {
        guard result(json: json(), text: text()) else { throw LostResult() }
    }

    /// Prints a part of an answer that comes in parts.
    ///
    /// - Returns: Whether more is wanted: false once nobody reads.
    /// - Throws: ``LostResult`` if the system refuses to take it.
    func stream(json: @autoclosure () -> String, text: @autoclosure () -> String) throws(LostResult) -> Bool {
        try Self.goesOn(part(json: json(), text: text()))
    }

    /// Draws a picture anew in its place; as ``stream(json:text:)``.
    func show(_ frame: String) throws(LostResult) -> Bool { try Self.goesOn(draw(frame)) }

    private static func goesOn(_ delivery: TextStream.Delivery) throws(LostResult) -> Bool {
        guard delivery != .refused else { throw LostResult() }
        return delivery == .written
    }
}
