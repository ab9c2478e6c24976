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
            throw ServerError(.stepFailed, what: "cannot run the image", why: "it has no loader in `/lib64`")
        }
        let arguments = [
            "--library-path", "\(root)/usr/lib", "\(root)/usr/bin/gyre", "serve", "\(root)/model", "--port", "0",
            "--json",
        ]
        narrator.say(
            narrator.output.paint("$ podman run -p 8080:8080 breast-cancer:1", .name)
                + "   (here by its own loader, without podman)"
        )
        var configuration = narrator.configuration(loader, arguments)
        // Nothing of this machine: neither a Python nor its libraries.
        configuration.environment = .custom([
            "PATH": "/nowhere", "GYRE_ONNXRUNTIME": "\(root)/usr/lib/libonnxruntime.so",
        ])
        configuration.workingDirectory = root
        let log = folder.appending(".gyre").appending("image.log")
        try await ServerProcess.with(configuration, log: log) { url in
            try await HTTPTransportClient.with { client in try await ask(url, client) }
            return .ends
        }
        try FileSystem.removeTree(root)
    }

    private func ask(_ url: String, _ client: HTTPTransportClient) async throws {
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
                    .stepFailed,
                    what: "cannot go on with the demo",
                    why: "\(path) answered \(answer.status): \(answer.text)"
                )
            }
            let shown = answer.text.count > 120 ? answer.text.prefix(119) + "…" : answer.text[...]
            narrator.say("POST \(path) → \(shown)  \(narrator.output.paint(took, .quiet))")
        }
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
            throw ServerError(.stepFailed, what: "cannot unpack the image", why: result.standardError)
        }
    }
}
