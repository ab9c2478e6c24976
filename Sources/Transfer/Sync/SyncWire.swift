// SPDX-License-Identifier: Apache-2.0

package import JSONText
package import Registry
package import Tracking

/// The words of the sync protocol, `/api/gyre/v1/sync/…`: JSON documents that both sides write and read here.
package enum SyncWire {
    /// What both sides must agree on; it changes when an older side would misunderstand.
    package static let version: Int64 = 1
    /// The most points in one request.
    package static let pointLimit = 10_000
    /// The most fingerprints, files or names in one request.
    package static let itemLimit = 500

    /// Reads `[["path", size], …]`.
    package static func files(_ list: [JSONElement]) throws(TransferError) -> [(path: String, size: Int64)] {
        var result: [(path: String, size: Int64)] = []
        for item in list {
            let parts = Array(item.elements)
            guard parts.count == 2, let path = parts[0].string, let size = parts[1].int64 else {
                throw missing("files")
            }
            result.append((path, size))
        }
        return result
    }

    static func missing(_ name: String) -> TransferError {
        TransferError(
            .wrongContent,
            what: "cannot take what a sync sent",
            why: "`\(name)` is missing or of another kind",
            next: "update the older of the two Gyres"
        )
    }

    static func tooMany(_ count: Int, _ limit: Int) -> TransferError {
        TransferError(
            .tooLarge,
            what: "cannot take what a sync sent",
            why: "a list has \(count) entries; \(limit) are allowed",
            next: "send several"
        )
    }
}

/// What is synced piece by piece, and remembered when all of it is there.
package enum SyncKind: String, Sendable {
    case experiment, run, model, registered
}

/// A kind of thing with a name and a fingerprint of its content.
package struct SyncItem: Sendable, Hashable {
    /// Its name or id.
    package let name: String
    /// A digest of its content.
    package let fingerprint: String

    init(name: String, fingerprint: String) {
        self.name = name
        self.fingerprint = fingerprint
    }

    /// Reads `[["name", "fingerprint"], …]`.
    package static func list(_ list: [JSONElement]) throws(TransferError) -> [SyncItem] {
        var result: [SyncItem] = []
        for item in list {
            let parts = Array(item.elements)
            guard parts.count == 2, let name = parts[0].string, let fingerprint = parts[1].string else {
                throw SyncWire.missing("items")
            }
            result.append(SyncItem(name: name, fingerprint: fingerprint))
        }
        return result
    }
}

extension JSONElement {
    /// A text that must be there.
    package func required(_ key: String) throws(TransferError) -> String {
        guard let text = self[key]?.string else { throw SyncWire.missing(key) }
        return text
    }

    /// A whole number that must be there.
    package func requiredNumber(_ key: String) throws(TransferError) -> Int64 {
        guard let number = self[key]?.int64 else { throw SyncWire.missing(key) }
        return number
    }

    /// An object that must be there.
    package func object(_ key: String) throws(TransferError) -> JSONElement {
        guard let object = self[key], object.kind == .object else { throw SyncWire.missing(key) }
        return object
    }

    /// The items of a list that must be there.
    package func items(_ key: String, limit: Int = .max) throws(TransferError) -> [JSONElement] {
        guard let list = self[key], list.kind == .array else { throw SyncWire.missing(key) }
        guard list.count <= limit else { throw SyncWire.tooMany(list.count, limit) }
        return Array(list.elements)
    }

    /// A text that may be missing.
    package func optional(_ key: String) -> String? { self[key]?.string }

    /// A list of texts.
    package func texts(_ key: String, limit: Int = .max) throws(TransferError) -> [String] {
        var result: [String] = []
        for item in try items(key, limit: limit) {
            guard let text = item.string else { throw SyncWire.missing(key) }
            result.append(text)
        }
        return result
    }

    /// A list of pairs `["key", "value"]`.
    func keyValues(_ key: String) throws(TransferError) -> [KeyValue] {
        var result: [KeyValue] = []
        for item in try items(key) {
            let parts = Array(item.elements)
            guard parts.count == 2, let name = parts[0].string, let value = parts[1].string else {
                throw SyncWire.missing(key)
            }
            result.append(KeyValue(name, value))
        }
        return result
    }

