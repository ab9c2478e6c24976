// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Serving
package import SystemPackage
import Tables

/// Looks at every library and tool that Gyre uses but does not carry.
package struct Doctor: Sendable {
    /// How something that is missing is mended.
    package enum Remedy: Sendable, Hashable {
        /// A package of the system.
        case system(String)
        /// A package of Python, by its pin.
        case python(String)
        /// Something that a person must correct.
        case byHand(String)
    }

    /// What was found of one thing.
    package struct Finding: Sendable {
        /// Its name.
        package let name: String
        /// Its version; nil if it is missing or says none.
        package var version: String?
        /// Where it is; nil if it is missing.
        package var place: String?
        /// What it is needed for.
        package let purpose: String
        /// What is wrong with it; nil if nothing is.
        package var problem: String?
        /// How it is mended; nil if there is nothing to mend.
        package var remedy: Remedy?

        /// Whether it is there and works.
        package var isFound: Bool { remedy == nil }
    }

    let folder: FilePath
    let places: RuntimePlaces

    /// A doctor for a folder.
    package init(folder: FilePath, places: RuntimePlaces) {
        self.folder = folder
        self.places = places
    }

    /// Looks at everything.
    package func examine() async -> [Finding] {
        let python = places.python(for: folder)
        let (runtime, tables) = (onnxRuntime(python), duckDB(python))
        var findings = [await git(), await interpreter(python), runtime, tables]
        findings += await packages(python)
        return findings
    }

    /// The one command that mends everything; nil if nothing is missing, or a person must correct something first.
    package static func command(for findings: [Finding]) -> String? {
        var system: [String] = []
        var isPython = false
        for finding in findings {
            switch finding.remedy {
            case .system(let name): if !system.contains(name) { system.append(name) }
            case .python: isPython = true
            case .byHand, nil: break
            }
        }
        var parts: [String] = []
        if !system.isEmpty { parts.append("apt install " + system.joined(separator: " ")) }
        if isPython { parts.append("gyre doctor --fix") }
        return parts.isEmpty ? nil : parts.joined(separator: " && ")
    }

    // MARK: Things

    private func git() async -> Finding {
        var finding = Finding(name: "git", purpose: "data versions, the loop")
        guard let place = places.program("git"), let line = await HelperProgram(place).line(["--version"]) else {
            finding.remedy = .system("git")
            return finding
        }
        finding.version = line.split(separator: " ").dropFirst(2).first.map(String.init)
        finding.place = place.string
        return finding
    }

    private func interpreter(_ python: FilePath?) async -> Finding {
        var finding = Finding(name: "python", purpose: "training, turning models into ONNX")
        guard let python else {
            finding.problem = places.python.map { "there is none at `\($0)`" }
            finding.remedy = places.python.map { .byHand("correct `\($0)`") } ?? .system("python3-venv")
            return finding
        }
        guard let line = await HelperProgram(python).line(["--version"]) else {
            finding.problem = "`\(python)` cannot be run"
            finding.remedy = .byHand("replace `\(python)`")
            return finding
        }
        finding.version = line.split(separator: " ").last.map(String.init)
        finding.place = python.string
        return finding
    }

    private func onnxRuntime(_ python: FilePath?) -> Finding {
        var finding = Finding(name: "ONNX Runtime", purpose: "serving")
        do {
            let runtime = try OnnxRuntime.find(python: python, explicit: places.onnxRuntime)
            finding.version = runtime.version
            finding.place = runtime.path.string
        } catch {
            finding.problem = error.why
            finding.remedy =
                places.onnxRuntime.map { .byHand("correct `GYRE_ONNXRUNTIME`, which names `\($0)`") }
                ?? .python(Self.pin("onnxruntime"))
        }
        return finding
    }

    private func duckDB(_ python: FilePath?) -> Finding {
        var finding = Finding(name: "DuckDB", purpose: "tables, monitoring, evaluation")
        do {
            let library = try DuckDBLibrary.find(python: python, explicit: places.duckDB)
            finding.version = library.version
            finding.place = library.path.string
        } catch {
            finding.problem = error.why
            if let named = places.duckDB {
                finding.remedy = .byHand("correct `GYRE_DUCKDB`, which names `\(named)`")
            } else if let python, let located = DuckDBLibrary.locate(python: python), located.libpython == nil,
                let program = (try? FileSystem.realPath(python))?.lastComponent?.string
            {
                // Python's package of DuckDB is an extension of Python, whose own library comes apart from the program.
                finding.remedy = .system("lib\(program)")
            } else {
                finding.remedy = .python(Self.pin("duckdb"))
            }
        }
        return finding
    }

    /// The packages that the pins name; another version than the pin is fine.
    private func packages(_ python: FilePath?) async -> [Finding] {
        // Both come as libraries, which are looked at by themselves.
        let names = Self.pins.map(\.name).filter { !["onnxruntime", "duckdb"].contains($0) }
        var installed: JSONElement?
        if let python, let line = await HelperProgram(python).line(["-c", Self.lookup] + names) {
            // Words that are no JSON count as nothing found.
            installed = try? JSONDocument(line).root
        }
        return names.map { name in
            var finding = Finding(name: name, purpose: "the examples, turning models into ONNX")
            if let found = installed?[name]?.elements.compactMap(\.string), found.count == 2 {
                finding.version = found[0]
                finding.place = found[1]
            } else {
                finding.remedy = .python(Self.pin(name))
            }
            return finding
        }
    }

    /// Prints `{"name": ["version", "folder"], …}` of the packages that are installed.
    private static let lookup = """
        import importlib.metadata, json, sys
        found = {}
        for name in sys.argv[1:]:
            try: package = importlib.metadata.distribution(name)
            except importlib.metadata.PackageNotFoundError: continue
            found[name] = [package.version, str(package.locate_file(""))]
        print(json.dumps(found))
        """
}
