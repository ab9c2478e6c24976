// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Registry
import Server
import SystemPackage
import Terminal

/// `gyre models download`: the files of a version in a folder.
struct ModelsDownloadVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Copy the files of a version to a new folder.",
        discussion: """
            The folder appears when all files are in it; what fails or is interrupted leaves nothing.

            Example:
              gyre models download churn@champion model/
            """
    )

    @Argument(help: ArgumentHelp("The version, as NAME/VERSION or NAME@ALIAS.", valueName: "version"))
    var version: String

    @Argument(help: ArgumentHelp("A folder that is empty or not there yet.", valueName: "folder"))
    var folder: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let output = common.output
        let reference = try VersionReference(typed: version)
        let target = common.path(folder)
        try await Session.withProject(common) { services in
            let version = try await services.registry.version(meant: reference)
            let copied = try await ModelDownload(services: services).copy(version, to: target)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("name", version.name)
                writer.field("version", version.version)
                writer.field("folder", target.string)
                writer.field("files", copied.count)
                writer.field("size_in_bytes", copied.sizeInBytes)
            }
            let files = "\(copied.count) \(copied.count == 1 ? "file" : "files"), \(Humanize.bytes(copied.sizeInBytes))"
            try output.answer(json: writer.text, text: "\(version.name)/\(version.version) is in \(target): \(files)")
        }
    }
}
