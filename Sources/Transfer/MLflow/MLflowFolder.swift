// SPDX-License-Identifier: Apache-2.0

import Documents
import Files
import ObjectStorage
import Registry
import SystemPackage
import Tracking

/// MLflow's file store: `mlruns/`, with the registry below `models/`.
struct MLflowFolder: ImportSource {
    /// How many points are handed over at a time.
    static let pieceSize = 10_000

    let root: FilePath
    let artifacts: MLflowArtifacts
    var name: String { "`\(root)`" }

    /// Opens the folder.
    ///
    /// - Throws: ``TransferError`` `.wrongContent` if it is none of MLflow's.
    static func open(_ root: FilePath, artifacts: FilePath?) async throws -> MLflowFolder {
        let served = artifacts ?? root.removingLastComponent().appending("mlartifacts")
        let store = MLflowFolder(root: root, artifacts: MLflowArtifacts(served: served))
        try await BlockingPool.shared.run {
            guard FileSystem.isDirectory(root) else { throw store.refused("there is no such folder") }
            guard !(try store.experimentFolders()).isEmpty else {
                let below = root.appending("mlruns")
                let next = FileSystem.isDirectory(below) ? "did you mean `\(below)`?" : nil
                throw store.refused("none of its folders holds the `meta.yaml` of an experiment", next)
            }
        }
        return store
    }

    private func refused(_ why: String, _ next: String? = nil) -> TransferError {
        TransferError(.wrongContent, what: "cannot import \(name) from MLflow", why: why, next: next)
    }

    // MARK: Experiments

    func experiments() async throws -> [SourceExperiment] {
        try await BlockingPool.shared.run {
            try experimentFolders().map { folder in
                let meta = try MLflowMeta(folder)
                let id = folder.lastComponent?.string ?? ""
                let created = meta.integer("creation_time") ?? 0
                return SourceExperiment(
                    id: id,
                    record: ExperimentRecord(
                        name: try meta.required("name"),
                        artifactLocation: MLflowText.foreign(meta.text("artifact_location")),
                        stage: LifecycleStage(rawValue: meta.text("lifecycle_stage") ?? "") ?? .active,
                        createdMs: created,
                        updatedMs: meta.integer("last_update_time") ?? created,
                        tags: try MLflowFiles.pairs(in: folder.appending("tags"))
                    )
                )
            }
        }
    }

    private func experimentFolders() throws -> [FilePath] {
        try [root, root.appending(".trash")].filter { FileSystem.isDirectory($0) }.flatMap { parent in
            try FileSystem.list(parent).filter { $0 != "models" && $0 != ".trash" }.map { parent.appending($0) }
                .filter { FileSystem.exists($0.appending("meta.yaml")) }
        }
    }

    private func folder(of experiment: SourceExperiment) -> FilePath {
        let folder = root.appending(experiment.id)
        return FileSystem.isDirectory(folder) ? folder : root.appending(".trash").appending(experiment.id)
    }

    // MARK: Runs

    private func runFolders(_ experiment: SourceExperiment) throws -> [FilePath] {
        let folder = folder(of: experiment)
        return try FileSystem.list(folder).filter { Rules.isID($0[...]) }.map { folder.appending($0) }
            .filter { FileSystem.isDirectory($0) }
    }

