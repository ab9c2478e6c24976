// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Files
import Synchronization

/// How far a transfer is, for whoever shows it; called from any thread.
package struct TransferWatch: Sendable {
    /// So many objects will be moved.
    package let begin: @Sendable (Int) -> Void
    /// One was moved, of so many bytes.
    package let advance: @Sendable (Int64) -> Void
    /// Something that is no failure, and that somebody should know.
    package let warn: @Sendable (String) -> Void

    /// A watch.
    package init(
        begin: @escaping @Sendable (Int) -> Void = { _ in },
        advance: @escaping @Sendable (Int64) -> Void = { _ in },
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.begin = begin
        self.advance = advance
        self.warn = warn
    }
}

/// What a transfer did.
package struct TransferReport: Sendable {
    /// Objects moved, listings among them.
    package var moved = 0
    /// Bytes moved.
    package var bytes: Int64 = 0
    /// Bytes of what was moved that were there already, as chunks of other contents.
    package var saved: Int64 = 0
    /// Objects that were there already.
    package var kept = 0
    /// Objects that are nowhere: neither in the cache nor on the remote.
    package var missing: [MissingObject] = []
    /// Objects that did not get through, and why.
    package var failed: [(name: String, error: any Error)] = []

    /// Nothing yet.
    package init(kept: Int = 0) { self.kept = kept }

    /// Takes the numbers of another one.
    package mutating func add(_ other: TransferReport) {
        moved += other.moved
        bytes += other.bytes
        saved += other.saved
        kept += other.kept
        missing += other.missing
        failed += other.failed
    }
}

/// An object that is nowhere.
package struct MissingObject: Sendable, Hashable {
    /// The path of the data, and of the file in it.
    package let name: String
    /// Its hash.
    package let md5: String
}

/// Objects to move, each with the name that people know it by.
struct NamedObjects: Sendable {
    private(set) var names: [DataObject: String] = [:]
    /// In the order in which they came.
    private(set) var objects: [DataObject] = []

    mutating func add(_ object: DataObject, _ name: String) {
        if names.updateValue(names[object] ?? name, forKey: object) == nil { objects.append(object) }
    }

    func name(_ object: DataObject) -> String { names[object] ?? object.md5 }
}

/// Moves objects side by side; one that fails holds up no others.
struct Mover: Sendable {
    let concurrency: Int
    let watch: TransferWatch

    /// Moves objects.
    ///
    /// - Returns: What was moved, and which of them were.
    func move(
        _ objects: [DataObject],
        named names: NamedObjects,
        _ body: @escaping @Sendable (DataObject) async throws -> Int64
    ) async throws -> (report: TransferReport, done: Set<DataObject>) {
        var report = TransferReport()
        var done: Set<DataObject> = []
        let watch = watch
        // Where nothing gets through, the thousandth failure says no more than the tenth.
        let limit = 10
        try await withThrowingTaskGroup(of: (DataObject, Result<Int64, any Error>).self) { group in
            var rest = objects[...]
            func start() {
                guard report.failed.count < limit, let object = rest.popFirst() else { return }
                group.addTask {
                    do {
                        let size = try await body(object)
                        watch.advance(size)
                        return (object, .success(size))
                    } catch {
                        return (object, .failure(error))
                    }
                }
            }
            for _ in 0..<concurrency { start() }
            while let (object, result) = try await group.next() {
                switch result {
                case .success(let size):
                    report.moved += 1
                    report.bytes += size
                    done.insert(object)
                case .failure(let error):
                    if error is CancellationError { throw error }
                    if let error = error as? DataRemotesError, error.code == .missingContent {
                        report.missing.append(MissingObject(name: names.name(object), md5: object.md5))
                    } else {
                        report.failed.append((names.name(object), error))
                    }
                }
                start()
            }
        }
        try Task.checkCancellation()
        return (report, done)
    }
}
