// SPDX-License-Identifier: Apache-2.0

import DataRemotes
import DataVersions
import Diagnostics
import Pipelines
import Terminal

/// Brings what a reproduction lacks from the remote.
///
/// Stages run side by side, and fetch one after the other: each fetch holds the lock of the data.
actor ReproPuller {
    private let session: RemoteSession
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ session: RemoteSession) { self.session = session }

    /// Brings what stages made for which inputs, without the contents.
    func fetchRuns() async throws {
        let (watch, finish) = session.watch("fetch")
        defer { finish() }
        do {
            _ = try await RunCacheTransfer(session.cache, try session.remote(), watch: watch).fetch()
        } catch let error as any Explained {
            // As in DVC: without them more is run, and nothing is wrong.
            session.output.warning("\(error.what): \(error.why)")
        }
    }

    /// Brings contents into the cache.
    func fetch(_ pointers: [DataPointer]) async throws {
        try await alone {
            let wanted = Set(pointers.map(\.md5))
            // The files know of remotes of their own; what other inputs gave before is in the default one.
            var outputs = try await session.reader.outputs(DataScope()).filter { wanted.contains($0.output.object.md5) }
            let known = Set(outputs.map(\.output.object.md5))
            outputs += pointers.filter { !known.contains($0.md5) }.compactMap { SelectedOutput($0) }
            try TransferText(
                report: try await FetchVerb.fetch(outputs, hasRunCache: false, session).report,
                verb: "fetched"
            )
            .check()
        }
    }

    /// Puts data into the work tree.
    func pull(_ paths: [String]) async throws {
        try await alone {
            for path in paths {
                var scope = DataScope()
                scope.targets = [path]
                do {
                    let report = try await PullVerb.pull(scope, hasRunCache: false, CheckoutOptions(), session).report
                    try TransferText(report: report, verb: "fetched").check()
                } catch let error as DataRemotesError where error.code == .unknownTarget {
                    // What no version has is missing, and the stage that needs it says so.
                }
            }
        }
    }

    private func alone(_ body: () async throws -> Void) async throws {
        while isBusy { await withCheckedContinuation { waiting.append($0) } }
        isBusy = true
        defer {
            isBusy = false
            if !waiting.isEmpty { waiting.removeFirst().resume() }
        }
        try await body()
    }
}
