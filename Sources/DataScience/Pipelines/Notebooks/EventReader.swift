// SPDX-License-Identifier: Apache-2.0

import JSONText
import Synchronization
import SystemPackage

/// Reads what the driver of notebooks says: one JSON object a line.
final class EventReader: Sendable {
    private struct State {
        var line: [UInt8] = []
        var ending: NotebookRunner.Ending?
        var refusal: (code: String, why: String)?
    }

    private let state = Mutex(State())
    private let note: @Sendable (NotebookRunner.Event) -> Void

    init(note: @escaping @Sendable (NotebookRunner.Event) -> Void) { self.note = note }

    func take(_ bytes: UnsafeRawBufferPointer) {
        let events = state.withLock { state in
            var events: [NotebookRunner.Event] = []
            for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
                if piece.offset > 0 {
                    if let event = Self.event(state.line, &state) { events.append(event) }
                    state.line.removeAll(keepingCapacity: true)
                }
                state.line.append(contentsOf: piece.element)
            }
            return events
        }
        events.forEach(note)
    }

    /// How the notebook ended.
    ///
    /// - Throws: ``NotebookError`` if it did not begin.
    func ending(of request: NotebookRunner.Request, python: FilePath, words: String) throws -> NotebookRunner.Ending {
        let (ending, refusal) = state.withLock { ($0.ending, $0.refusal) }
        if let ending { return ending }
        let what = "cannot execute `\(request.notebook)`"
        guard let refusal else {
            let last = words.split(separator: "\n").last.map(String.init)
            throw NotebookError(.failed, what: what, why: last ?? "the program that drives the kernel ended early")
        }
        switch refusal.code {
        case "packages":
            throw NotebookError(
                .missingRuntime,
                what: what,
                why: "\(refusal.why) in `\(python)`",
                next: "run `\(python) -m pip install nbclient ipykernel`"
            )
        case "kernel":
            throw NotebookError(
                .missingKernel,
                what: what,
                why: refusal.why,
                next: "name one by `--kernel`, or install it into `\(python)`"
            )
        default: throw NotebookError(.invalidNotebook, what: what, why: refusal.why)
        }
    }

    private static func event(_ line: [UInt8], _ state: inout State) -> NotebookRunner.Event? {
        // The driver writes nothing but JSON; a line that is cut by its death says nothing.
        guard let document = try? JSONDocument(line) else { return nil }
        let root = document.root
        switch root["event"]?.string {
        case "cell":
            return .cell(Int(root["number"]?.int64 ?? 0), of: Int(root["count"]?.int64 ?? 0))
        case "text": return root["text"]?.string.map { .text($0) }
        case "note": return root["text"]?.string.map { .note($0) }
        case "done": state.ending = .done(cells: Int(root["cells"]?.int64 ?? 0))
        case "failed":
            state.ending = .failed(
                NotebookRunner.Failure(
                    number: Int(root["number"]?.int64 ?? 0),
                    source: root["source"]?.string ?? "",
                    name: root["name"]?.string ?? "error",
                    value: root["value"]?.string ?? "",
                    trace: root["trace"].map { $0.elements.compactMap(\.string) } ?? []
                )
            )
        case "refused": state.refusal = (root["code"]?.string ?? "", root["why"]?.string ?? "")
        default: break
        }
        return nil
    }
}
