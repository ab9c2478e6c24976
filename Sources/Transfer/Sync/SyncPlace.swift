// SPDX-License-Identifier: Apache-2.0

package import JSONText
import Tracking

/// Where the files of a version are, in words that mean the same on both sides.
///
/// An artefact URI holds the number of an experiment, which is another one on each side.
package enum SyncPlace: Sendable, Hashable {
    /// Below the artefacts of a run.
    case run(String, path: String)
    /// Below the files of a logged model.
    case model(String, path: String)
    /// A URI that means the same everywhere.
    case uri(String)

    /// The place of a URI of this side.
    init(uri: String) {
        guard let prefix = TrackingService.artifactPrefix(of: uri) else {
            self = .uri(uri)
            return
        }
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count >= 3, parts[2] == "artifacts", Rules.isID(parts[1]) {
            self = .run(String(parts[1]), path: parts[3...].joined(separator: "/"))
        } else if parts.count >= 4, parts[1] == "models", parts[3] == "artifacts" {
            self = .model(String(parts[2]), path: parts[4...].joined(separator: "/"))
        } else {
            self = .uri(uri)
        }
    }

    /// Reads a place.
    package init(json: JSONElement) throws(TransferError) {
        if let run = json.optional("source_run") {
            self = .run(run, path: try json.required("source_path"))
        } else if let model = json.optional("source_model") {
            self = .model(model, path: try json.required("source_path"))
        } else {
            self = .uri(try json.required("source"))
        }
    }

    func write(into writer: inout JSONWriter) {
        switch self {
        case .run(let run, let path):
            writer.field("source_run", run)
            writer.field("source_path", path)
        case .model(let model, let path):
            writer.field("source_model", model)
            writer.field("source_path", path)
        case .uri(let uri): writer.field("source", uri)
        }
    }

    /// A URI of another store, such as S3; nil for one of a Gyre, because each places what it keeps itself.
    static func foreign(_ uri: String?) -> String? {
        guard let uri, TrackingService.artifactPrefix(of: uri) == nil else { return nil }
        return uri
    }
}
