// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
package import Serving
package import SystemPackage

/// What a prepared model needs besides its files to answer as it does in the project: `service.json`.
package struct ServiceDescription: Sendable {
    /// The model's name.
    package let name: String
    /// The version.
    package let version: String
    /// The run that trained it; nil if it is not known.
    package let runID: String?
    /// How answers are taken; nil for a regression.
    package let rule: DecisionRule?

    /// A description.
    package init(name: String, version: String, runID: String?, rule: DecisionRule?) {
        self.name = name
        self.version = version
        self.runID = runID
        self.rule = rule
    }

    /// Reads `service.json` of a folder.
    ///
    /// - Throws: ``ServerError`` `.invalidRequest` if the folder holds no model that was built.
    package init(folder: FilePath) throws {
        let root: JSONElement
        do {
            root = try JSONDocument(try FileReader.text(of: folder.appending("service.json"), limit: 1 << 20)).root
        } catch {
            throw ServerError(
                .invalidRequest,
                what: "cannot serve `\(folder)`",
                why: "it has no `service.json` that can be read",
                next: "name a model of the project, or the `model` folder of a built image",
                cause: error
            )
        }
        name = root["name"]?.string ?? "model"
        version = root["version"]?.string ?? "1"
        runID = root["run_id"]?.string
        rule = root["positive"]?.string.map { DecisionRule(positive: $0, threshold: root["threshold"]?.double ?? 0.5) }
    }

    var bytes: [UInt8] {
        var writer = JSONWriter(pretty: true)
        writer.object { writer in
            writer.field("name", name)
            writer.field("version", version)
            writer.field("run_id", runID)
            if let rule {
                writer.field("positive", rule.positive)
                writer.field("threshold", rule.threshold)
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}
