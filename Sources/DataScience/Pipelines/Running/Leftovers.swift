// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// What a reproduction has under way, noted in a file, so that the next one can end what a killed one left behind: commands that
/// still write outputs, and a run that nobody will finish.
final class Leftovers: Sendable {
    private struct State {
        var run: String?
        var processes: [String] = []
    }

    private let file: FilePath
    private let state = Mutex(State())

    /// The notes in a folder for such things.
    init(in folder: FilePath) { file = folder.appending("gyre-repro.state") }

    /// Ends what the last reproduction left; who calls holds the lock that it held.
    func clear(ending endRun: (String) async -> Void) async {
        // Notes that cannot be read are of no use; they are written anew.
        guard FileSystem.exists(file), let text = try? FileReader.text(of: file, limit: 1 << 20) else { return }
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 2, words[0] == "run" { await endRun(words[1]) }
            if words.count == 3, words[0] == "process", let id = Int32(words[1]), Self.start(of: id) == words[2] {
                await Self.end(group: id)
            }
        }
        finish()
    }

    /// Notes the run.
    func note(run: String) { change { $0.run = run } }

    /// Notes the first process of a group.
    func note(process id: Int32) {
        guard let start = Self.start(of: id) else { return }
        change { state in
            state.processes.removeAll { line in
                let words = line.split(separator: " ")
                return words.count == 2 && Int32(words[0]).flatMap(Self.start) != String(words[1])
            }
            state.processes.append("\(id) \(start)")
        }
    }

    /// Nothing is under way any more.
    func finish() {
        state.withLock { $0 = State() }
        // What stays is looked at, and found to be over.
        try? FileSystem.removeTree(file)
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            let lines = (state.run.map { ["run \($0)"] } ?? []) + state.processes.map { "process \($0)" }
            // Without the notes everything works, but for what they are for.
            try? AtomicFile.write(lines.map { $0 + "\n" }.joined(), to: file)
        }
    }

    /// When a process began, in the system's ticks; nil if there is none, or it has ended.
    private static func start(of id: Int32) -> String? {
        // It may end while we look at it.
        guard let text = try? FileReader.text(of: FilePath("/proc/\(id)/stat")),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }

    private static func end(group id: Int32) async {
        let began = start(of: id)
        guard killpg(id, SIGTERM) == 0 else { return }
        for _ in 0..<100 {
            guard start(of: id) == began else { return }
            // Nobody else sees this process end: it is no child of ours.
            guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { break }
        }
        killpg(id, SIGKILL)
    }
}
