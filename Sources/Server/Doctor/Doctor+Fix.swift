// SPDX-License-Identifier: Apache-2.0

import Files
import PythonPackages
import SystemPackage

extension Doctor {
    /// Installs the Python packages that are missing: into the environment that the project uses, or into a new `.venv` of
    /// the folder.
    ///
    /// What is there is left alone, whatever its version.
    ///
    /// - Parameter onLine: Told what happens.
    /// - Returns: Whether something was installed; false if nothing was missing that Python's index has.
    /// - Throws: ``ServerError`` `.missingRuntime` if there is no Python to begin with, it is not one to install into, or the
    ///   installer fails.
    package func fix(onLine: @Sendable (String) -> Void) async throws -> Bool {
        let missing = await examine().compactMap { finding -> String? in
            guard case .python(let pin) = finding.remedy else { return nil }
            return pin
        }
        guard !missing.isEmpty else { return false }
        let python = try await environment(onLine)
        onLine(
            "installing \(missing.joined(separator: ", ")) into \(python.removingLastComponent().removingLastComponent())"
        )
        try await HelperProgram(python).run(
            ["-m", "pip", "install", "-q", "--disable-pip-version-check"] + missing,
            next: "see whether the package index answers"
        )
        return true
    }

    /// The Python of an environment that packages can be installed into.
    private func environment(_ onLine: @Sendable (String) -> Void) async throws -> FilePath {
        let what = "cannot install the missing packages"
        if let python = places.python(for: folder) {
            let isEnvironment = FileSystem.exists(
                python.removingLastComponent().removingLastComponent().appending("pyvenv.cfg")
            )
            if isEnvironment { return python }
            if places.python != nil {
                throw ServerError(
                    .missingRuntime,
                    what: what,
                    why: "`\(python)` was named, and it is the system's Python, which is left alone",
                    next: "unset `GYRE_PYTHON`; then a `.venv` is made"
                )
            }
        }
        guard places.python == nil else {
            throw ServerError(.missingRuntime, what: what, why: "there is no Python at `\(places.python ?? "")`")
        }
        guard let system = places.program("python3") else {
            throw ServerError(
                .missingRuntime,
                what: what,
                why: "there is no `python3` in PATH",
                next: "run `apt install python3-venv`"
            )
        }
        let environment = folder.appending(".venv")
        onLine("making \(environment)")
        do {
            try await HelperProgram(system).run(
                ["-m", "venv", environment.string],
                next: "run `apt install python3-venv`"
            )
        } catch {
            // Half an environment would be taken for a whole one; what cannot be removed was not written by us.
            try? FileSystem.removeTree(environment)
            throw error
        }
        return environment.appending("bin").appending("python")
    }

    // MARK: Pins

    /// The pinned packages, as the binary carries them.
    static var pins: [(name: String, version: String)] {
        var length = 0
        let bytes = gyre_requirements_txt(&length)
        let text = String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "=", omittingEmptySubsequences: true).map(String.init)
            return line.hasPrefix("#") || parts.count != 2 ? nil : (parts[0], parts[1])
        }
    }

    static func pin(_ name: String) -> String {
        pins.first { $0.name == name }.map { "\($0.name)==\($0.version)" } ?? name
    }
}
