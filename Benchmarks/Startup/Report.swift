// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import Glibc
import SystemPackage

/// Measures and prints, one table after the other.
struct Report {
    private let log = FilePath("/tmp").appending("gyre-benchmark-\(getpid()).log")

    // MARK: What it was measured on

    func versions(_ options: Options) throws {
        for program in [options.gyre, options.mlflow, options.dvc].compactMap({ $0 }) {
            let child = try Child(program, ["--version"], in: "/", log: log)
            _ = try child.end()
            let line = Child.text(log.string).split(separator: "\n").last.map(String.init) ?? "no version"
            print("\(program.lastComponent?.string ?? ""): \(line)")
        }
    }

    // MARK: Short commands

    func commandLine(_ options: Options) throws {
        Table.heading("--version, whole process, \(options.runs) runs in turn", ["wall ms", "p90", "CPU ms", "÷ gyre"])
        let peers = [("mlflow", options.mlflow), ("dvc", options.dvc)].compactMap { name, path in
            path.map { (name, $0) }
        }
        let programs = [("gyre", options.gyre)] + peers
        var costs: [String: [Child.Cost]] = [:]
        for round in 0...options.runs {
            // Peers that take seconds are run less often.
            for (name, program) in programs where name == "gyre" || round <= max(3, options.runs / 4) {
                let result = try Child(program, ["--version"], in: "/", log: log).end()
                guard result.code == 0 else { throw Problem("\(program) --version ended with \(result.code)") }
                // The first round fills the page cache.
                if round > 0 { costs[name, default: []].append(result.cost) }
            }
        }
        let own = Figures.median(costs["gyre", default: []].map(\.wall))
        for (name, _) in programs {
            let walls = costs[name, default: []].map(\.wall)
            let cpu = Figures.median(costs[name, default: []].map(\.cpu))
            Table.row(
                name,
                [
                    Figures.ms(Figures.median(walls)), Figures.ms(Figures.quantile(walls, 0.9)), Figures.ms(cpu),
                    Figures.ratio(Figures.median(walls), own),
                ]
            )
        }
    }

    // MARK: Servers

    func server(_ options: Options) async throws {
        let columns = ["healthy ms", "CPU s", "processes", "RSS MB", "PSS MB", "÷ gyre"]
        Table.heading("start to healthy, and idle 3 s later, \(options.starts) starts in turn", columns)
        var results: [String: [(healthy: Double, idle: Child.Footprint)]] = [:]
        for _ in 0..<options.starts {
            results["gyre up", default: []].append(
                try await start { folder, port in
                    let made = try Child(options.gyre, ["init", "--quiet"], in: folder, log: log).end()
                    guard made.code == 0 else { throw Problem("gyre init ended with \(made.code)") }
                    return try Child(options.gyre, ["up", "--port", "\(port)"], in: folder, log: log)
                }
            )
            if let mlflow = options.mlflow {
                results["mlflow server", default: []].append(
                    try await start { folder, port in
                        let arguments = ["server", "--host", "127.0.0.1", "--port", "\(port)"]
                        return try Child(mlflow, arguments, in: folder, log: log)
                    }
                )
            }
        }
        let own = Figures.median(results["gyre up", default: []].map(\.healthy))
        for name in results.keys.sorted() {
            let all = results[name, default: []]
            let healthy = Figures.median(all.map(\.healthy))
            Table.row(
                name,
                [
                    Figures.ms(healthy), Figures.fixed(Figures.median(all.map(\.idle.cpu)), 2),
                    "\(Int(Figures.median(all.map { Double($0.idle.processes) })))",
                    Figures.fixed(Figures.median(all.map { Double($0.idle.resident) }) / 1e6, 1),
                    Figures.fixed(Figures.median(all.map { Double($0.idle.proportional) }) / 1e6, 1),
                    Figures.ratio(healthy, own),
                ]
            )
        }
    }

    private func start(
        _ make: (_ folder: FilePath, _ port: Int) throws -> Child
    ) async throws -> (healthy: Double, idle: Child.Footprint) {
        let folder = try FileSystem.temporaryDirectory(prefix: "gyre-benchmark")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let port = try Loopback.freePort()
        let child = try make(folder, port)
        do {
            while true {
                if try Loopback.isHealthy(port) { break }
                let waited = ContinuousClock.now - child.started
                guard waited < .seconds(180) else {
                    throw Problem("no health on port \(port) in three minutes; see \(log)")
                }
                try await Task.sleep(for: .milliseconds(waited < .seconds(1) ? 1 : 50))
            }
            let healthy = (ContinuousClock.now - child.started) / .seconds(1)
            try await Task.sleep(for: .seconds(3))
            let idle = child.footprint()
            try child.stop()
            return (healthy, idle)
        } catch {
            try child.stop()
            throw error
        }
    }

    // MARK: The program and the demo

    func size(_ program: FilePath) throws {
        Table.heading("the program", ["MB"])
        Table.row("gyre", [Figures.fixed(Double(try FileSystem.status(of: program).size) / 1e6, 1)])
    }

    func demo(_ program: FilePath, python: FilePath) throws {
        let folder = try FileSystem.temporaryDirectory(prefix: "gyre-benchmark")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let variables = ["GYRE_PYTHON=\(python)"]
        let result = try Child(program, ["demo", "--exit"], in: folder, environment: variables, log: log).end()
        guard result.code == 0 else { throw Problem("gyre demo ended with \(result.code); see \(log)") }
        Table.heading("gyre demo --exit, after set-up", ["wall s"])
        Table.row("the whole cycle", [Figures.fixed(result.cost.wall, 1)])
    }
}
