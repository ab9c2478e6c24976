// SPDX-License-Identifier: Apache-2.0

package import Documents
package import Evaluation
package import Feedback
import Files
package import SystemPackage

/// `gyre.yaml`, read and checked.
package struct ProjectFile: Sendable {
    /// `model`: what the project builds.
    package struct Model: Sendable {
        /// The registered model's name; the project's name by default.
        package var name: String
        /// The label column.
        package var target: String?
        /// The positive class, as the label column spells it.
        package var positive = "1"
        /// The score from which an answer is positive, 0 to 1.
        package var threshold = 0.5
    }

    /// `evaluation`: what a model must reach.
    package struct Evaluation: Sendable {
        /// The table that models are judged on, relative to the project.
        package var data: FilePath?
        /// The conditions for `champion`.
        package var require: [Requirement] = []
    }

    /// `monitoring`: what the live inputs are compared with.
    package struct Monitoring: Sendable {
        /// The table that the features are expected to look like, relative to the project.
        package var reference: FilePath?
    }

    /// `loop`: when to retrain, and on what.
    package struct Loop: Sendable {
        /// The table that gathered errors are added to, relative to the project.
        package var errors: FilePath?
        /// A turn begins when one of these fires; none means never by itself.
        package var retrainWhen: [RetrainRule] = []
        /// Whether a challenger that passed serves without a person's word.
        package var promotesAutomatically = false
    }

    /// `data`: how its data is kept.
    package struct Data: Sendable {
        /// Whether `gyre push` sends large contents as chunks that versions share.
        package var isChunked = false
    }

    /// The project's name.
    package var project: String
    /// `tracking`: the server that `gyre sync` sends runs to.
    package var tracking: String?
    /// How its data is kept.
    package var data = Data()
    /// What the project builds.
    package var model: Model
    /// What a model must reach.
    package var evaluation = Evaluation()
    /// What the live inputs are compared with.
    package var monitoring = Monitoring()
    /// When to retrain, and on what.
    package var loop = Loop()

    /// Settings of a project that writes none.
    package init(defaultName: String) {
        project = defaultName
        model = Model(name: defaultName)
    }
}

extension ProjectFile {
    /// Reads a project's file; without one, everything has its default.
    ///
    /// - Throws: ``DocumentError`` with every mistake in it.
    package static func load(_ workspace: Workspace) throws -> ProjectFile {
        let name = workspace.root.lastComponent?.string ?? "project"
        guard FileSystem.exists(workspace.projectFile) else { return ProjectFile(defaultName: name) }
        let text = try FileReader.text(of: workspace.projectFile, limit: 1 << 20)
        return try parse(text, defaultName: name)
    }

    /// Reads the text of a project file.
    package static func parse(_ text: String, defaultName: String) throws(DocumentError) -> ProjectFile {
        let reader = FieldReader(try YAMLDocument.parse(text, file: "gyre.yaml"), file: "gyre.yaml")
        var file = ProjectFile(defaultName: reader.string("project") ?? defaultName)
        file.tracking = reader.string("tracking")
        if let url = file.tracking, !["http://", "https://"].contains(where: { url.hasPrefix($0) }),
            let node = reader.value("tracking")
        {
            reader.report(
                "`tracking` is `\(url.prefix(100))`; it is the address of a Gyre server, such as `http://127.0.0.1:5000`",
                at: node.position
            )
        }
        if let data = reader.mapping("data") {
            file.data.isChunked = data.bool("chunking") ?? false
            data.checkKeys()
        }
        if let model = reader.mapping("model") {
            file.model.name = model.string("name") ?? file.project
            file.model.target = model.string("target")
            file.model.positive = model.string("positive") ?? "1"
            if let threshold = model.double("threshold") {
                file.model.threshold = threshold
                if !(0...1).contains(threshold), let node = model.value("threshold") {
                    model.report("`model.threshold` is \(threshold); it lies between 0 and 1", at: node.position)
                }
            }
            model.checkKeys()
        }
        if let evaluation = reader.mapping("evaluation") {
            file.evaluation.data = evaluation.string("data").map { FilePath($0) }
            for (text, position) in evaluation.strings("require") {
                do {
                    file.evaluation.require.append(try Requirement(text))
                } catch {
                    evaluation.report("\(error.what): \(error.why)", at: position, suggestion: error.next)
                }
            }
            evaluation.checkKeys()
        }
        if let monitoring = reader.mapping("monitoring") {
            file.monitoring.reference = monitoring.string("reference").map { FilePath($0) }
            monitoring.checkKeys()
        }
        if let loop = reader.mapping("loop") {
            file.loop.errors = loop.string("errors").map { FilePath($0) }
            for (text, position) in loop.strings("retrain_when") {
                do {
                    file.loop.retrainWhen.append(try RetrainRule(text))
                } catch {
                    loop.report("\(error.what): \(error.why)", at: position, suggestion: error.next)
                }
            }
            file.loop.promotesAutomatically = loop.choice("promote", PromotionMode.self) == .automatic
            loop.checkKeys()
        }
        try reader.finish()
        return file
    }

    private enum PromotionMode: String, CaseIterable { case automatic, ask }
}
