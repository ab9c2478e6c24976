// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

@testable import Server

/// What is found, what is missing, and the one command that mends it.
struct DoctorTests {
    private func folder(_ body: (FilePath) async throws -> Void) async throws { try await TestProject.inFolder(body) }

    @Test func `where nothing is, everything is missing, and one command mends it`() async throws {
        try await folder { folder in
            let doctor = Doctor(folder: folder, places: RuntimePlaces(environment: ["PATH": "/nowhere"]))
            let findings = await doctor.examine()
            #expect(findings.allSatisfy { !$0.isFound })
            #expect(Doctor.command(for: findings) == "apt install git python3-venv && gyre doctor --fix")
            let error = await #expect(throws: ServerError.self) { try await doctor.fix { _ in } }
            #expect(error?.code == .missingRuntime)
            #expect(error?.next == "run `apt install python3-venv`")
            let left = try FileSystem.list(folder)
            #expect(left.isEmpty)
        }
    }

    @Test func `a path that somebody named and that is wrong is for that person to correct`() async throws {
        try await folder { folder in
            let environment = [
                "GYRE_PYTHON": "/nowhere/python", "GYRE_DUCKDB": "/nowhere/libduckdb.so",
                "GYRE_ONNXRUNTIME": "/nowhere/libonnxruntime.so", "PATH": "/usr/bin:/bin",
            ]
            let doctor = Doctor(folder: folder, places: RuntimePlaces(environment: environment))
            let findings = await doctor.examine()
            for (name, path) in [
                ("python", "/nowhere/python"), ("DuckDB", "/nowhere/libduckdb.so"),
                ("ONNX Runtime", "/nowhere/libonnxruntime.so"),
            ] {
                let finding = try #require(findings.first { $0.name == name })
                guard case .byHand(let text) = finding.remedy else {
                    Issue.record("\(name) has the remedy \(finding.remedy as Any)")
                    continue
                }
                #expect(text.contains(path))
                #expect(finding.problem?.contains(path) == true)
            }
            let error = await #expect(throws: ServerError.self) { try await doctor.fix { _ in } }
            #expect(error?.why.contains("/nowhere/python") == true)
        }
    }

    @Test func `the system's Python is not installed into, and half an environment does not stay`() async throws {
        try await folder { folder in
            // A Python that says its version and fails at everything else.
            let fake = folder.appending("python3")
            let script =
                "#!/bin/sh\n[ \"$1\" = --version ] && echo Python 3.12.1 && exit\nmkdir -p \"$3\"\necho no venv >&2\nexit 1\n"
            try AtomicFile.write(script, to: fake, permissions: [.ownerReadWriteExecute])
            let named = Doctor(folder: folder, places: RuntimePlaces(environment: ["GYRE_PYTHON": fake.string]))
            let refused = await #expect(throws: ServerError.self) { try await named.fix { _ in } }
            #expect(refused?.next?.contains("GYRE_PYTHON") == true)
            let found = Doctor(folder: folder, places: RuntimePlaces(environment: ["PATH": "\(folder):/usr/bin:/bin"]))
            #expect(await found.examine().first { $0.name == "python" }?.version == "3.12.1")
            let failed = await #expect(throws: ServerError.self) { try await found.fix { _ in } }
            #expect(failed?.why == "no venv")
            #expect(!FileSystem.exists(folder.appending(".venv")))
        }
    }

    @Test func `an installer that fails is told in its own last words`() async throws {
        try await folder { folder in
            let binaries = folder.appending(".venv").appending("bin")
            try FileSystem.createDirectory(binaries)
            try AtomicFile.write("", to: folder.appending(".venv").appending("pyvenv.cfg"))
            let script =
                "#!/bin/sh\n[ \"$1\" = --version ] && echo Python 3.12.1 && exit\necho 'no such index' >&2\nexit 1\n"
            try AtomicFile.write(script, to: binaries.appending("python"), permissions: [.ownerReadWriteExecute])
            let doctor = Doctor(folder: folder, places: RuntimePlaces(environment: ["PATH": "/usr/bin:/bin"]))
            let error = await #expect(throws: ServerError.self) { try await doctor.fix { _ in } }
            #expect(error?.what.contains("-m pip install") == true)
            #expect(error?.why == "no such index")
        }
    }

    @Test func `a project's own environment comes before the search path, and an active one before both`() async throws
    {
        try await folder { folder in
            let own = folder.appending(".venv").appending("bin").appending("python")
            try FileSystem.createDirectory(own.removingLastComponent())
            try AtomicFile.write("", to: own)
            #expect(RuntimePlaces(environment: ["PATH": "/usr/bin"]).python(for: folder) == own)
            let gone = RuntimePlaces(environment: ["VIRTUAL_ENV": "/nowhere", "PATH": "/usr/bin"])
            #expect(gone.python(for: folder) == own)
            #expect(RuntimePlaces(environment: ["GYRE_PYTHON": "/nowhere"]).python(for: folder) == nil)
            let active = folder.appending("active")
            try FileSystem.createDirectory(active.appending("bin"))
            try AtomicFile.write("", to: active.appending("bin").appending("python"))
            let places = RuntimePlaces(environment: ["VIRTUAL_ENV": active.string])
            #expect(places.python(for: folder) == active.appending("bin").appending("python"))
        }
    }
}
