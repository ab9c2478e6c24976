// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import Glibc
import SystemPackage

/// A tracking server to measure.
struct Peer {
    enum Kind: String {
        case gyre
        case mlflow
        case fasttrackml
    }

    let kind: Kind
    let program: FilePath
    /// Below which folder it keeps its data; nil for the system's temporary one.
    var root: FilePath?
    /// Where it keeps its data while it runs.
    var folder: FilePath?

    /// Starts it over an empty database, hands it over with its port, and ends it.
    func start<Result>(_ options: Options, _ body: (Peer, Int, Child) throws -> Result) throws -> Result {
        let folder: FilePath
        if let root {
            folder = root.appending("gyre-benchmark-\(getpid())")
            try FileSystem.createDirectory(folder)
        } else {
            folder = try FileSystem.temporaryDirectory(prefix: "gyre-benchmark")
        }
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let port = try Loopback.freePort()
        let log = FilePath("/tmp/gyre-benchmark-\(kind.rawValue)-\(port).log")
        let child: Child
        switch kind {
        case .gyre:
            guard try Child(program, ["init", "--quiet"], in: folder, log: log).end().code == 0 else {
                throw Problem("gyre init failed; see \(log)")
            }
            child = try Child(program, ["up", "--port", "\(port)"], in: folder, log: log)
        case .mlflow:
            let arguments = [
                "server", "--host", "127.0.0.1", "--port", "\(port)", "--backend-store-uri",
                "sqlite:///\(folder)/mlflow.db", "--artifacts-destination", "\(folder)/artifacts",
            ]
            child = try Child(program, arguments, in: folder, log: log)
        case .fasttrackml:
            let arguments = [
                "server", "--listen-address", "127.0.0.1:\(port)", "--database-uri",
                "sqlite://\(folder)/fasttrackml.db", "--log-level", "error",
            ]
            child = try Child(program, arguments, in: folder, log: log)
        }
        do {
            while try !Loopback.isHealthy(port) {
                guard ContinuousClock.now - child.started < .seconds(240) else {
                    throw Problem("\(kind.rawValue) is not healthy; see \(log)")
                }
                // Nobody announces that a server is ready; starting it is not what is measured.
                usleep(20_000)
            }
            var running = self
            running.folder = folder
            let result = try body(running, port, child)
            try child.stop()
            return result
        } catch {
            try child.stop()
            throw error
        }
    }

    /// What fills an experiment without requests, for a server to which a hundred thousand requests take an hour.
    func filler(experiment: String, runs: Int, _ options: Options) -> (() throws -> Void)? {
        guard kind == .mlflow, let folder, let script = options.filler else { return nil }
        return {
            let python = program.removingLastComponent().appending("python")
            let log = FilePath("/tmp/gyre-benchmark-filler-\(getpid()).log")
            let arguments = [script.string, "\(folder)/mlflow.db", experiment, "\(runs)"]
            guard try Child(python, arguments, in: folder, log: log).end().code == 0 else {
                throw Problem("cannot fill mlflow's database; see \(log)")
            }
        }
    }
}
