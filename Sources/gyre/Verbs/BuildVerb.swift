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
            let image = try await NamedImage.build(services, version: version, archive: output.map { common.path($0) })
            var writer = JSONWriter()
            image.write(into: &writer)
            try common.output.answer(json: writer.text, text: image.text)
        }
    }
}

/// An image that was built, with its name.
struct NamedImage {
    private let name: String
    private let image: BuiltImage
    private let shownArchive: FilePath

    /// Builds the image of a version; of the champion if nil.
    static func build(_ services: ProjectServices, version: Int?, archive: FilePath?) async throws -> NamedImage {
        let program = try FileSystem.realPath("/proc/self/exe")
        let assembly = ImageAssembly(services: services, program: program, version: gyreVersion)
        let built = try await assembly.build(version: version, to: archive)
        var shown = built.image.archive
        _ = shown.removePrefix(services.workspace.root)
        return NamedImage(name: "\(built.name):\(built.tag)", image: built.image, shownArchive: shown)
    }

    var text: String { "\(name)  \(Humanize.bytes(image.sizeInBytes))  \(shownArchive)\n\(image.digest)" }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("image", name)
            writer.field("archive", image.archive.string)
            writer.field("digest", image.digest)
            writer.field("size", image.sizeInBytes)
        }
    }
}
