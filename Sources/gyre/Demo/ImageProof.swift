// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Server
import Subprocess
import SystemPackage
import Terminal

/// Unpacks the image and serves the model by nothing but what is in it: its loader, its libraries, its program.
struct ImageProof: Sendable {
    let narrator: Narrator
    let folder: FilePath

    func run() async throws {
        narrator.step(6, "The unpacked image answers: Open Inference and /invocations, from ONNX")
        let root = folder.appending(".gyre").appending("scratch").appending("image")
        try await unpack(to: root)
        let loader = try FileSystem.list(root.appending("lib64")).first.map { root.appending("lib64").appending($0) }
        guard let loader else {
            throw ServerError(.missingRuntime, what: "cannot run the image", why: "it has no loader in `/lib64`")
        }
        let arguments = [
            "--library-path", "\(root)/usr/lib", "\(root)/usr/bin/gyre", "serve", "\(root)/model", "--port", "0",
            "--json",
        ]
        narrator.say(
            narrator.output.paint("$ podman run -p 8080:8080 breast-cancer:1", .name)
                + "   (here by its own loader, without podman)"
        )
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(5))]
        let configuration = Configuration(
            executable: .path(loader),
            arguments: Arguments(arguments),
            // Nothing of this machine: neither a Python nor its libraries.
            environment: .custom(["PATH": "/nowhere", "GYRE_ONNXRUNTIME": "\(root)/usr/lib/libonnxruntime.so"]),
            workingDirectory: root,
            platformOptions: options
        )
        _ = try await Subprocess.run(configuration, input: .none, output: .sequence, error: .discarded) { execution in
            var text: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                if text.contains(UInt8(ascii: "\n")) { break }
            }
            guard let url = try? JSONDocument(text).root["url"]?.string else {
                throw ServerError(.missingRuntime, what: "cannot run the image", why: "its program ended at once")
            }
            try await ask(url)
            try execution.send(signal: .terminate)
        }
        try FileSystem.removeTree(root)
    }

    private func ask(_ url: String) async throws {
        let client = HTTPTransportClient()
        let row = try HeldBack(folder).rows[0]
        for (path, body) in [("/v2/models/breast-cancer/infer", row.openInference), ("/invocations", row.invocation)] {
            let start = ContinuousClock.now
            let answer = try await client.send(
                "POST",
                url + path,
                headers: [("Content-Type", "application/json")],
                body: body
            )
            let took = Humanize.duration(ContinuousClock.now - start)
            guard answer.status == 200 else {
                throw ServerError(
                    .refused,
                    what: "cannot go on with the demo",
                    why: "\(path) answered \(answer.status): \(answer.text)"
                )
            }
            narrator.say("POST \(path) → \(answer.text.prefix(110))…  \(narrator.output.paint(took, .quiet))")
        }
        await client.shutdown()
    }

    /// Unpacks by `tar`: the archive, then its layers in their order.
    private func unpack(to root: FilePath) async throws {
        let images = folder.appending(".gyre").appending("images")
        let layout = root.removingLastComponent().appending("layout")
        for path in [root, layout] {
            try FileSystem.removeTree(path)
            try FileSystem.createDirectory(path)
        }
        let archive = try FileSystem.list(images).first { $0.hasSuffix(".tar") } ?? ""
        try await tar(["-xf", images.appending(archive).string, "-C", layout.string])
        let manifest = try JSONDocument(try FileReader.text(of: layout.appending("manifest.json"))).root
        for image in manifest.elements {
            for layer in image["Layers"].map({ Array($0.elements) }) ?? [] {
                try await tar(["-xzf", layout.appending(layer.string ?? "").string, "-C", root.string])
            }
        }
        try FileSystem.removeTree(layout)
    }

    private func tar(_ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .name("tar"),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        guard result.terminationStatus.isSuccess else {
            throw ServerError(.missingRuntime, what: "cannot unpack the image", why: result.standardError)
        }
    }
}

/// The rows that were held back from training, as requests.
struct HeldBack {
    /// One row.
    struct Row: Sendable {
        let names: [String]
        let values: [String]

        /// A request of the Open Inference Protocol.
        var openInference: [UInt8] {
            let data = values.joined(separator: ",")
            let tensor = #"{"name":"input","shape":[1,\#(values.count)],"datatype":"FP64","data":[\#(data)]}"#
            return Array(#"{"inputs":[\#(tensor)]}"#.utf8)
        }

        /// A request of MLflow's scoring.
        var invocation: [UInt8] {
            let columns = names.map { "\"\($0)\"" }.joined(separator: ",")
            let data = values.joined(separator: ",")
            return Array(#"{"dataframe_split":{"columns":[\#(columns)],"data":[[\#(data)]]}}"#.utf8)
        }
    }

    let rows: [Row]

    /// Reads `data/holdback.csv`, whose last column is the truth.
    init(_ folder: FilePath) throws {
        let lines = try FileReader.text(of: folder.appending("data").appending("holdback.csv")).split(
            whereSeparator: \.isNewline
        )
        let names = lines.first.map { $0.split(separator: ",").map(String.init) } ?? []
        rows = lines.dropFirst().map { line in
            Row(names: Array(names.dropLast()), values: line.split(separator: ",").dropLast().map(String.init))
        }
    }
}
