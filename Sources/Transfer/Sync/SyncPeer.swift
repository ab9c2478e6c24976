// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText

/// What answers at an address: a Gyre that takes what we send, or something else, by its name.
struct SyncPeer: Sendable {
    let calls: SyncCalls

    /// Returns if a Gyre answers that speaks as we do.
    ///
    /// - Throws: ``TransferError`` with what else answers there.
    func check() async throws {
        let answer: HTTPAnswer
        do {
            answer = try await calls.get(SyncCalls.base)
        } catch let error as HTTPTransportError {
            throw calls.failed(
                error.why,
                next: error.next ?? "look at the address, or begin the server: `gyre up`",
                error
            )
        }
        guard answer.status == 200 else {
            if answer.status == 404 { throw try await other() }
            throw calls.unexpected(answer)
        }
        guard let root = try? JSONDocument(answer.body).root, let version = root["protocol"]?.int64 else {
            throw try await other()
        }
        guard version != SyncWire.version else { return }
        let name = root["gyre"]?.string.map { "Gyre \($0.prefix(40))" } ?? "a Gyre"
        let isNewer = version > SyncWire.version
        throw calls.failed(
            "it is \(name), which syncs in a \(isNewer ? "newer" : "older") way (\(version)) than this one (\(SyncWire.version))",
            next: isNewer ? "update this Gyre" : "update the Gyre of the server"
        )
    }

    private func other() async throws -> TransferError {
        if let root = try await document("/api/gyre/v1/status"), root["project"] != nil {
            return calls.failed("it is a Gyre of before `gyre sync`", next: "update the Gyre of the server")
        }
        if let root = try await document("/api/2.0/mlflow/experiments/search?max_results=1"), root["experiments"] != nil
        {
            let answer = try await calls.get("/version")
            let version = answer.status == 200 && answer.body.count < 40 ? " \(answer.text)" : ""
            return calls.failed(
                "it is MLflow\(version), which cannot take runs with their ids",
                next: "run `gyre up` there and sync with it; `gyre import mlflow URL` brings what that MLflow has"
            )
        }
        return calls.failed(
            "what answers there is neither Gyre nor MLflow",
            next: "look at the address; `gyre up` prints that of the server"
        )
    }

    private func document(_ path: String) async throws -> JSONElement? {
        let answer = try await calls.get(path)
        // What cannot be read is no document of ours.
        guard answer.status == 200, let root = try? JSONDocument(answer.body).root else { return nil }
        return root
    }
}
