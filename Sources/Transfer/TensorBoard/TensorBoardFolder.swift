// SPDX-License-Identifier: Apache-2.0

import Files
import ObjectStorage
import SystemPackage
import Tracking

/// Folders with TensorBoard's event files: one run for each folder that holds some.
struct TensorBoardFolder: ImportSource {
    /// As many points are gathered before they are handed over, metric by metric.
    private static let gathered = 500_000
    private static let pieceSize = 10_000

    let root: FilePath
    let experiment: String
    let store: FolderStore
    /// The names of the event files by the folder that they are in, in their order.
    let folders: [(path: String, files: [String])]
    var name: String { "`\(root)`" }

    /// Opens the folder.
    ///
    /// - Throws: ``TransferError`` `.wrongContent` if there are no event files in it.
    static func open(_ root: FilePath, experiment: String?) async throws -> TensorBoardFolder {
        let what = "cannot import `\(root)` from TensorBoard"
        guard FileSystem.isDirectory(root) else {
            throw TransferError(.wrongContent, what: what, why: "there is no such folder")
        }
        let store = try FolderStore(root: root)
        var folders: [String: [String]] = [:]
        var after: String?
        repeat {
            let page = try await store.list(prefix: "", recursive: true, after: after, limit: 10_000)
            for entry in page.entries {
                let parts = entry.name.split(separator: "/")
                guard let file = parts.last, file.contains(".tfevents.") else { continue }
                folders[parts.dropLast().joined(separator: "/"), default: []].append(entry.name)
            }
            after = page.next
        } while after != nil
        guard !folders.isEmpty else {
            throw TransferError(.wrongContent, what: what, why: "neither it nor a folder below holds event files")
        }
        let name = experiment ?? store.root.lastComponent?.string ?? "tensorboard"
        return TensorBoardFolder(
            root: root,
            experiment: name,
            store: store,
            folders: folders.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
        )
    }

    func experiments() async throws -> [SourceExperiment] {
        [SourceExperiment(id: "", record: ExperimentRecord(name: experiment, createdMs: 0))]
    }

