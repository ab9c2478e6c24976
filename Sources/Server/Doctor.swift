// SPDX-License-Identifier: Apache-2.0

import Files
import PythonPackages
import Serving
import Subprocess
package import SystemPackage
import Tables

/// Looks at every library and tool that Gyre uses but does not carry.
package struct Doctor: Sendable {
    /// What was found of one thing.
    package struct Finding: Sendable {
        /// Its name.
        package let name: String
        /// Its version; nil if it is missing or says none.
        package let version: String?
        /// Where it is; nil if it is missing.
        package let place: String?
        /// What it is needed for.
        package let purpose: String
        /// The command that mends it; nil if there is nothing to mend.
        package let remedy: String?

        /// Whether it is there and works.
        package var isFound: Bool { remedy == nil }
    }

    private let folder: FilePath
    private let places: RuntimePlaces

    /// A doctor for a folder.
    package init(folder: FilePath, places: RuntimePlaces) {
        self.folder = folder
        self.places = places
    }

    /// Looks at everything.
    package func examine() async -> [Finding] {
        let python = places.python(for: folder)
        var findings = [await git(), await interpreter(python)]
        findings.append(onnxRuntime(python))
        findings.append(duckDB(python))
        findings += packages(python)
        return findings
    }

    /// Makes `.venv` in the folder, if there is none, and installs the pinned packages into it.
    ///
    /// - Parameter onLine: Told what happens.
    /// - Throws: ``ServerError`` `.missingRuntime` if there is no Python to begin with, or the installer fails.
    package func fix(onLine: @Sendable (String) -> Void) async throws {
        let environment = folder.appending(".venv")
        let own = environment.appending("bin").appending("python")
        if !FileSystem.exists(own) {
            guard let system = places.program("python3") else {
                throw ServerError(
                    .missingRuntime,
                    what: "cannot make `.venv`",
                    why: "there is no `python3` in PATH",
                    next: "run `apt install python3-venv`"
                )
            }
            onLine("making \(environment)")
            try await run(system, ["-m", "venv", environment.string], next: "run `apt install python3-venv`")
        }
        let list = folder.appending(".venv").appending("gyre-requirements.txt")
        try AtomicFile.write(Self.requirements, to: list)
        onLine("installing \(Self.pins.count) packages")
        try await run(
            own,
            ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", list.string],
            next: "see whether the package index answers"
        )
    }

    // MARK: Things

    private func git() async -> Finding {
        let purpose = "data versions, the loop"
        guard let place = places.program("git"), let line = await output(place, ["--version"]) else {
            return Finding(name: "git", version: nil, place: nil, purpose: purpose, remedy: "apt install git")
        }
        let version = line.split(separator: " ").last.map(String.init)
        return Finding(name: "git", version: version, place: place.string, purpose: purpose, remedy: nil)
    }

    private func interpreter(_ python: FilePath?) async -> Finding {
        let purpose = "training, turning models into ONNX"
        guard let python, let line = await output(python, ["--version"]) else {
            return Finding(
                name: "python",
                version: nil,
                place: nil,
                purpose: purpose,
                remedy: "apt install python3-venv"
            )
        }
        let version = line.split(separator: " ").last.map(String.init)
        return Finding(name: "python", version: version, place: python.string, purpose: purpose, remedy: nil)
    }

    private func onnxRuntime(_ python: FilePath?) -> Finding {
        do {
            let runtime = try OnnxRuntime.find(python: python, explicit: places.onnxRuntime)
            return Finding(
                name: "ONNX Runtime",
                version: runtime.version,
                place: runtime.path.string,
                purpose: "serving",
                remedy: nil
            )
        } catch {
            return Finding(
                name: "ONNX Runtime",
                version: nil,
                place: nil,
                purpose: "serving",
                remedy: "gyre doctor --fix"
            )
        }
    }

    private func duckDB(_ python: FilePath?) -> Finding {
        let purpose = "tables, monitoring, evaluation"
        do {
            let library = try DuckDBLibrary.find(python: python, explicit: places.duckDB)
            return Finding(
                name: "DuckDB",
                version: library.version,
                place: library.path.string,
                purpose: purpose,
                remedy: nil
            )
        } catch {
            return Finding(name: "DuckDB", version: nil, place: nil, purpose: purpose, remedy: "gyre doctor --fix")
        }
    }

    /// The packages of the Python that the pins name; another version than the pin is fine.
    private func packages(_ python: FilePath?) -> [Finding] {
        var installed: [String: (version: String, place: FilePath)] = [:]
        if let python {
            let library = python.removingLastComponent().removingLastComponent().appending("lib")
            // A folder that cannot be listed holds no packages.
            for version in (try? FileSystem.list(library)) ?? [] where version.hasPrefix("python3") {
                let folder = library.appending(version).appending("site-packages")
                for name in (try? FileSystem.list(folder)) ?? [] where name.hasSuffix(".dist-info") {
                    let parts = name.dropLast(".dist-info".count).split(separator: "-", maxSplits: 1).map(String.init)
                    if parts.count == 2 { installed[Self.normal(parts[0])] = (parts[1], folder) }
                }
            }
        }
        return Self.pins.filter { !["onnxruntime", "duckdb"].contains($0) }.map { name in
            let found = installed[Self.normal(name)]
            return Finding(
                name: name,
                version: found?.version,
                place: found?.place.string,
                purpose: "the examples, turning models into ONNX",
                remedy: found == nil ? "gyre doctor --fix" : nil
            )
        }
    }

    private static func normal(_ name: String) -> String { name.lowercased().replacing("_", with: "-") }

    /// The pinned packages, as the binary carries them.
    private static var requirements: String {
        var length = 0
        let bytes = gyre_requirements_txt(&length)
        return String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
    }

    private static var pins: [String] {
        requirements.split(separator: "\n").compactMap { line in
            line.hasPrefix("#") ? nil : line.split(separator: "=").first.map(String.init)
        }
    }

    // MARK: Programs

    private func output(_ program: FilePath, _ arguments: [String]) async -> String? {
        // A program that cannot be started counts as missing.
        let result = try? await Subprocess.run(
            .path(program),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 16),
            error: .discarded
        )
        guard let result, result.terminationStatus.isSuccess else { return nil }
        return result.standardOutput.split(separator: "\n").first.map(String.init)
    }

    private func run(_ program: FilePath, _ arguments: [String], next: String) async throws {
        let result = try await Subprocess.run(
            .path(program),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 20)
        )
        guard result.terminationStatus.isSuccess else {
            throw ServerError(
                .missingRuntime,
                what:
                    "cannot run `\(program.lastComponent?.string ?? "") \(arguments.prefix(3).joined(separator: " "))`",
                why: result.standardError.split(separator: "\n").last.map(String.init) ?? "it failed without a word",
                next: next
            )
        }
    }
}
