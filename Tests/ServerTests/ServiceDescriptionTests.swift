// SPDX-License-Identifier: Apache-2.0

import Files
import Serving
import SystemPackage
import Testing

@testable import Server

/// `service.json` of a built image.
struct ServiceDescriptionTests {
    @Test(arguments: [DecisionRule(positive: "yes \"é\"", threshold: 0.25), nil])
    func `what is written is what is read`(rule: DecisionRule?) async throws {
        try await TestProject.inFolder { folder in
            let written = ServiceDescription(name: "m", version: "3", runID: rule == nil ? nil : "r", rule: rule)
            try AtomicFile.write(written.bytes, to: folder.appending("service.json"))
            let read = try ServiceDescription(folder: folder)
            #expect(read.name == "m")
            #expect(read.version == "3")
            #expect(read.runID == written.runID)
            #expect(read.rule?.positive == rule?.positive)
            #expect(read.rule?.threshold == rule?.threshold)
        }
    }

    @Test(arguments: [nil, "{", "\u{0}"])
    func `a folder without one that can be read is no model`(text: String?) async throws {
        try await TestProject.inFolder { folder in
            if let text { try AtomicFile.write(text, to: folder.appending("service.json")) }
            let error = #expect(throws: ServerError.self) { try ServiceDescription(folder: folder) }
            #expect(error?.what.contains(folder.string) == true)
        }
    }
}
