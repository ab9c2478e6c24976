// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import Tracking

/// Files of runs and models, streamed from where the source has them.
extension Importer {
    func copy(_ files: SourceArtifacts, to uri: String, _ owner: String, _ state: ImportState) async throws {
        if let reason = files.reason { state.skip(.files, SkippedItem("artefacts of \(owner)", reason)) }
        if files.forEach == nil, let uri = files.uri { state.stays(uri) }
        guard let forEach = files.forEach, let prefix = TrackingService.artifactPrefix(of: uri) else { return }
        do {
            try await forEach { file in
                try Task.checkCancellation()
                do {
                    try await copy(file, to: try ObjectKey("\(prefix)/\(file.path)"), state)
                } catch let error as ObjectStorageError {
                    state.skip(.files, SkippedItem("artefact `\(file.path.prefix(200))` of \(owner)", error.why))
                }
            }
        } catch let error as ObjectStorageError {
            state.skip(.files, SkippedItem("artefacts of \(owner)", error.why))
        } catch let error as TransferError where error.code == .refused {
            state.skip(.files, SkippedItem("artefacts of \(owner)", error.why))
        }
    }

    private func copy(_ file: SourceFile, to key: ObjectKey, _ state: ImportState) async throws {
        if let old = try await tracking.artifacts.info(key),
            file.size == nil || old.sizeInBytes == file.size, old.modifiedMs >= file.modifiedMs ?? .min
        {
            state.note(.files, .unchanged)
            return state.note(.bytes, .unchanged, old.sizeInBytes)
        }
        let info = try await file.store(tracking.artifacts, key)
        state.note(.files, .added)
        state.note(.bytes, .added, info.sizeInBytes)
    }
}
