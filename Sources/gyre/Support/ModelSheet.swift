// SPDX-License-Identifier: Apache-2.0

import JSONText
import Registry
import Server
import Terminal
import Tracking

/// Everything about one registered model.
struct ModelSheet {
    private let model: RegisteredModel
    private let list: VersionList
    private let nowMs: Int64

    /// Reads the newest versions of a model, and what the gate said of them.
    init(_ model: RegisteredModel, in services: ProjectServices) async throws {
        self.model = model
        let newest = try await services.registry.searchVersions(VersionSearch(model: model.name), limit: 100).items
        list = try await VersionList(newest, services.registry)
        nowMs = services.now()
    }

    func text(_ output: Output) -> String {
        var sheet = Sheet(output)
        sheet.add([
            ("model", model.name), ("description", model.description), ("created", Moment(ms: model.createdMs).text),
            ("changed", "\(Moment(ms: model.updatedMs).text), \(Humanize.ago(model.updatedMs, nowMs: nowMs))"),
            ("aliases", model.aliases.map { "\($0.alias) → \($0.version)" }.joined(separator: ", ")),
            ("versions", list.versions.isEmpty ? "none" : nil),
        ])
        sheet.add("tags", model.tags.map { ($0.key, $0.value) })
        sheet.add("versions", list.table(nowMs: nowMs))
        if let (version, verdict) = judged, let verdict {
            sheet.add("gate of \(version.name)/\(version.version)", requirements(verdict))
        }
        return sheet.text
    }

    /// The champion if it was judged, else the newest version that was.
    private var judged: (version: ModelVersion, verdict: RecordedVerdict?)? {
        let judged = list.versions.filter { $0.verdict != nil }
        return judged.first { $0.version.aliases.contains(RegistryService.champion) } ?? judged.first
    }

    private func requirements(_ verdict: RecordedVerdict) -> Table {
        var table = Table([("requirement", .left), ("measured", .right), ("bound", .right), ("", .left)])
        // A report that another version of Gyre wrote may have another form; the verdict itself is above.
        let lines = (try? JSONDocument(verdict.report))?.root["requirements"]
        for line in lines.map({ Array($0.elements) }) ?? [] {
            let isMet = line["passed"]?.bool == true
            table.add([
                .init(line["requirement"]?.string ?? ""),
                .init(line["measured"]?.double.map { Humanize.fixed($0, 4) } ?? "–"),
                .init(line["bound"]?.double.map { Humanize.fixed($0, 4) } ?? "–"),
                .init(
                    (isMet ? "met" : "not met") + (line["note"]?.string.map { ", \($0)" } ?? ""),
                    isMet ? .good : .bad
                ),
            ])
        }
        return table
    }

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            model.writeFields(into: &writer)
            writer.key("versions")
            list.write(into: &writer)
        }
        return writer.text
    }
}
