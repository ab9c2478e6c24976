// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import NIOCore
import Registry
import SystemPackage
import Tracking

/// What can be imported: experiments with runs and logged models, and a registry beside them.
///
/// Everything comes piece by piece, so that no source is in memory as a whole.
protocol ImportSource: Sendable {
    /// How people know it, for messages.
    var name: String { get }

    /// How many runs there are; nil if the source cannot tell without reading them.
    func runCount(in experiments: [SourceExperiment]) async throws -> Int?

    /// All experiments, deleted ones too.
    func experiments() async throws -> [SourceExperiment]

    /// Hands over the logged models of an experiment, deleted ones too as far as the source tells of them; what cannot be
    /// read goes to `skip`.
    func forEachModel(
        in experiment: SourceExperiment,
        _ body: (SourceModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws

    /// Hands over the runs of an experiment, deleted ones too; what one of them lacks to be a run goes to `skip`.
    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws

    /// Hands over the points of a run, those of one metric after those of another.
    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws

    /// Hands over the registered models, each with its versions; what cannot be read goes to `skip`.
    func forEachRegisteredModel(
        _ body: (SourceRegisteredModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws

    /// Ends the use of the source.
    func close() async
}

extension ImportSource {
    func runCount(in experiments: [SourceExperiment]) async throws -> Int? { nil }
    func forEachModel(
        in experiment: SourceExperiment,
        _ body: (SourceModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {}
    func forEachRegisteredModel(
        _ body: (SourceRegisteredModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {}
    func close() async {}
}

/// An experiment of a source.
struct SourceExperiment: Sendable {
    /// The id that it has there.
    let id: String
    /// What is taken over.
    var record: ExperimentRecord
}

/// A run of a source.
struct SourceRun: Sendable {
    /// The id that it has there.
    let id: String
    /// What is taken over; its experiment is filled in by the importer.
    var record: RunRecord
    /// Its files.
    var artifacts: SourceArtifacts
    /// The folder that it is read from, if it is one.
    var folder: FilePath?
    /// The names of its metrics, if they came with it.
    var metricKeys: [String] = []
    /// The files that it is read from, if they are several.
    var files: [String] = []
    /// Kinds of things that it has and that do not come.
    var left: Set<String> = []
    /// A point that stands with the run itself.
    var result: Metric?
}

/// A logged model of a source.
struct SourceModel: Sendable {
    /// What is taken over; its experiment is filled in by the importer.
    var record: ModelRecord
    /// Its files.
    var artifacts: SourceArtifacts
    /// What runs measured of it.
    var metrics: [(run: String, metric: Metric)] = []
}

/// A registered model of a source.
struct SourceRegisteredModel: Sendable {
    var record: RegisteredModelRecord
    /// The versions, each with where the source keeps its files, if it says so beside what it was made from.
    var versions: [(record: ModelVersionRecord, storage: String?)] = []
    var aliases: [(alias: String, version: Int)] = []
}

/// The files of a run or model, wherever they are.
struct SourceArtifacts: Sendable {
    /// The URI by which the source knows them, to find versions that are made from them; nil if it has none.
    var uri: String?
    /// Hands over each file; nil if they stay where they are, and `uri` with them.
    var forEach: (@Sendable (_ body: (SourceFile) async throws -> Void) async throws -> Void)?
    /// Why they stay, if that is worth a line.
    var reason: String?

    /// No files.
    static let none = SourceArtifacts()

    /// The files below a folder of this machine; one that is not there holds none.
    static func folder(_ store: FolderStore?, uri: String?) -> SourceArtifacts {
        SourceArtifacts(
            uri: uri,
            forEach: { body in
                guard let store else { return }
                var after: String?
                repeat {
                    let page = try await store.list(prefix: "", recursive: true, after: after, limit: 1_000)
                    for case .object(let info) in page.entries { try await body(SourceFile(info, in: store)) }
                    after = page.next
                } while after != nil
            }
        )
    }
}

/// A file of a source.
struct SourceFile: Sendable {
    /// The path below the run's artefacts.
    let path: String
    /// The size in bytes, if it is known.
    let size: Int64?
    /// The last change, if it is known: a copy that is older is made again.
    let modifiedMs: Int64?
    /// Stores the content under a key.
    let store: @Sendable (any ObjectStore, ObjectKey) async throws -> ObjectInfo

    init(
        path: String,
        size: Int64?,
        modifiedMs: Int64? = nil,
        store: @escaping @Sendable (any ObjectStore, ObjectKey) async throws -> ObjectInfo
    ) {
        self.path = path
        self.size = size
        self.modifiedMs = modifiedMs
        self.store = store
    }

    /// A file in a folder.
    init(_ info: ObjectInfo, in folder: FolderStore, as path: String? = nil) {
        self.init(path: path ?? info.key.text, size: info.sizeInBytes, modifiedMs: info.modifiedMs) { store, key in
            try await store.put(key, limit: nil, try await folder.get(info.key, range: nil))
        }
    }

    /// A small file that is in memory.
    init(path: String, bytes: [UInt8]) {
        self.init(path: path, size: Int64(bytes.count)) { store, key in try await store.put(key, bytes: bytes) }
    }
}

/// Something that does not come along.
package struct SkippedItem: Sendable, Hashable {
    /// What it is: `run 0123…`.
    package let what: String
    /// Why it stays behind.
    package let why: String
    /// Whether somebody should look at it; else it is as it should be, such as files that stay in S3.
    package let isProblem: Bool

    init(_ what: String, _ why: String, isProblem: Bool = true) {
        self.what = what
        self.why = why
        self.isProblem = isProblem
    }
}
