// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import Glibc
import SystemPackage

/// One tool that versions data, with a project of its own, or the plain tools.
struct Tool {
    let name: String
    /// The program; nil for a line of the shell.
    let program: FilePath?
    /// The project's folder.
    let folder: FilePath
}

/// The tools, what they are made to do, and the tables of it.
struct Bench {
    let options: Options
    let folder: FilePath
    let gyre: Tool
    let dvc: Tool?
    let plain: Tool
    private let log: FilePath

    init(_ options: Options, in folder: FilePath) throws {
        self.options = options
        self.folder = folder
        log = folder.appending("log")
        gyre = Tool(name: "gyre", program: options.gyre, folder: folder.appending("gyre"))
        dvc = options.dvc.map { Tool(name: "dvc", program: $0, folder: folder.appending("dvc")) }
        plain = Tool(name: "plain", program: nil, folder: folder.appending("plain"))
    }

    /// The tools with projects.
    var versioning: [Tool] { [gyre] + (dvc.map { [$0] } ?? []) }

    func run(_ part: Part) throws {
        for tool in versioning + [plain] {
            try FileSystem.createDirectory(tool.folder)
            guard let program = tool.program else { continue }
            try shell(
                "git init -q && git config user.name gyre && git config user.email gyre@example.org",
                in: tool.folder
            )
            _ = try measure(program, ["init", "-q"], in: tool.folder)
        }
        switch part {
        case .small: try small()
        case .large: try large()
        case .remote: try remote()
        case .chunks: try chunks()
        case .repro: try repro()
        case .many: try many()
        }
        for tool in versioning + [plain] { try FileSystem.removeTree(tool.folder) }
    }

    // MARK: Processes

    /// Runs a program to its end, which must be a good one.
    func measure(_ program: FilePath, _ arguments: [String], in folder: FilePath) throws -> Child.Cost {
        let environment = [
            "DVC_NO_ANALYTICS=1", "DVC_SITE_CACHE_DIR=\(self.folder.appending("site"))", "AWS_ACCESS_KEY_ID=gyre",
            "AWS_SECRET_ACCESS_KEY=gyre", "AWS_DEFAULT_REGION=us-east-1",
        ]
        let (cost, code) = try Child(program, arguments, in: folder, environment: environment, log: log).end()
        guard code == 0 else {
            throw Problem(
                "\(program) \(arguments.joined(separator: " ")): \(code)\n\(Child.text(log.string).suffix(2_000))"
            )
        }
        return cost
    }

    @discardableResult
    func shell(_ line: String, in folder: FilePath) throws -> Child.Cost {
        try measure("/bin/sh", ["-c", line], in: folder)
    }

    // MARK: Tables

    /// A work that each tool does in its own words, in turn, after a preparation that is not measured.
    ///
    /// - Parameters:
    ///   - title: What is done.
    ///   - rounds: How often.
    ///   - tools: Who does it; the first one is what the others are compared with.
    ///   - prepare: Brings a tool's project to where the work begins.
    ///   - work: Does it, and returns what it took.
    /// - Throws: ``Problem`` if a tool fails.
    func compare(
        _ title: String,
        rounds: Int? = nil,
        _ tools: [Tool],
        prepare: (Tool) throws -> Void = { _ in },
        work: (Tool) throws -> Child.Cost
    ) throws {
        Table.heading(title, ["wall ms", "p90", "user ms", "system ms", "peak MB", "÷ \(tools[0].name)"])
        var costs = tools.map { _ in [Child.Cost]() }
        for _ in 0..<(rounds ?? options.rounds) {
            for (index, tool) in tools.enumerated() {
                try prepare(tool)
                // What one tool left for the disk is not the next one's work.
                sync()
                costs[index].append(try work(tool))
            }
        }
        let own = Figures.median(costs[0].map(\.wall))
        for (tool, costs) in zip(tools, costs) {
            let walls = costs.map(\.wall)
            Table.row(
                tool.name,
                [
                    Figures.ms(Figures.median(walls)), Figures.ms(Figures.quantile(walls, 0.9)),
                    Figures.ms(Figures.median(costs.map(\.user))), Figures.ms(Figures.median(costs.map(\.system))),
                    "\((costs.map(\.peak).max() ?? 0) >> 20)", Figures.ratio(Figures.median(walls), own),
                ]
            )
        }
    }

    // MARK: Files

    /// Makes files of 4 KiB, a hundred a folder, no two alike.
    func makeFiles(_ count: Int, in folder: FilePath, size: Int = 4_096, seed: UInt64 = 1) throws {
        var generator = Numbers(state: seed)
        var bytes: [UInt8] = Array(repeating: 0, count: size)
        for start in stride(from: 0, to: count, by: 100) {
            let place = folder.appending("part-\(start / 100)")
            try FileSystem.createDirectory(place)
            for number in start..<min(start + 100, count) {
                generator.fill(&bytes)
                try Self.write(bytes, to: place.appending("file-\(number).bin"))
            }
        }
    }

    /// Gives every so many files another content.
    func changeFiles(_ count: Int, every: Int, in folder: FilePath, seed: UInt64) throws {
        var generator = Numbers(state: seed)
        var bytes: [UInt8] = Array(repeating: 0, count: 4_096)
        for number in stride(from: 0, to: count, by: every) {
            generator.fill(&bytes)
            try Self.write(bytes, to: folder.appending("part-\(number / 100)").appending("file-\(number).bin"))
        }
    }

    static func write(_ bytes: [UInt8], to path: FilePath) throws {
        let options: FileDescriptor.OpenOptions = [.create, .truncate]
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: options,
            permissions: [.ownerReadWrite, .groupRead]
        )
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }
}

/// Bytes that nobody can compress, the same ones each time.
struct Numbers {
    var state: UInt64

    /// - Source: Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators* (2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func fill(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { bytes in
            for place in stride(from: 0, to: bytes.count - 7, by: 8) {
                bytes.storeBytes(of: next(), toByteOffset: place, as: UInt64.self)
            }
        }
    }
}
