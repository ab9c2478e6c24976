// SPDX-License-Identifier: Apache-2.0

import Files
package import Packaging
import Registry
import Serving
package import SystemPackage

/// Puts a model, this program and what both need into an image.
package struct ImageAssembly: Sendable {
    private let services: ProjectServices
    private let program: FilePath
    private let version: String

    /// An assembly.
    ///
    /// - Parameters:
    ///   - services: The project.
    ///   - program: This program's own file.
    ///   - version: Gyre's version.
    package init(services: ProjectServices, program: FilePath, version: String) {
        self.services = services
        self.program = program
        self.version = version
    }

    /// Builds the image of a version: no base, only this program, the libraries it needs, ONNX Runtime and the model.
    ///
    /// - Parameters:
    ///   - number: The version; the champion if nil.
    ///   - archive: Where to write; `.gyre/images/<model>-<version>.tar` if nil.
    /// - Returns: The image, with its name and tag.
    /// - Throws: ``ServerError`` `.notFound` if there is no such version, `.refused` if its files are not those that passed.
    package func build(
        version number: Int?,
        to archive: FilePath?
    ) async throws -> (image: BuiltImage, name: String, tag: String) {
        let name = services.project.model.name
        let registered: ModelVersion
        if let number {
            registered = try await services.registry.version(model: name, number: number)
        } else if let champion = try await Judge(services: services).championVersion() {
            registered = champion
        } else {
            throw ServerError(
                .notFound,
                what: "cannot build an image of `\(name)`",
                why: "it has no champion",
                next: "promote a run, for example by `gyre promote --best recall`"
            )
        }
        let store = ModelStore(services: services)
        let prepared = try await store.prepared(registered)
        let runtime = try await services.runtimes.onnxRuntime()
        let model = services.project.model
        let isClassifier = prepared.classes.contains(model.positive)
        let description = ServiceDescription(
            name: name,
            version: String(registered.version),
            runID: registered.runID,
            rule: isClassifier ? DecisionRule(positive: model.positive, threshold: model.threshold) : nil
        )
        let tag = String(registered.version)
        var plan = ImagePlan(
            name: name,
            tag: tag,
            entrypoint: ["/usr/bin/gyre", "serve", "/model", "--host", "0.0.0.0", "--port", "8080"]
        )
        let libraries = try LibraryClosure().files(for: [
            (program, "/usr/bin/gyre"), (runtime.path, "/usr/lib/libonnxruntime.so"),
        ])
        let own: Set = ["/usr/bin/gyre"]
        // What changes least comes first, so that a registry keeps it once for all versions.
        plan.layers = [
            libraries.filter { !own.contains($0.path) }, libraries.filter { own.contains($0.path) },
            [
                ImageFile(path: "/model/model.onnx", content: .file(prepared.onnx)),
                ImageFile(path: "/model/prepared.json", content: .file(prepared.path.appending("prepared.json"))),
                ImageFile(path: "/model/service.json", content: .bytes(description.bytes)),
                ImageFile(path: "/tmp/.keep", content: .bytes([])),
            ],
        ]
        plan.environment = ["PATH=/usr/bin", "LD_LIBRARY_PATH=/usr/lib", "GYRE_ONNXRUNTIME=/usr/lib/libonnxruntime.so"]
        plan.ports = [8_080]
        plan.user = "65532:65532"
        plan.labels = [
            ("org.opencontainers.image.title", name), ("org.opencontainers.image.version", tag),
            ("gyre.model.digest", prepared.sourceDigest), ("gyre.run", registered.runID ?? ""),
            ("gyre.version", version),
        ]
        let target = archive ?? services.workspace.images.appending("\(name)-\(tag).tar")
        try FileSystem.createDirectory(target.removingLastComponent())
        let image = try await ImageBuilder(scratch: services.workspace.scratch).build(plan, to: target)
        return (image, name, tag)
    }
}
