// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

@testable import Server

/// Making a project: twice changes nothing, and half a project never stays.
struct ProjectFounderTests {
    @Test func `twice changes nothing, and files that exist are kept`() async throws {
        try await TestProject.inFolder { folder in
            try AtomicFile.write("mine\n", to: folder.appending("train.py"))
            let founder = ProjectFounder(example: try Example.named("breast-cancer"))
            let first = try await founder.found(folder)
            #expect(first.madeRepository)
            #expect(first.written.contains("gyre.yaml"))
            #expect(!first.written.contains("train.py"))
            let second = try await founder.found(folder)
            #expect(second.written.isEmpty)
            #expect(!second.madeRepository)
            #expect(try FileReader.text(of: folder.appending("train.py")) == "mine\n")
        }
    }

    @Test func `what fails in the middle leaves the folder as it was`() async throws {
        try await TestProject.inFolder { folder in
            // A file where a folder must be: the last step of the founding fails.
            try AtomicFile.write("mine\n", to: folder.appending(".dvc"))
            await #expect(throws: FilesError.self) { try await ProjectFounder().found(folder) }
            #expect(try FileSystem.list(folder) == [".dvc"])
            let new = folder.appending("new")
            try FileSystem.createDirectory(new)
            try AtomicFile.write("mine\n", to: new.appending(".gyre"))
            await #expect(throws: FilesError.self) { try await ProjectFounder().found(new) }
            #expect(try FileSystem.list(new) == [".gyre"])
        }
    }

    @Test func `the name of the folder is the name of the project, whatever it is`() async throws {
        try await TestProject.inFolder { folder in
            let odd = folder.appending("yes: #1 'x'")
            let report = try await ProjectFounder().found(odd)
            #expect(report.written == ["gyre.yaml"])
            #expect(try ProjectFile.load(Workspace(root: odd)).project == "yes: #1 'x'")
        }
    }

    @Test func `an unknown example suggests the nearest`() throws {
        let error = #expect(throws: ServerError.self) { try Example.named("brest-cancer") }
        #expect(error?.next == "did you mean `breast-cancer`?")
    }
}
