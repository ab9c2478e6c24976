// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import Pipelines
import Synchronization
import SystemPackage
import Terminal

extension CommonOptions {
    /// The repository of versioned data that holds the folder: that of the nearest `.dvc`.
    func data() throws -> DataRepository {
        var data = try DataRepository.open(at: folder)
        // As long as it takes: whoever asks for it may interrupt.
        if waitForLock { data.patience = .seconds(10 * 365 * 86_400) }
        return data
    }

    /// A path of the project as a person in the folder writes it.
    func shown(_ path: String, of data: DataRepository) -> String {
        RelativePath.text(data.root.appending(path), from: folder)
    }

    /// Prints the answer of a data verb, which says nothing if it is to be quiet.
    func answer(json: @autoclosure () -> String, text: @autoclosure () -> String) throws {
        let text = text()
        // Nothing to say is said by nothing.
        guard !quiet, output.json || !text.isEmpty else { return }
        try output.answer(json: json(), text: text)
    }
}

/// Who names outputs, besides `.dvc` files.
enum OutputSources {
    static func all(of data: DataRepository) -> [any OutputSource] { [StageOutputs(data)] }
}

/// Paths from a folder.
enum RelativePath {
    static func text(_ path: FilePath, from folder: FilePath) -> String {
        let target = path.lexicallyNormalized().components.map(\.string)
        let base = folder.lexicallyNormalized().components.map(\.string)
        var shared = 0
        while shared < min(target.count, base.count), target[shared].utf8.elementsEqual(base[shared].utf8) {
            shared += 1
        }
        let parts = Array(repeating: "..", count: base.count - shared) + target[shared...]
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}

/// A bar over files that begins once the work takes longer than a moment.
final class FilesBar: Sendable {
    private struct State {
        var start: ContinuousClock.Instant?
        var bar: ProgressBar?
        var shown = 0
    }

    private let output: Output
    private let title: String
    private let state = Mutex(State())

    init(_ output: Output, _ title: String) {
        self.output = output
        self.title = title
    }

    /// What the work calls.
    var progress: DataProgress {
        { done, total in
            self.state.withLock { state in
                if done == 0 {
                    state.bar?.finish()
                    state = State(start: .now)
                    return
                }
                if state.bar == nil, done < total, let start = state.start, .now - start > .milliseconds(500) {
                    state.bar = self.output.bar("\(self.title) files", total: total)
                }
                guard let bar = state.bar, done > state.shown else { return }
                bar.advance(by: done - state.shown)
                state.shown = done
            }
        }
    }

    func finish() { state.withLock { $0.bar }?.finish() }
}
