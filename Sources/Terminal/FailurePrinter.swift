// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import JSONText

/// Prints failures in the form that people and programs act on.
package struct FailurePrinter: Sendable {
    private let output: Output

    /// A printer; with `json` it writes one JSON object.
    package init(json: Bool, color: ColorChoice = .auto) { self.init(Output(json: json, color: color)) }

    /// A printer to the messages of an output.
    package init(_ output: Output) { self.output = output }

    /// Prints what failed, why, and what to do now, to stderr.
    package func print(_ failure: any Explained) {
        output.message(output.json ? Self.json(failure) : text(failure))
    }

    private func text(_ failure: any Explained) -> String {
        func plain(_ text: String) -> String { TextWidth.harmless(text, keepsLines: true) }
        var text = output.paint("error: ", .bad, on: .error) + plain(failure.what) + "\n"
        text += "  why: " + plain(failure.why) + "\n"
        if let next = failure.next { text += "  next: " + output.paint(plain(next), .name, on: .error) + "\n" }
        return text
    }

    /// One line: `{"error":{"code":…,"what":…,"why":…,"next":…}}`.
    private static func json(_ failure: any Explained) -> String {
        var writer = JSONWriter(reserving: 256)
        writer.object { writer in
            writer.key("error")
            writer.object { writer in
                writer.field("code", failure.codeName)
                writer.field("what", failure.what)
                writer.field("why", failure.why)
                if let next = failure.next { writer.field("next", next) }
            }
        }
        return writer.text + "\n"
    }
}
