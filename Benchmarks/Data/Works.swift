// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import SystemPackage

extension Bench {
    // MARK: Small files

    func small() throws {
        for tool in versioning + [plain] { try makeFiles(options.files, in: tool.folder.appending("data")) }
        let name = "\(options.files) files of 4 KiB"
        try compare("add \(name); plain: cp -r, and md5sum", versioning + [plain]) { tool in
            if tool.program == nil {
                try putAside(["copy"], in: tool.folder)
            } else {
                try forget(tool)
            }
        } work: { tool in
            guard let program = tool.program else {
                return try shell(
                    "cp -r data copy && find data -type f -print0 | xargs -0 md5sum > sums",
                    in: tool.folder
                )
            }
            return try measure(program, ["add", "-q", "data"], in: tool.folder)
        }
        try compare(
            "status, nothing changed; plain: find with times and sizes",
            rounds: options.rounds * 3,
            versioning + [plain]
        ) { tool in
            guard let program = tool.program else {
                return try shell("find data -printf '%s %T@\\n' > sums", in: tool.folder)
            }
            return try measure(program, ["status"], in: tool.folder)
        }
        var seed: UInt64 = 100
        try compare("add again, one file in a hundred changed", versioning) { tool in
            seed += 1
            try changeFiles(options.files, every: 100, in: tool.folder.appending("data"), seed: seed)
        } work: { tool in
            guard let program = tool.program else { throw Problem("plain tools have no data version") }
            return try measure(program, ["add", "-q", "data"], in: tool.folder)
        }
        try checkouts("copies", versioning + [plain])
        for tool in versioning {
            guard let program = tool.program else { continue }
            _ = try measure(program, ["config", "cache.type", "hardlink"], in: tool.folder)
        }
        try checkouts("hard links", versioning)
    }

    private func checkouts(_ kind: String, _ tools: [Tool]) throws {
        try compare("checkout as \(kind); plain: cp -r", tools) { tool in
            let name = tool.program == nil ? "copy" : "data"
            try putAside([name], in: tool.folder)
        } work: { tool in
            guard let program = tool.program else { return try shell("cp -r data copy", in: tool.folder) }
            return try measure(program, ["checkout", "-q"], in: tool.folder)
        }
    }

    /// Takes the data version and the cache away, and keeps the files.
    private func forget(_ tool: Tool) throws {
        try putAside([".dvc/cache", ".dvc/tmp", "data.dvc"], in: tool.folder)
        try shell("chmod -R u+w data", in: tool.folder)
        try putAside(["site"], in: folder)
    }

    /// Moves files out of the way; they are removed at the end.
    ///
    /// Were they removed here, ext4 would look through all their inodes for ones that were free for a minute, in each tool's time.
    private func putAside(_ names: [String], in place: FilePath) throws {
        let aside = folder.appending("aside").appending("\(UInt64.random(in: .min ... .max))")
        try FileSystem.createDirectory(aside)
        for name in names {
            try shell(
                "[ ! -e \(name) ] || mv \(name) \(aside)/\(FilePath(name).lastComponent?.string ?? name)",
                in: place
            )
        }
    }

    // MARK: One large file

    func large() throws {
        for tool in versioning + [plain] { try makeLarge(tool.folder.appending("big.bin")) }
        try compare("add one file of \(options.bytes >> 20) MiB; plain: md5sum", versioning + [plain]) { tool in
            guard tool.program != nil else { return }
            try shell("rm -rf .dvc/cache .dvc/tmp big.bin.dvc; chmod u+w big.bin", in: tool.folder)
            try shell("rm -rf site; sync", in: folder)
        } work: { tool in
            guard let program = tool.program else { return try shell("md5sum big.bin > sums", in: tool.folder) }
            return try measure(program, ["add", "-q", "big.bin"], in: tool.folder)
        }
        try compare("plain: cp of the same", [plain]) { tool in
            try shell("rm -f copy; sync", in: tool.folder)
        } work: { tool in
            try shell("cp --reflink=never big.bin copy", in: tool.folder)
        }
    }

