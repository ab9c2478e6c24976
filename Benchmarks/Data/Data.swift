// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import SystemPackage

/// How fast data versions and pipelines are, beside the real dvc and the plain tools on the same bytes.
///
///     scripts/benchmark-data
///
/// The files lie in the folder that `TMPDIR` names.
/// Every figure is of whole processes on warm files. The tools take turns, so that a slow minute of the machine hits all.
@main
enum Data {
    static func main() throws {
        let options = try Options(Array(CommandLine.arguments.dropFirst()))
        Table.machine()
        let folder = try FileSystem.temporaryDirectory(prefix: "gyre-benchmark")
        defer {
            // What cannot be removed lies in a folder for temporary files.
            try? FileSystem.removeTree(folder)
        }
        let bench = try Bench(options, in: folder)
        for part in Part.allCases where options.parts.contains(part) { try bench.run(part) }
    }
}

/// What can be measured alone.
enum Part: String, CaseIterable {
    /// 10,000 files of 4 KiB: `add`, `status`, one in a hundred changed, `checkout`.
    case small
    /// One file of 2 GiB.
    case large
    /// 10,000 small files to S3 and back.
    case remote
    /// One file of 200 MiB to S3, and again after a hundredth of it changed: whole, and as chunks.
    case chunks
    /// 50 stages, all of them up to date.
    case repro
    /// 1,000,000 files.
    case many
}

/// What is compared.
struct Options {
    /// The release program.
    var gyre: FilePath
    /// The `dvc` program; nil leaves it out.
    var dvc: FilePath?
    /// The `rclone` program, an S3 server that is no bottleneck; nil leaves remotes out.
    var rclone: FilePath?
    /// How often each is measured.
    var rounds = 3
    /// The small files.
    var files = 10_000
    /// The bytes of the large file.
    var bytes = 2 << 30
    /// The files of `many`.
    var many = 1_000_000
    /// What is measured.
    var parts = Set(Part.allCases)

    init(_ arguments: [String]) throws {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw Problem(
                    """
                    usage: data-benchmark --gyre FILE [--dvc FILE] [--rclone FILE] [--rounds N] [--files N] \
                    [--bytes N] [--many N] [--only PART,PART]
                    """
                )
            }
            values[String(name.dropFirst(2))] = value
        }
        guard let gyre = values["gyre"] else { throw Problem("`--gyre` names the program to measure") }
        self.gyre = FilePath(gyre)
        dvc = values["dvc"].map { FilePath($0) }
        rclone = values["rclone"].map { FilePath($0) }
        if let number = values["rounds"].flatMap({ Int($0) }), number > 0 { rounds = number }
        if let number = values["files"].flatMap({ Int($0) }), number > 0 { files = number }
        if let number = values["bytes"].flatMap({ Int($0) }), number > 0 { bytes = number }
        if let number = values["many"].flatMap({ Int($0) }), number > 0 { many = number }
        if let text = values["only"] {
            parts = []
            for name in text.split(separator: ",") {
                guard let part = Part(rawValue: String(name)) else {
                    throw Problem(
                        "no part `\(name)`; there are \(Part.allCases.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                parts.insert(part)
            }
        }
    }
}