    func runCount(in experiments: [SourceExperiment]) async throws -> Int? {
        try await BlockingPool.shared.run { try experiments.map { try runFolders($0).count }.reduce(0, +) }
    }

    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        for folder in try await BlockingPool.shared.run({ try runFolders(experiment) }) {
            let run: SourceRun
            do {
                run = try await BlockingPool.shared.run { try self.run(folder) }
            } catch {
                try await skip(SkippedItem("run \(folder.lastComponent?.string ?? "")", explained(error)))
                continue
            }
            try await body(run)
        }
    }

    private func run(_ folder: FilePath) throws -> SourceRun {
        let meta = try MLflowMeta(folder)
        let id = folder.lastComponent?.string ?? ""
        let tags = try MLflowFiles.pairs(in: folder.appending("tags"))
        var record = RunRecord(
            id: id,
            experimentID: "",
            name: meta.text("run_name") ?? tags.first { $0.key == "mlflow.runName" }?.value ?? id,
            status: try meta.status(),
            startMs: meta.integer("start_time") ?? 0,
            endMs: meta.integer("end_time")
        )
        record.stage = LifecycleStage(rawValue: meta.text("lifecycle_stage") ?? "") ?? .active
        record.userID = meta.text("user_id") ?? ""
        record.params = try MLflowFiles.pairs(in: folder.appending("params"))
        record.tags = tags
        for link in try MLflowFiles.metas(below: folder.appending("inputs")) {
            let source = try link.required("source_id")
            switch link.text("source_type") {
            case "DATASET":
                // The id is the name of a folder, and of nothing else.
                guard let component = FilePath.Component(source), component.kind == .regular else { continue }
                let dataset = try MLflowMeta(
                    folder.removingLastComponent().appending("datasets").appending(component)
                )
                record.inputs.append(try dataset.dataset(tags: link.pairs("tags")))
            case "MODEL": record.modelInputs.append(source)
            default: continue
            }
        }
        for link in try MLflowFiles.metas(below: folder.appending("outputs")) {
            record.modelOutputs.append((try link.required("destination_id"), link.integer("step") ?? 0))
        }
        let uri = meta.text("artifact_uri") ?? ""
        let files = try artifacts.files(uri, of: id, fallback: folder.appending("artifacts"))
        return SourceRun(id: id, record: record, artifacts: files, folder: folder)
    }

    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws {
        guard let folder = run.folder?.appending("metrics"), FileSystem.isDirectory(folder) else { return }
        let store = try FolderStore(root: folder)
        var damage: TransferError?
        for key in try await BlockingPool.shared.run({ try MLflowFiles.names(below: folder) }) {
            do {
                try await forEachPiece(of: key, in: store) { try await body(key, $0) }
            } catch let error as TransferError where error.code == .damaged {
                // The other metrics come all the same.
                damage = error
            }
        }
        if let damage { throw damage }
    }

    private func forEachPiece(
        of key: String,
        in store: FolderStore,
        _ body: ([Metric]) async throws -> Void
    ) async throws {
        var lines = TextLines()
        var points: [Metric] = []
        for try await piece in try await store.get(try ObjectKey(key), range: nil) {
            for line in lines.take(piece) {
                points.append(try MLflowText.point(line, of: key))
                guard points.count == Self.pieceSize else { continue }
                try await body(points)
                points = []
            }
        }
        // A last line without its end is what a killed training leaves, and may be half a number.
        if !points.isEmpty { try await body(points) }
    }

    // MARK: Logged models

    func forEachModel(
        in experiment: SourceExperiment,
        _ body: (SourceModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        let parent = folder(of: experiment).appending("models")
        guard FileSystem.isDirectory(parent) else { return }
        let folders = try await BlockingPool.shared.run {
            try FileSystem.list(parent).map { parent.appending($0) }
                .filter { FileSystem.exists($0.appending("meta.yaml")) }
        }
        for folder in folders {
            let model: SourceModel
            do {
                model = try await BlockingPool.shared.run { try self.model(folder) }
            } catch {
                try await skip(SkippedItem("logged model \(folder.lastComponent?.string ?? "")", explained(error)))
                continue
            }
            try await body(model)
        }
    }

    private func model(_ folder: FilePath) throws -> SourceModel {
        let meta = try MLflowMeta(folder)
        let id = folder.lastComponent?.string ?? ""
        var record = ModelRecord(
            id: id,
            experimentID: "",
            name: try meta.required("name"),
            status: MLflowText.modelStatus(meta.integer("status")),
            createdMs: meta.integer("creation_timestamp") ?? 0,
            updatedMs: meta.integer("last_updated_timestamp")
        )
        record.stage = LifecycleStage(rawValue: meta.text("lifecycle_stage") ?? "") ?? .active
        record.modelType = meta.text("model_type")
        record.sourceRunID = meta.text("source_run_id")
        record.params = try MLflowFiles.pairs(in: folder.appending("params"))
        record.tags = try MLflowFiles.pairs(in: folder.appending("tags"))
        let uri = meta.text("artifact_location") ?? ""
        let files = try artifacts.files(uri, of: id, fallback: folder.appending("artifacts"))
        var model = SourceModel(record: record, artifacts: files)
        let metrics = folder.appending("metrics")
        guard FileSystem.isDirectory(metrics) else { return model }
        for key in try MLflowFiles.names(below: metrics) {
            for line in try FileReader.text(of: metrics.appending(key)).split(separator: "\n") {
                model.metrics.append(try MLflowText.modelPoint(line, of: key, model: id))
            }
        }
        return model
    }

    // MARK: Registry

    func forEachRegisteredModel(
        _ body: (SourceRegisteredModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        let parent = root.appending("models")
        guard FileSystem.isDirectory(parent) else { return }
        let folders = try await BlockingPool.shared.run {
            try FileSystem.list(parent).map { parent.appending($0) }
                .filter { FileSystem.exists($0.appending("meta.yaml")) }
        }
        for folder in folders {
            let model: SourceRegisteredModel
            do {
                model = try await BlockingPool.shared.run { try registered(folder) }
            } catch {
                try await skip(SkippedItem("registered model \(folder.lastComponent?.string ?? "")", explained(error)))
                continue
            }
            try await body(model)
        }
    }

    private func registered(_ folder: FilePath) throws -> SourceRegisteredModel {
        let meta = try MLflowMeta(folder)
        let name = try meta.required("name")
        let created = meta.integer("creation_timestamp") ?? 0
        var record = RegisteredModelRecord(
            name: name,
            createdMs: created,
            updatedMs: meta.integer("last_updated_timestamp") ?? created
        )
        record.description = meta.text("description") ?? ""
        record.tags = try MLflowFiles.pairs(in: folder.appending("tags"))
        var model = SourceRegisteredModel(record: record)
        for entry in try FileSystem.list(folder) where entry.hasPrefix("version-") {
            let meta = try MLflowMeta(folder.appending(entry))
            // What MLflow deleted it keeps as such.
            guard let stage = MLflowText.stage(meta.text("current_stage")) else { continue }
            let created = meta.integer("creation_timestamp") ?? 0
            var version = ModelVersionRecord(
                model: name,
                version: Int(meta.integer("version") ?? 0),
                source: meta.text("source") ?? "",
                createdMs: created,
                updatedMs: meta.integer("last_updated_timestamp") ?? created
            )
            version.stage = stage
            version.runID = meta.text("run_id").flatMap { $0.isEmpty ? nil : $0 }
            version.modelID = meta.text("model_id") ?? MLflowText.modelID(inSource: version.source)
            version.description = meta.text("description") ?? ""
            version.runLink = meta.text("run_link") ?? ""
            version.tags = try MLflowFiles.pairs(in: folder.appending(entry).appending("tags"))
            model.versions.append((version, meta.text("storage_location")))
        }
        model.versions.sort { $0.record.version < $1.record.version }
        for pair in try MLflowFiles.pairs(in: folder.appending("aliases")) {
            guard let number = Int(pair.value.split(whereSeparator: \.isWhitespace).first ?? "") else { continue }
            model.aliases.append((pair.key, number))
        }
        return model
    }
}
