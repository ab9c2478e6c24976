// SPDX-License-Identifier: Apache-2.0

import Registry
import Tracking

/// Registered models, their versions and aliases, once the runs that they name are here.
extension Importer {
    func adopt(_ model: SourceRegisteredModel, _ state: ImportState) async throws {
        let name = model.record.name
        let versions = model.versions.filter { options.experiments.isEmpty || state.knows($0.record) }
        guard options.experiments.isEmpty || !versions.isEmpty else { return }
        do {
            if options.isDryRun {
                let isHere = (try? await registry.model(named: name)) != nil
                state.note(.registeredModels, isHere ? .unchanged : .added)
            } else {
                state.note(.registeredModels, try await registry.adopt(model.record))
            }
        } catch let error as RegistryError {
            return state.skip(.registeredModels, SkippedItem("registered model \(name)", error.why))
        }
        for (version, storage) in versions { try await adopt(version, storage, state) }
        for (alias, number) in model.aliases where versions.contains(where: { $0.record.version == number }) {
            try await adopt(alias: alias, of: name, number, state)
        }
    }

    private func adopt(_ version: ModelVersionRecord, _ storage: String?, _ state: ImportState) async throws {
        var version = version
        // The first two name their files by what they are, which is the same here.
        if !version.source.hasPrefix("models:/m-"), !version.source.hasPrefix("runs:/") {
            let place = state.place(of: version.source) ?? storage.flatMap(state.place(of:))
            version.source = place ?? (version.source.hasPrefix("models:") ? storage : nil) ?? version.source
        }
        do {
            if options.isDryRun {
                let old = try? await registry.version(model: version.model, number: version.version)
                state.note(.versions, old == nil ? .added : .unchanged)
            } else {
                state.note(.versions, try await registry.adopt(version))
            }
        } catch let error as RegistryError {
            state.skip(.versions, SkippedItem("version \(version.version) of \(version.model)", error.why))
        }
    }

    private func adopt(alias: String, of name: String, _ number: Int, _ state: ImportState) async throws {
        do {
            if options.isDryRun {
                let old = try? await registry.version(model: name, alias: alias)
                state.note(.aliases, old == nil ? .added : .unchanged)
            } else {
                state.note(.aliases, try await registry.adoptAlias(model: name, alias: alias, version: number))
            }
        } catch let error as RegistryError {
            let next = error.code == .notPassed ? "; " + (error.next ?? "") : ""
            state.skip(.aliases, SkippedItem("alias \(alias) of \(name)", error.why + next))
        }
    }
}
