// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import SystemPackage

/// Measures and prints, one table after the other.
struct Report {
    private let log = FilePath("/tmp").appending("gyre-benchmark-\(getpid()).log")

    // MARK: What it was measured on

    func machine() {
        let processor = Child.text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") } ?? ""
        let memory = Child.text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal") } ?? ""
        let kilobytes = memory.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        print("\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores \(processor.drop { $0 != ":" }), \(kilobytes >> 20) GiB\n")
    }

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
        heading("--version, whole process, \(options.runs) runs in turn", ["wall ms", "p90", "CPU ms", "÷ gyre"])
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
        let own = median(costs["gyre", default: []].map(\.wall))
        for (name, _) in programs {
            let walls = costs[name, default: []].map(\.wall)
            let cpu = median(costs[name, default: []].map(\.cpu))
            row(name, [ms(median(walls)), ms(quantile(walls, 0.9)), ms(cpu), ratio(median(walls), own)])
        }
    }

    // MARK: Servers

    func server(_ options: Options) async throws {
        let columns = ["healthy ms", "CPU s", "processes", "RSS MB", "PSS MB", "÷ gyre"]
        heading("start to healthy, and idle 3 s later, \(options.starts) starts in turn", columns)
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
        let own = median(results["gyre up", default: []].map(\.healthy))
        for name in results.keys.sorted() {
            let all = results[name, default: []]
            let healthy = median(all.map(\.healthy))
            row(
                name,
                [
                    ms(healthy), fixed(median(all.map(\.idle.cpu)), 2),
                    "\(Int(median(all.map { Double($0.idle.processes) })))",
                    fixed(median(all.map { Double($0.idle.resident) }) / 1e6, 1),
                    fixed(median(all.map { Double($0.idle.proportional) }) / 1e6, 1), ratio(healthy, own),
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
        let port = try freePort()
        let child = try make(folder, port)
        do {
            while true {
                if try Self.isHealthy(port) { break }
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

    /// Whether somebody listens and answers `/health` with 200.
    private static func isHealthy(_ port: Int) throws -> Bool {
        var answer: [UInt8] = Array(repeating: 0, count: 64)
        let isThere = try loopback(port, connect) { descriptor in
            let request = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            _ = request.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            _ = recv(descriptor, &answer, answer.count, 0)
        }
        return isThere && String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200")
    }

    /// Calls `bind` or `connect` with 127.0.0.1 on a socket of its own; whether it went well.
    private static func loopback(
        _ port: Int,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32,
        _ then: (Int32) throws -> Void = { _ in }
    ) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Problem("no socket: \(Errno(rawValue: errno))") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { try then(descriptor) }
        return status == 0
    }

    private func freePort() throws -> Int {
        var port = 0
        _ = try Self.loopback(0, bind) { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            port = Int(UInt16(bigEndian: address.sin_port))
        }
        guard port > 0 else { throw Problem("no free port") }
        return port
    }

    // MARK: The program and the demo

    func size(_ program: FilePath) throws {
        heading("the program", ["MB"])
        row("gyre", [fixed(Double(try FileSystem.status(of: program).size) / 1e6, 1)])
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
        heading("gyre demo --exit, after set-up", ["wall s"])
        row("the whole cycle", [fixed(result.cost.wall, 1)])
    }

    // MARK: Text

    private func heading(_ title: String, _ columns: [String]) {
        print("\n\(title)")
        row("", columns)
    }

    private func row(_ name: String, _ cells: [String]) {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let head = name + String(repeating: " ", count: max(0, 16 - name.count))
        print("  " + head + cells.map { padded($0, 12) }.joined())
    }

    private func quantile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count - 1) * share).rounded(.up)))]
    }

    private func median(_ values: [Double]) -> Double { quantile(values, 0.5) }
    private func ms(_ seconds: Double) -> String { fixed(seconds * 1_000, 1) }
    private func ratio(_ value: Double, _ own: Double) -> String { "×" + fixed(value / own, 1) }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * scale).rounded())
        let rest = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - rest.count) + rest
    }
}
