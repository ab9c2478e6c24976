// SPDX-License-Identifier: Apache-2.0

import Terminal

extension Output {
    /// Prints the answer of a command: the JSON document or the text for people.
    ///
    /// - Throws: ``LostResult`` if the system refuses to take it.
    func answer(json: @autoclosure () -> String, text: @autoclosure () -> String) throws(LostResult) {
        guard result(json: json(), text: text()) else { throw LostResult() }
    }
}
