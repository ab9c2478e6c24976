// SPDX-License-Identifier: Apache-2.0

import JSONText
import Registry
import Terminal
import Tracking

/// Registered models, one a line.
struct ModelList {
    private let models: [RegisteredModel]

    init(_ models: [RegisteredModel]) { self.models = models }

    func table(nowMs: Int64) -> Table {
        var table = Table(columns: [
            .init("model", .left, .cut(downTo: 12)), .init("newest", .right, .never),
            .init("aliases", .left, .cut(downTo: 10)),
            .init("changed", .left, .never), .init("description", .left, .cut(downTo: 8), limit: 80),
        ])
        for model in models {
            table.add([
                .init(model.name, .name), .init(model.newestVersion.map(String.init) ?? "–"),
                .init(model.aliases.map { "\($0.alias) \($0.version)" }.joined(separator: ", ")),
                .init(Humanize.ago(model.updatedMs, nowMs: nowMs)), .init(model.description),
            ])
        }
        return table
    }

    /// One list.
    var json: String {
        var writer = JSONWriter()
        writer.array { writer in
            for model in models { writer.object { model.writeFields(into: &$0) } }
        }
        return writer.text
    }

    /// One object per line.
    var jsonLines: String {
        var writer = JSONWriter()
        for model in models {
            writer.object { model.writeFields(into: &$0) }
            writer.newline()
        }
        return writer.text
    }
}

extension RegisteredModel {
    /// The number of the newest version; nil if there is none.
    var newestVersion: Int? { latest.map(\.version).max() }

    /// Writes what every list of models says of a model, as members of an object.
    func writeFields(into writer: inout JSONWriter) {
        writer.field("name", name)
        writer.field("description", description)
        writer.field("newest_version", newestVersion.map(Int64.init))
        writer.key("aliases")
        writer.object { writer in for alias in aliases { writer.field(alias.alias, alias.version) } }
        writer.key("tags")
        writer.object { writer in for tag in tags { writer.field(tag.key, tag.value) } }
        writer.field("created", Moment(ms: createdMs).iso)
        writer.field("updated", Moment(ms: updatedMs).iso)
    }
}

/// Versions of one registered model, with what the gate said of each.
struct VersionList {
    /// The versions, each with its newest verdict.
    let versions: [(version: ModelVersion, verdict: RecordedVerdict?)]

    /// Reads the verdicts.
    init(_ versions: [ModelVersion], _ registry: RegistryService) async throws {
        var result: [(ModelVersion, RecordedVerdict?)] = []
        for version in versions {
            result.append((version, try await registry.verdicts(model: version.name, version: version.version).first))
        }
        self.versions = result
    }

    func table(nowMs: Int64) -> Table {
        var table = Table(columns: [
            .init("version", .right, .never), .init("aliases", .left, .cut(downTo: 8)), .init("stage", .left, .never),
            .init("run", .left, .shorten(to: 12)), .init("created", .left, .never), .init("gate", .left, .never),
            .init("description", .left, .cut(downTo: 8), limit: 80),
        ])
        for (version, verdict) in versions {
            table.add([
                .init(String(version.version)), .init(version.aliases.joined(separator: ", "), .name),
                .init(version.stage.rawValue), .init(version.runID ?? "–"),
                .init(Humanize.ago(version.createdMs, nowMs: nowMs)), Self.cell(verdict), .init(version.description),
            ])
        }
        return table
    }

    private static func cell(_ verdict: RecordedVerdict?) -> Table.Cell {
        guard let verdict else { return .init("not judged", .quiet) }
        return verdict.passed ? .init("passed", .good) : .init("refused", .bad)
    }

    /// Writes the versions as a list.
    func write(into writer: inout JSONWriter) {
        writer.array { writer in
            for (version, verdict) in versions {
                writer.object { writer in
                    version.writeFields(into: &writer)
                    writer.key("verdict")
                    guard let verdict else { return writer.null() }
                    writer.object { writer in
                        writer.field("passed", verdict.passed)
                        writer.field("digest", verdict.digest)
                        writer.field("judged", Moment(ms: verdict.createdMs).iso)
                        writer.key("report")
                        writer.raw(verdict.report)
                    }
                }
            }
        }
    }
}

extension ModelVersion {
    /// Writes what every list of versions says of a version, as members of an object.
    func writeFields(into writer: inout JSONWriter) {
        writer.field("name", name)
        writer.field("version", version)
        writer.key("aliases")
        writer.array { writer in for alias in aliases { writer.string(alias) } }
        writer.field("stage", stage.rawValue)
        writer.field("description", description)
        writer.field("run_id", runID)
        writer.field("model_id", modelID)
        writer.field("source", source)
        writer.key("tags")
        writer.object { writer in for tag in tags { writer.field(tag.key, tag.value) } }
        writer.field("created", Moment(ms: createdMs).iso)
        writer.field("updated", Moment(ms: updatedMs).iso)
    }
}
