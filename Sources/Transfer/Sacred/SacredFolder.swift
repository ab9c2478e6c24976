// SPDX-License-Identifier: Apache-2.0

import Files
import ObjectStorage
import SystemPackage
import Tracking

/// The folder of Sacred's file observer: one folder a run, sources and resources beside them.
struct SacredFolder: ImportSource {
    /// Sacred itself holds and writes each of its files as a whole.
    private static let limit = 512 << 20

    let root: FilePath
    let store: FolderStore
    /// The folders of runs, by their experiment.
    let runs: [String: [String]]
    /// Those whose experiment cannot be read, with the reason.
    let broken: [SkippedItem]
    var name: String { "`\(root)`" }

    /// The folder; nil if no run is in it.
    static func find(_ root: FilePath) async throws -> SacredFolder? {
        try await BlockingPool.shared.run {
            let ids = try FileSystem.list(root).filter { FileSystem.exists(root.appending($0).appending("run.json")) }
            guard !ids.isEmpty else { return nil }
            var runs: [String: [String]] = [:]
            var broken: [SkippedItem] = []
            for id in ids {
                do {
                    let run = SacredRun(
                        id: id,
                        entry: try json(root.appending(id).appending("run.json")),
                        config: .null
                    )
                    runs[run.experiment, default: []].append(id)
                } catch {
                    broken.append(SkippedItem("run \(id)", "`\(id)/run.json`: \(explained(error))"))
                }
            }
            return SacredFolder(root: root, store: try FolderStore(root: root), runs: runs, broken: broken)
        }
    }

    private static func json(_ path: FilePath) throws -> DumpValue {
        try DumpValue.python(try FileReader.bytes(of: path, limit: limit))
    }

    func experiments() async throws -> [SourceExperiment] {
        // What has no readable name has to be told of somewhere.
        let names = runs.isEmpty ? ["sacred"] : runs.keys.sorted()
        return names.map { SourceExperiment(id: $0, record: ExperimentRecord(name: $0, createdMs: 0)) }
    }

    func runCount(in experiments: [SourceExperiment]) async throws -> Int? {
        experiments.map { runs[$0.id]?.count ?? 0 }.reduce(0, +)
    }

    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        if experiment.id == runs.keys.sorted().first ?? "sacred" { for item in broken { try await skip(item) } }
        for id in runs[experiment.id] ?? [] {
            let run: SourceRun
            do {
                run = try await BlockingPool.shared.run { try self.run(id) }
            } catch {
                try await skip(SkippedItem("run \(id)", explained(error)))
                continue
            }
            try await body(run)
        }
    }

    private func run(_ id: String) throws -> SourceRun {
        let folder = root.appending(id)
        let config = folder.appending("config.json")
        let sacred = SacredRun(
            id: id,
            entry: try Self.json(folder.appending("run.json")),
            config: FileSystem.exists(config) ? try Self.json(config) : .null
        )
        var record = try sacred.record()
        for resource in sacred.entry["resources"]?.list ?? [] {
            guard let name = resource.list.first?.text, let stored = resource.list.dropFirst().first?.text else {
                continue
            }
            // `_resources/<name>_<MD5>.<suffix>`
            let digest = stored.split(whereSeparator: { "_.".contains($0) }).last { $0.count == 32 }
            record.inputs.append(
                DatasetInput(
                    name: String(name.split(separator: "/").last ?? Substring(name)),
                    digest: digest.map { String($0) } ?? DerivedID.run(stored),
                    sourceType: "local",
                    source: name
                )
            )
        }
        let sources = (sacred.entry["experiment"]?["sources"]?.list ?? []) + (sacred.entry["resources"]?.list ?? [])
        let beside = sources.compactMap { $0.list.dropFirst().first?.text }
        var run = SourceRun(id: id, record: record, artifacts: .none)
        run.folder = folder
        run.artifacts.forEach = { body in try await forEachFile(id, beside, body) }
        run.result = sacred.result(record)
        return run
    }

    /// All that the run's folder holds, but for its metrics; then the sources and resources that it names.
    private func forEachFile(_ id: String, _ beside: [String], _ body: (SourceFile) async throws -> Void) async throws {
        var after: String?
        repeat {
            let page = try await store.list(prefix: id, recursive: true, after: after, limit: 1_000)
            for case .object(let info) in page.entries {
                let path = String(info.key.text.dropFirst(id.count + 1))
                if path != "metrics.json" { try await body(SourceFile(info, in: store, as: path)) }
            }
            after = page.next
        } while after != nil
        for path in Set(beside).sorted() {
            // Whatever `run.json` says, nothing outside the observer's own folders is read.
            guard path.hasPrefix("_sources/") || path.hasPrefix("_resources/") else { continue }
            guard let info = try await store.info(try ObjectKey(path)) else { continue }
            try await body(SourceFile(info, in: store, as: String(path.dropFirst())))
        }
    }

    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws {
        guard let folder = run.folder else { return }
        let metrics = try await BlockingPool.shared.run {
            let file = folder.appending("metrics.json")
            do {
                return FileSystem.exists(file) ? try Self.json(file) : .null
            } catch {
                throw TransferError(.damaged, what: "cannot read `\(file)`", why: "`metrics.json`: \(explained(error))")
            }
        }
        let names = KeyName.allowed(all: metrics.members.map(\.key) + ["result"])
        for (key, series) in metrics.members.sorted(by: { $0.key < $1.key }) {
            let name = names[key] ?? key
            try await body(name, try SacredRun.points(series, of: name))
        }
        if let result = run.result { try await body(result.key, [result]) }
    }
}
