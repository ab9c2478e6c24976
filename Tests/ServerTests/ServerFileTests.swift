// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

@testable import Server

#if canImport(Glibc)
import Glibc
#endif

/// How verbs find the server that runs on a project.
struct ServerFileTests {
    @Test func `this process is found while it serves, and not after`() async throws {
        try await TestProject.with { project in
            let file = ServerFile(workspace: project.services.workspace)
            #expect(file.running() == nil)
            try file.write(url: "http://127.0.0.1:1")
            #expect(file.running()?.url == "http://127.0.0.1:1")
            #expect(file.running()?.process == getpid())
            file.remove()
            #expect(file.running() == nil)
        }
    }

    @Test(arguments: [
        // The number of this process at another time: a server that was killed, and whose number came again.
        #"{"url": "http://127.0.0.1:1", "pid": PID, "started": 1}"#, #"{"url": "http://127.0.0.1:1", "pid": PID}"#,
        #"{"url": "http://127.0.0.1:1", "pid": 999999999, "started": 1}"#, "{", "",
    ])
    func `a file that a dead server left names no server`(text: String) async throws {
        try await TestProject.with { project in
            let workspace = project.services.workspace
            try AtomicFile.write(text.replacing("PID", with: "\(getpid())"), to: workspace.serverFile)
            #expect(ServerFile(workspace: workspace).running() == nil)
        }
    }
}
