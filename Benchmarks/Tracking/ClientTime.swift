// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import Glibc
import SystemPackage

/// How long the unmodified Python client takes for a run, against Gyre and against a server that answers at once, in turn.
///
/// Gyre is there twice: over the disk, on which each answer waits for a sync, and over memory, where what is left is its own.
struct ClientTime {
    let options: Options
    let python: FilePath
    let script: FilePath

    private struct Times {
        var wall: [Double] = []
        var processor: [Double] = []
    }

    /// Measures and prints all, and how many times as long Gyre takes.
    func measure() throws {
        guard let gyre = options.peers.first else { return }
        let folder = try FileSystem.temporaryDirectory(prefix: "gyre-benchmark")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        var inMemory = gyre
        inMemory.root = "/dev/shm"
        try gyre.start(options) { _, disk, _ in
            try inMemory.start(options) { _, memory, _ in
                try withStub(in: folder) { stub in
                    let servers = [("gyre", disk), ("gyre, in memory", memory), ("answers at once", stub)]
                    var times = servers.map { _ in Times() }
                    for round in 0..<options.rounds {
                        // Whoever comes later finds the machine warmer.
                        for place in servers.indices {
                            let index = (place + round) % servers.count
                            try log(to: servers[index].1, in: folder, &times[index])
                        }
                    }
                    try report(servers.map(\.0), times, sync: sync(in: folder))
                }
            }
        }
    }

    private func withStub(in folder: FilePath, _ body: (_ port: Int) throws -> Void) throws {
        let port = try Loopback.freePort()
        let program = try FileSystem.realPath("/proc/self/exe")
        let stub = try Child(program, ["--stub", "\(port)"], in: folder, log: folder.appending("stub.log"))
        do {
            while try !Loopback.isHealthy(port) {
                guard ContinuousClock.now - stub.started < .seconds(20) else { throw Problem("no stub server") }
            }
            try body(port)
            try stub.stop()
        } catch {
            try stub.stop()
            throw error
        }
    }

    /// What the disk takes to sync a page, seconds: no durable server answers sooner.
    private func sync(in folder: FilePath) throws -> Double {
        let file = try FileDescriptor.open(
            folder.appending("sync"),
            .writeOnly,
            options: [.create],
            permissions: .ownerReadWrite
        )
        return try file.closeAfter {
            let page: [UInt8] = Array(repeating: 7, count: 4_096)
            var times: [Double] = []
            // The first turn lays the file out; the others write over it, as a log that is used anew.
            for turn in 0..<400 {
                try file.writeAll(toAbsoluteOffset: Int64(turn % 100) * 4_096, page)
                let start = ContinuousClock.now
                guard fdatasync(file.rawValue) == 0 else { throw Problem("cannot sync") }
                if turn >= 100 { times.append((ContinuousClock.now - start) / .seconds(1)) }
            }
            return Figures.median(times)
        }
    }

    private func log(to port: Int, in folder: FilePath, _ times: inout Times) throws {
        let log = folder.appending("client.log")
        let environment = [
            "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true", "GIT_PYTHON_REFRESH=quiet",
            "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=false",
        ]
        let arguments = [script.string, "http://127.0.0.1:\(port)"]
        let child = try Child(python, arguments, in: folder, environment: environment, log: log)
        let code = try child.end().code
        let text = Child.text(log.string)
        let line = text.split(separator: "\n").compactMap { line -> [Double]? in
            let numbers = line.split(separator: " ").compactMap { Double($0) }
            return numbers.count == 2 ? numbers : nil
        }.last
        guard code == 0, let line else { throw Problem("the client failed: \(text.suffix(2_000))") }
        times.wall.append(line[0])
        times.processor.append(line[1])
    }

    private func report(_ names: [String], _ times: [Times], sync: Double) throws {
        Table.heading(
            "the client's time for 1 run, 20 params, 1,000 x log_metrics of 5, \(options.rounds) rounds",
            ["median ms", "p90 ms", "its CPU ms", "ratio"]
        )
        let bare = Figures.median(times.last?.wall ?? [])
        for (name, times) in zip(names, times) {
            Table.row(
                name,
                [
                    Figures.ms(Figures.median(times.wall)), Figures.ms(Figures.quantile(times.wall, 0.9)),
                    Figures.ms(Figures.median(times.processor)),
                    "×" + Figures.fixed(Figures.median(times.wall) / bare, 2),
                ]
            )
        }
        print("  a sync of this disk takes \(Figures.ms(sync)) ms")
    }
}