    func runCount(in experiments: [SourceExperiment]) async throws -> Int? { folders.count }

    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        for (path, files) in folders {
            let outline = try await self.outline(files)
            let shown = path.isEmpty ? store.root.lastComponent?.string ?? "" : path
            guard outline.hasEvents else {
                try await skip(SkippedItem("folder `\(shown)`", outline.damage ?? "its event files hold no events"))
                continue
            }
            // Folders move and logs are copied; the writer's file and its first moment stay.
            let id = DerivedID.run(
                "tensorboard",
                files[0].split(separator: "/").last.map(String.init) ?? "",
                "\(outline.first.bitPattern)"
            )
            try await body(run(id, shown, files, outline))
        }
    }

    private func run(_ id: String, _ path: String, _ files: [String], _ outline: Outline) -> SourceRun {
        var record = RunRecord(
            id: id,
            experimentID: "",
            name: path,
            status: outline.status ?? .finished,
            startMs: outline.startMs,
            endMs: outline.status == .running ? nil : outline.sessionEndMs ?? outline.endMs
        )
        let names = KeyName.allowed(all: outline.params.map(\.key))
        record.params = outline.params.map { KeyValue(names[$0.key] ?? $0.key, $0.value) }
        record.tags = [KeyValue("gyre.source", "tensorboard"), KeyValue("tensorboard.folder", path)]
        var artifacts = SourceArtifacts.none
        if outline.hasFiles { artifacts.forEach = { body in try await forEachFile(files, body) } }
        var run = SourceRun(id: path, record: record, artifacts: artifacts)
        run.files = files
        run.metricKeys = outline.scalars.sorted()
        run.left = outline.left
        return run
    }

    // MARK: Events

    /// What is known of a run before its points.
    private struct Outline {
        var first = 0.0
        var hasEvents = false
        var startMs: Int64 = 0
        var endMs: Int64 = 0
        var sessionEndMs: Int64?
        var status: RunStatus?
        var params: [KeyValue] = []
        var scalars: Set<String> = []
        var left: Set<String> = []
        var hasFiles = false
        var damage: String?
    }

    private func outline(_ files: [String]) async throws -> Outline {
        var outline = Outline()
        do {
            try await forEachEvent(files) { event in
                if !outline.hasEvents {
                    outline.hasEvents = true
                    outline.first = event.wallTime
                    outline.startMs = event.timestampMs
                }
                outline.startMs = min(outline.startMs, event.timestampMs)
                outline.endMs = max(outline.endMs, event.timestampMs)
                for (tag, content) in event.values {
                    switch content {
                    case .scalar: outline.scalars.insert(tag)
                    case .text, .images: outline.hasFiles = true
                    case .hyperparameters(let session):
                        if !session.params.isEmpty { outline.params = session.params }
                        outline.status = session.status ?? outline.status
                        outline.sessionEndMs = session.endMs ?? outline.sessionEndMs
                    case .other(let kind): outline.left.insert(kind)
                    }
                }
            }
        } catch let error as TransferError where error.code == .damaged {
            // The points say it again when they come, and what stands before the damage is good.
            outline.damage = error.why
        }
        return outline
    }

    private func forEachEvent(_ files: [String], _ body: (TensorBoardEvent) async throws -> Void) async throws {
        var plugins: [String: String] = [:]
        var damage: TransferError?
        for file in files {
            var records = TFRecords()
            do {
                for try await piece in try await store.get(try ObjectKey(file), range: nil) {
                    records.append(piece)
                    while let record = try records.next() {
                        try await body(try TensorBoardEvent(record, plugins: &plugins))
                    }
                }
            } catch let error as TransferError where error.code == .damaged {
                damage = TransferError(.damaged, what: "cannot read `\(file)`", why: "`\(file)`: \(error.why)")
            }
        }
        if let damage { throw damage }
    }

    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws {
        let names = KeyName.allowed(all: run.metricKeys)
        var gathered: [String: [Metric]] = [:]
        var count = 0
        func flush() async throws {
            for (key, points) in gathered.sorted(by: { $0.key < $1.key }) {
                for start in stride(from: 0, to: points.count, by: Self.pieceSize) {
                    try await body(key, Array(points[start..<min(start + Self.pieceSize, points.count)]))
                }
            }
            gathered = [:]
            count = 0
        }
        var damage: TransferError?
        do {
            try await forEachEvent(run.files) { event in
                for (tag, content) in event.values {
                    guard case .scalar(let value) = content else { continue }
                    let key = names[tag] ?? KeyName.allowed(tag)
                    gathered[key, default: []].append(
                        Metric(key: key, value: value, timestampMs: event.timestampMs, step: event.step)
                    )
                    count += 1
                }
                if count >= Self.gathered { try await flush() }
            }
        } catch let error as TransferError where error.code == .damaged {
            damage = error
        }
        try await flush()
        if let damage { throw damage }
    }

    /// Hands over texts and images as files: `text/<tag>/<step>.md`, `images/<tag>/<step>.png`.
    private func forEachFile(_ files: [String], _ body: (SourceFile) async throws -> Void) async throws {
        do {
            try await forEachEvent(files) { event in
                for (tag, content) in event.values {
                    let place = "\(FileName.allowed(tag))/\(event.step)"
                    switch content {
                    case .text(let texts):
                        let text = texts.joined(separator: "\n")
                        try await body(SourceFile(path: "text/\(place).md", bytes: Array(text.utf8)))
                    case .images(let images):
                        for (index, image) in images.enumerated() where !image.isEmpty {
                            let number = images.count > 1 ? "-\(index)" : ""
                            let path = "images/\(place)\(number).\(Self.suffix(of: image))"
                            try await body(SourceFile(path: path, bytes: image))
                        }
                    case .scalar, .hyperparameters, .other: continue
                    }
                }
            }
        } catch let error as TransferError where error.code == .damaged {
            // The points have said it.
            return
        }
    }

    private static func suffix(of image: [UInt8]) -> String {
        if image.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "png" }
        if image.starts(with: [0xFF, 0xD8]) { return "jpg" }
        return image.starts(with: Array("GIF8".utf8)) ? "gif" : "bin"
    }
}
