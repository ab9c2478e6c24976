// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Registry
import Tracking

extension Call {
    func versionNumber() throws(CallError) -> Int {
        let text = try requiredText("version")
        guard let number = Int(text) else { throw .notInteger("version", text) }
        return number
    }

    /// The tag that a call sets; a value that is missing is empty.
    func tag() throws(CallError) -> KeyValue { KeyValue(try requiredText("key"), try text("value") ?? "") }
}

extension RegisteredModel {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("registered_model")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("creation_timestamp", createdMs)
            writer.field("last_updated_timestamp", updatedMs)
            if !description.isEmpty { writer.field("description", description) }
            writer.key("latest_versions")
            writer.array { writer in for version in latest { version.write(into: &writer) } }
            writer.pairs("tags", tags)
            writer.key("aliases")
            writer.array { writer in
                for (alias, version) in aliases {
                    writer.object { writer in
                        writer.field("alias", alias)
                        writer.field("version", String(version))
                    }
                }
            }
        }
    }
}

extension ModelVersion {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("model_version")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("version", String(version))
            writer.field("creation_timestamp", createdMs)
            writer.field("last_updated_timestamp", updatedMs)
            writer.field("current_stage", stage.rawValue)
            writer.field("description", description)
            writer.field("source", source)
            writer.field("run_id", runID ?? "")
            if let modelID { writer.field("model_id", modelID) }
            writer.field("run_link", runLink)
            writer.field("status", "READY")
            writer.pairs("tags", tags)
            writer.key("aliases")
            writer.array { writer in for alias in aliases { writer.string(alias) } }
        }
    }
}
