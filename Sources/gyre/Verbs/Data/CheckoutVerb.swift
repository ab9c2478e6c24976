// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Pipelines
import Terminal

/// `gyre checkout`: puts versioned data into the work tree.
struct CheckoutVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout",
        abstract: "Put the data that the current commit names into the folder.",
        discussion: """
            Example:
              git switch main && gyre checkout
            """
    )

    @Argument(help: ArgumentHelp("Only this data, `.dvc` file or stage; all if none is named.", valueName: "target"))
    var targets: [String] = []

    @Flag(name: [.short, .long], help: "Overwrite content that is in no version.")
    var force = false

    @Flag(name: [.customShort("R"), .long], help: "Take a folder for all data in it.")
    var recursive = false

    @Flag(name: [.customShort("d"), .long], help: "Also the data and stages that the targets are made of.")
    var withDeps = false

    @Flag(help: "Place all files anew, so that they become links or copies as `cache.type` says now.")
    var relink = false

    @Flag(name: .customLong("allow-missing"), help: "Leave out what the cache lacks.")
    var allowMissing = false

    @Flag(help: "Print how many files changed instead of which data.")
    var summary = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let chosen = try await TrackedTargets.find(
            targets,
            of: data,
            from: common.folder,
            recursive: recursive,
            withDeps: withDeps
        ).choices
        var options = CheckoutOptions(force: force, relink: relink, allowsMissing: true)
        let bar = FilesBar(common.output, "restoring")
        options.onProgress = bar.progress
        let removed = targets.isEmpty ? try await data.removeUnnamed(besides: chosen.map(\.output)) : CheckoutReport()
        let report = try await data.checkout(chosen, options).adding(removed)
        bar.finish()
        try print(report, of: data, total: chosen.count)
        if !allowMissing, !report.missing.isEmpty { throw data.missingContent(report.missing) }
    }

    private func print(_ report: CheckoutReport, of data: DataRepository, total: Int) throws {
        func shown(_ change: (path: String, kind: CheckoutReport.Kind, isDirectory: Bool)) -> String {
            common.shown(change.path, of: data) + (change.isDirectory ? "/" : "")
        }
        // Folders before files, as DVC tells them.
        let changes = report.changes.sorted { left, right in
            left.isDirectory != right.isDirectory ? left.isDirectory : shown(left) < shown(right)
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("changed")
            writer.array { writer in for change in report.changes { writer.string(change.path) } }
            for kind in CheckoutReport.Kind.allCases {
                writer.key(kind.rawValue)
                writer.array { writer in
                    for change in changes where change.kind == kind { writer.string(shown(change)) }
                }
            }
            writer.key("missing")
            writer.array { writer in for path in report.missing { writer.string(common.shown(path, of: data)) } }
            writer.key("files")
            writer.object { writer in
                for kind in CheckoutReport.Kind.allCases { writer.field(kind.rawValue, report.files[kind] ?? 0) }
            }
        }
        var lines: [String] = []
        if summary {
            let parts = CheckoutReport.Kind.allCases.compactMap { kind -> String? in
                guard let count = report.files[kind] else { return nil }
                return "\(count) file\(count == 1 ? "" : "s") \(kind.rawValue)"
            }
            lines.append(parts.isEmpty ? "No changes." : parts.joined(separator: " and "))
        } else {
            let tones: [CheckoutReport.Kind: Tone] = [.modified: .warning, .added: .good, .deleted: .bad]
            for kind in CheckoutReport.Kind.allCases {
                for change in changes where change.kind == kind {
                    let letter = kind.rawValue.prefix(1).uppercased()
                    lines.append("\(common.output.paint(letter, tones[kind] ?? .good))       \(shown(change))")
                }
            }
            if lines.isEmpty, report.missing.isEmpty { lines.append("all \(total) data paths are up to date") }
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
