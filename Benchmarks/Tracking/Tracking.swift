// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import SystemPackage

/// What a team does to a tracking server, against Gyre, `mlflow server` and FastTrackML in turn.
///
///     scripts/benchmark-tracking
///
/// All keep their data in SQLite files on the same disk. Requests go over loopback from one thread.
@main
enum Tracking {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The server to compare the client's time with is this program, started anew.
        if arguments.count == 2, arguments[0] == "--stub", let port = Int(arguments[1]) {
            return try Stub.serve(port: port)
        }
        let options = try Options(arguments)
        Table.machine()
        if options.only != ["client"] {
            var report = Report(options: options)
            for peer in options.peers {
                report.add(try peer.start(options) { try Measurement($0, $1, $2, options).all() })
            }
            report.print()
        }
        if options.has("client"), let python = options.python, let script = options.client {
            try ClientTime(options: options, python: python, script: script).measure()
        }
    }
}

/// What is compared, and how much of it.
struct Options {
    /// The servers, Gyre first.
    var peers: [Peer] = []
    /// How long each load lasts, seconds.
    var seconds = 5.0
    /// How many runs there are to search among.
    var runs = 10_000
    /// How many of them Gyre has in the large part; 0 leaves it out.
    var manyRuns = 100_000
    /// How many points the long history has.
    var points = 1_000_000
    /// A Python with MLflow's client, to measure the client; nil leaves it out.
    var python: FilePath?
    /// The program that logs a run by MLflow's client; nil leaves it out.
    var client: FilePath?
    /// How often that is done with each server.
    var rounds = 7
    /// The script that fills MLflow's database; nil fills it by requests.
    var filler: FilePath?
    /// Names of the parts to measure; empty for all.
    var only: Set<String> = []

    init(_ arguments: [String]) throws {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw Problem(
                    """
                    usage: tracking-benchmark --gyre FILE [--mlflow FILE] [--fasttrackml FILE] [--python FILE --client FILE] \
                    [--rounds N] [--seconds N] [--runs N] [--many-runs N] [--points N] [--only PART,PART]
                    """
                )
            }
            values[String(name.dropFirst(2))] = value
        }
        guard let gyre = values["gyre"] else { throw Problem("`--gyre` names the program to measure") }
        peers = [Peer(kind: .gyre, program: FilePath(gyre))]
        for kind in [Peer.Kind.fasttrackml, .mlflow] {
            if let path = values[kind.rawValue] { peers.append(Peer(kind: kind, program: FilePath(path))) }
        }
        filler = values["filler"].map { FilePath($0) }
        client = values["client"].map { FilePath($0) }
        rounds = values["rounds"].flatMap { Int($0) } ?? rounds
        python = values["python"].map { FilePath($0) }
        seconds = values["seconds"].flatMap { Double($0) } ?? seconds
        runs = values["runs"].flatMap { Int($0) } ?? runs
        manyRuns = values["many-runs"].flatMap { Int($0) } ?? manyRuns
        points = values["points"].flatMap { Int($0) } ?? points
        only = Set((values["only"] ?? "").split(separator: ",").map(String.init))
    }

    /// Whether a part is measured.
    func has(_ part: String) -> Bool { only.isEmpty || only.contains(part) }
}
