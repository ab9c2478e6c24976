// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import SystemPackage

/// How long Gyre takes to be there, and how little it takes while it waits, beside the tools that people know.
///
///     scripts/benchmark
///
/// Every figure is of whole processes. Gyre and its peer take turns, so that a slow minute of the machine hits both.
@main
enum Startup {
    static func main() async throws {
        let options = try Options(Array(CommandLine.arguments.dropFirst()))
        let report = Report()
        Table.machine()
        try report.versions(options)
        try report.commandLine(options)
        try await report.server(options)
        try report.size(options.gyre)
        if let python = options.python { try report.demo(options.gyre, python: python) }
    }
}

/// What is compared.
struct Options {
    /// The release program.
    var gyre: FilePath
    /// The `mlflow` of a full installation; nil leaves it out.
    var mlflow: FilePath?
    /// The `dvc` program; nil leaves it out.
    var dvc: FilePath?
    /// A Python with the packages of `Python/requirements.txt`, for the demo; nil leaves it out.
    var python: FilePath?
    /// How often a short command is run.
    var runs = 20
    /// How often a server is started.
    var starts = 3

    init(_ arguments: [String]) throws {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw Problem(
                    "usage: startup-benchmark --gyre FILE [--mlflow FILE] [--dvc FILE] [--python FILE] [--runs N]"
                )
            }
            values[String(name.dropFirst(2))] = value
        }
        guard let gyre = values["gyre"] else { throw Problem("`--gyre` names the program to measure") }
        self.gyre = FilePath(gyre)
        mlflow = values["mlflow"].map { FilePath($0) }
        dvc = values["dvc"].map { FilePath($0) }
        python = values["python"].map { FilePath($0) }
        if let text = values["runs"], let number = Int(text), number > 0 { runs = number }
    }
}
