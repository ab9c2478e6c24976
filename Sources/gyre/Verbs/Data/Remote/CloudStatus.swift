// SPDX-License-Identifier: Apache-2.0

import DataRemotes
import DataVersions
import JSONText
import Terminal

/// `gyre status --cloud`: what the cache and a remote do not both have.
struct CloudStatus {
    let common: CommonOptions
    let remote: RemoteOptions

    /// Prints the comparison.
    func print(_ targets: [String], recursive: Bool, _ history: HistoryOptions) async throws {
        try await RemoteSession.with(common, remote) { session in
            var scope = DataScope()
            scope.targets = targets.map { ScopeOptions.target($0, in: session.repository, common) }
            scope.isRecursive = recursive
            try await history.extend(&scope, in: session.repository)
            let outputs = try await session.reader.outputs(scope)
            var lines: [RemoteStatus.Line] = []
            var names: [String] = []
            for (remote, outputs) in try session.byRemote(outputs, where: \.isShared) {
                names.append(remote.name)
                lines += try await RemoteStatus(of: session.cache, with: remote).lines(outputs)
            }
            try answer(lines, names)
        }
    }

    private func answer(_ lines: [RemoteStatus.Line], _ names: [String]) throws {
        var writer = JSONWriter()
        writer.object { writer in
            for line in lines { writer.field(line.name, line.place.rawValue) }
        }
        var text = lines.map { line in
            let word = "\(line.place.rawValue):"
            return "\t\(word)\(String(repeating: " ", count: max(20 - word.count, 1)))\(line.name)"
        }
        if text.isEmpty {
            let remotes = names.map { "'\($0)'" }.joined(separator: ", ")
            text = ["Cache and remote \(remotes) are in sync."]
        }
        try common.answer(json: writer.text, text: text.joined(separator: "\n"))
    }
}
