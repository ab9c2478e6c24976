// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import JSONText
import Packaging
import Server
import SystemPackage
import Terminal

/// `gyre build`: an image without a daemon.
struct BuildVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build an OCI image that serves a version, without a Docker daemon.",
        discussion: """
            The archive is an OCI image layout that `docker load`, `podman load` and `skopeo` take. It has no base image: this
            program, the libraries it needs, ONNX Runtime and the model are all that is in it.

            Example:
              gyre build && podman load -i .gyre/images/breast-cancer-1.tar
            """
    )

    @Argument(help: ArgumentHelp("The version; the champion if missing.", valueName: "version"))
    var version: Int?

    @Option(name: [.short, .long], help: ArgumentHelp("The archive to write.", valueName: "file"))
    var output: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            try await Self.build(services, version: version, archive: output.map { common.path($0) }, common.output)
        }
    }

    static func build(_ services: ProjectServices, version: Int?, archive: FilePath?, _ output: Output) async throws {
        let program = try FileSystem.realPath("/proc/self/exe")
        let assembly = ImageAssembly(services: services, program: program, version: gyreVersion)
        let built = try await assembly.build(version: version, to: archive)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("image", "\(built.name):\(built.tag)")
            writer.field("archive", built.image.archive.string)
            writer.field("digest", built.image.digest)
            writer.field("size", built.image.sizeInBytes)
        }
        var shown = built.image.archive
        _ = shown.removePrefix(services.workspace.root)
        output.result(
            json: writer.text,
            text:
                "\(built.name):\(built.tag)  \(Humanize.bytes(built.image.sizeInBytes))  \(shown)\n\(built.image.digest)"
        )
    }
}
