// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Files
import SystemPackage

extension Bench {
    // MARK: Chunks

    func chunks() throws {
        guard let rclone = options.rclone, let program = gyre.program else { return }
        let tools = ["whole", "chunks"].map { Tool(name: $0, program: program, folder: gyre.folder.appending($0)) }
        try withStore(rclone, for: tools) { port in
            for tool in tools {
                try FileSystem.createDirectory(tool.folder)
                try shell("git init -q", in: tool.folder)
                _ = try measure(program, ["init", "-q"], in: tool.folder)
                if tool.name == "chunks" { try shell("echo 'data: {chunking: true}' > gyre.yaml", in: tool.folder) }
                for words in remoteSettings(tool, port) { _ = try measure(program, words, in: tool.folder) }
                try shell("head -c 200M /dev/urandom > big; \(program) add -q big", in: tool.folder)
            }
            func push(_ tool: Tool) throws -> Child.Cost { try measure(program, ["push", "--json"], in: tool.folder) }
            try compare("push one file of 200 MiB to S3 on this machine", rounds: 1, tools, work: push)
            try compare("push it again, 2 MiB in its middle changed", tools) { tool in
                let change = "head -c 2M /dev/urandom | dd of=big bs=1M seek=$((20 + $(date +%s) % 150)) conv=notrunc"
                try shell("chmod u+w big; \(change) 2>/dev/null; \(program) add -q big", in: tool.folder)
            } work: {
                try push($0)
            }
            for tool in tools {
                try shell(
                    "chmod u+w big; printf x | dd of=big bs=1M seek=9 conv=notrunc; \(program) add -q big",
                    in: tool.folder
                )
                try shell("\(program) push --json | grep -o '\"bytes\":[0-9]*' > sent", in: tool.folder)
                print("after one byte changed, \(tool.name): \(try FileReader.text(of: tool.folder.appending("sent")))")
            }
        }
    }
}