    /// A raw value that must be there.
    func choice<Choice: RawRepresentable<String>>(_ key: String) throws(TransferError) -> Choice {
        guard let choice = Choice(rawValue: try required(key)) else { throw SyncWire.missing(key) }
        return choice
    }
}

extension JSONWriter {
    mutating func pairs(_ name: String, _ pairs: [KeyValue]) {
        key(name)
        array { writer in
            for pair in pairs {
                writer.array { writer in
                    writer.string(pair.key)
                    writer.string(pair.value)
                }
            }
        }
    }

    mutating func texts(_ name: String, _ texts: [String]) {
        key(name)
        array { writer in for text in texts { writer.string(text) } }
    }
}

// MARK: Experiments and models

extension ExperimentRecord {
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("artifact_location", artifactLocation)
            writer.field("created_ms", createdMs)
            writer.field("updated_ms", updatedMs)
            writer.pairs("tags", tags)
        }
    }

    /// Reads a record.
    package init(json: JSONElement) throws(TransferError) {
        self.init(
            name: try json.required("name"),
            artifactLocation: SyncPlace.foreign(json.optional("artifact_location")),
            createdMs: try json.requiredNumber("created_ms"),
            updatedMs: try json.requiredNumber("updated_ms"),
            tags: try json.keyValues("tags")
        )
    }
}

extension ModelRecord {
    func write(experiment: String, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("experiment", experiment)
            writer.field("name", name)
            writer.field("status", status.rawValue)
            writer.field("artifact_uri", artifactURI)
            writer.field("model_type", modelType)
            writer.field("source_run_id", sourceRunID)
            writer.field("created_ms", createdMs)
            writer.field("updated_ms", updatedMs)
            writer.pairs("params", params)
            writer.pairs("tags", tags)
        }
    }

    /// Reads a record, whose experiment is still its name.
    package init(json: JSONElement) throws(TransferError) {
        self.init(
            id: try json.required("id"),
            experimentID: try json.required("experiment"),
            name: try json.required("name"),
            status: try json.choice("status"),
            createdMs: try json.requiredNumber("created_ms"),
            updatedMs: try json.requiredNumber("updated_ms")
        )
        artifactURI = SyncPlace.foreign(json.optional("artifact_uri"))
        modelType = json.optional("model_type")
        sourceRunID = json.optional("source_run_id")
        params = try json.keyValues("params")
        tags = try json.keyValues("tags")
    }
}

extension RegisteredModelRecord {
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("description", description)
            writer.field("created_ms", createdMs)
            writer.field("updated_ms", updatedMs)
            writer.pairs("tags", tags)
        }
    }

    /// Reads a record.
    package init(json: JSONElement) throws(TransferError) {
        self.init(
            name: try json.required("name"),
            createdMs: try json.requiredNumber("created_ms"),
            updatedMs: try json.requiredNumber("updated_ms")
        )
        description = try json.required("description")
        tags = try json.keyValues("tags")
    }
}

extension ModelVersionRecord {
    func write(place: SyncPlace, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("model", model)
            writer.field("version", version)
            place.write(into: &writer)
            writer.field("stage", stage.rawValue)
            writer.field("run_id", runID)
            writer.field("model_id", modelID)
            writer.field("description", description)
            writer.field("run_link", runLink)
            writer.field("created_ms", createdMs)
            writer.field("updated_ms", updatedMs)
            writer.pairs("tags", tags)
        }
    }

    /// Reads a record, whose source is still to be found.
    package init(json: JSONElement) throws(TransferError) {
        self.init(
            model: try json.required("model"),
            version: Int(try json.requiredNumber("version")),
            source: "",
            createdMs: try json.requiredNumber("created_ms"),
            updatedMs: try json.requiredNumber("updated_ms")
        )
        stage = try json.choice("stage")
        runID = json.optional("run_id")
        modelID = json.optional("model_id")
        description = try json.required("description")
        runLink = try json.required("run_link")
        tags = try json.keyValues("tags")
    }
}
