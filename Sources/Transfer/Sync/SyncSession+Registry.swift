// SPDX-License-Identifier: Apache-2.0

import JSONText
import Registry
import Tracking

extension SyncSession {
    /// Sends registered models with their versions and aliases; of a part of the project, the versions that come from it.
    ///
    /// - Parameter experiments: The ids of the experiments that are sent.
    /// - Throws: ``TransferError``.
    func sendRegistry(of experiments: Set<String>) async throws {
        var token: PageToken?
        repeat {
            let page = try await registry.searchModels(after: token, limit: 100)
            var items: [SyncItem] = []
            var versions: [[ModelVersion]] = []
            for model in page {
                let all = try await self.versions(of: model.name)
                var chosen: [ModelVersion] = []
                for version in all where try await isChosen(version, experiments) { chosen.append(version) }
                versions.append(chosen)
                items.append(item(model, chosen))
            }
            let lacking = syncer.options.isPart ? Set(page.map(\.name)) : try await lacking(items, .registered)
            for (place, model) in page.enumerated() {
                try Task.checkCancellation()
                if syncer.options.isPart, versions[place].isEmpty { continue }
                guard lacking.contains(model.name) else {
                    notes.note(.registeredModels, .unchanged)
                    notes.note(.versions, .unchanged, Int64(versions[place].count))
                    continue
                }
                try await noting(.registeredModels, "registered model `\(model.name.prefix(100))`") {
                    try await send(model, versions[place], items[place].fingerprint)
                }
            }
            token = page.next
        } while token != nil
    }

    private func versions(of model: String) async throws -> [ModelVersion] {
        var result: [ModelVersion] = []
        var search = VersionSearch(model: model)
        repeat {
            let page = try await registry.searchVersions(search)
            result += page.items
            search.after = page.next
        } while search.after != nil
        return result.sorted { $0.version < $1.version }
    }

    private func isChosen(_ version: ModelVersion, _ experiments: Set<String>) async throws -> Bool {
        guard syncer.options.isPart else { return true }
        do {
            var run = version.runID
            if run == nil, let id = version.modelID { run = try await tracking.model(id: id).sourceRunID }
            guard let run, !run.isEmpty else { return false }
            if let only = syncer.options.run { return run == only }
            return experiments.contains(try await tracking.run(id: run).experimentID)
        } catch let error as TrackingError where error.code == .notFound {
            return false
        }
    }

    /// The aliases that are sent.
    private func aliases(_ model: RegisteredModel, _ versions: [ModelVersion]) -> [(alias: String, version: Int)] {
        let numbers = Set(versions.map(\.version))
        return model.aliases.filter { $0.alias != RegistryService.champion && numbers.contains($0.version) }
    }

    private func item(_ model: RegisteredModel, _ versions: [ModelVersion]) -> SyncItem {
        let fingerprint = Fingerprint("registered") { writer in
            record(model).write(into: &writer)
            for version in versions {
                let (record, place) = record(version)
                record.write(place: place, into: &writer)
            }
            for (alias, version) in aliases(model, versions) { writer.string("\(alias) \(version)") }
        }
        return SyncItem(name: model.name, fingerprint: fingerprint.text)
    }

    private func record(_ model: RegisteredModel) -> RegisteredModelRecord {
        // The time of the last change follows from the versions, and changes with tags that others see first.
        var record = RegisteredModelRecord(name: model.name, createdMs: model.createdMs, updatedMs: model.updatedMs)
        record.description = model.description
        record.tags = model.tags
        return record
    }

    private func record(_ version: ModelVersion) -> (ModelVersionRecord, SyncPlace) {
        var record = ModelVersionRecord(
            model: version.name,
            version: version.version,
            source: version.source,
            createdMs: version.createdMs,
            updatedMs: version.updatedMs
        )
        record.stage = version.stage
        record.runID = version.runID
        record.modelID = version.modelID
        record.description = version.description
        record.runLink = version.runLink
        record.tags = version.tags
        // A logged model and a run are the same on both sides; another version may have another number there.
        let isSame = version.source.hasPrefix("models:/m-") || version.source.hasPrefix("runs:/")
        return (record, SyncPlace(uri: isSame ? version.source : version.location))
    }

    private func send(_ model: RegisteredModel, _ versions: [ModelVersion], _ fingerprint: String) async throws {
        func take(_ fingerprint: String?) async throws -> Adopted.Outcome {
            try await self.take("registered-models") { body in
                body.key("model")
                record(model).write(into: &body)
                body.field("fingerprint", fingerprint)
            } ?? .unchanged
        }
        notes.note(.registeredModels, try await take(nil))
        var isWhole = true
        for version in versions {
            let (record, place) = record(version)
            isWhole =
                try await noting(.versions, "version \(version.version) of \(model.name)") {
                    let outcome = try await self.take("versions") { body in
                        body.key("version")
                        record.write(place: place, into: &body)
                    }
                    notes.note(.versions, outcome ?? .unchanged)
                } && isWhole
        }
        for (alias, version) in aliases(model, versions) {
            isWhole =
                try await noting(.aliases, "alias \(alias) of \(model.name)") {
                    let outcome = try await self.take("aliases") { body in
                        body.field("model", model.name)
                        body.field("alias", alias)
                        body.field("version", version)
                    }
                    notes.note(.aliases, outcome ?? .unchanged)
                } && isWhole
        }
        if isWhole, !isDryRun, !syncer.options.isPart { _ = try await take(fingerprint) }
    }
}