    private func makeLarge(_ path: FilePath) throws {
        var generator = Numbers(state: 7)
        var bytes: [UInt8] = Array(repeating: 0, count: 1 << 20)
        let file = try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: .ownerReadWrite)
        try file.closeAfter {
            for _ in 0..<(options.bytes >> 20) {
                generator.fill(&bytes)
                try file.writeAll(bytes)
            }
        }
    }

    // MARK: Remotes

    func remote() throws {
        guard let rclone = options.rclone else { return }
        try withStore(rclone, for: versioning) { port in try remote(port) }
    }

    /// The keys of the server.
    private static let (key, secret) = ("key", "secret")

    /// The settings of a remote in the bucket of a tool.
    func remoteSettings(_ tool: Tool, _ port: Int) -> [[String]] {
        [
            ["remote", "add", "-d", "s3", "s3://\(tool.name)/store"],
            ["remote", "modify", "s3", "endpointurl", "http://127.0.0.1:\(port)"],
            ["remote", "modify", "s3", "access_key_id", Self.key],
            ["remote", "modify", "s3", "secret_access_key", Self.secret],
        ]
    }

    /// Runs an S3 server beside the work, with a bucket for each tool.
    func withStore(_ rclone: FilePath, for tools: [Tool], _ body: (Int) throws -> Void) throws {
        let port = try Loopback.freePort()
        // In memory, so that the server's disk is not measured.
        let store = FilePath("/dev/shm").appending(folder.lastComponent?.string ?? "gyre-benchmark")
        defer {
            // What stays is gone with the next start of the machine.
            try? FileSystem.removeTree(store)
        }
        for tool in tools { try FileSystem.createDirectory(store.appending(tool.name)) }
        let server = try Child(
            rclone,
            [
                "serve", "s3", "--config", "/dev/null", "--auth-key", "\(Self.key),\(Self.secret)",
                "--addr", "127.0.0.1:\(port)", "--vfs-cache-mode", "off", store.string,
            ],
            in: folder,
            log: folder.appending("rclone.log")
        )
        defer {
            // It ends with the benchmark at the latest.
            try? server.stop()
        }
        let started = ContinuousClock.now
        // Whoever answers is there, also by a refusal.
        while (try? shell("curl -s -o /dev/null http://127.0.0.1:\(port)/", in: folder)) == nil {
            guard ContinuousClock.now - started < .seconds(60) else { throw Problem("no S3 server") }
        }
        try body(port)
    }

    private func remote(_ port: Int) throws {
        for tool in versioning {
            guard let program = tool.program else { continue }
            try makeFiles(options.files, in: tool.folder.appending("data"))
            for words in remoteSettings(tool, port) + [["add", "-q", "data"]] {
                _ = try measure(program, words, in: tool.folder)
            }
        }
        try compare("push \(options.files) files of 4 KiB to S3 on this machine", rounds: 1, versioning) { tool in
            guard let program = tool.program else { throw Problem("plain tools have no remote") }
            return try measure(program, ["push", "-q"], in: tool.folder)
        }
        try compare("push again, nothing new", versioning) { tool in
            guard let program = tool.program else { throw Problem("plain tools have no remote") }
            return try measure(program, ["push", "-q"], in: tool.folder)
        }
        try compare("pull all of it", rounds: 1, versioning) { tool in
            try putAside([".dvc/cache", ".dvc/tmp", "data"], in: tool.folder)
            try putAside(["site"], in: folder)
        } work: { tool in
            guard let program = tool.program else { throw Problem("plain tools have no remote") }
            return try measure(program, ["pull", "-q"], in: tool.folder)
        }
    }

    // MARK: Pipelines

    func repro() throws {
        var stages = "stages:\n"
        for number in 0..<50 {
            let source = number == 0 ? "start.txt" : "out-\(number - 1).txt"
            stages += """
                  stage-\(number):
                    cmd: cp \(source) out-\(number).txt
                    deps: [\(source)]
                    params: [seed]
                    outs: [out-\(number).txt]

                """
        }
        for tool in versioning {
            guard let program = tool.program else { continue }
            try Self.write(Array(stages.utf8), to: tool.folder.appending("dvc.yaml"))
            try Self.write(Array("seed: 1\n".utf8), to: tool.folder.appending("params.yaml"))
            try Self.write(Array("start\n".utf8), to: tool.folder.appending("start.txt"))
            _ = try measure(program, ["repro", "-q"], in: tool.folder)
        }
        try compare("repro, 50 stages up to date", rounds: options.rounds * 3, versioning) { tool in
            guard let program = tool.program else { throw Problem("plain tools have no stages") }
            return try measure(program, ["repro", "-q"], in: tool.folder)
        }
    }

    // MARK: Many files

    func many() throws {
        for count in [options.many / 10, options.many] {
            try makeFiles(count, in: gyre.folder.appending("data"), size: 64, seed: UInt64(count))
            try forget(gyre)
            for words in [["add", "-q", "data"], ["status"], ["checkout", "-q"]] {
                try compare("\(words[0]) of \(count) files of 64 bytes", rounds: 1, [gyre]) { tool in
                    if words[0] == "checkout" { try putAside(["data"], in: tool.folder) }
                } work: { tool in
                    try measure(options.gyre, words, in: tool.folder)
                }
            }
            try FileSystem.removeTree(gyre.folder.appending("data"))
        }
    }
}
