// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let environment = Context.environment

// MARK: Settings, declared once

let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
// CI, and nobody else, stops at a warning: a newer compiler must not keep a user from building.
let strictness: [SwiftSetting] = environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

// MARK: One line per room

/// A room of the house: a target below its floor's folder, with its tests beside it where `Tests/<name>Tests` exists.
func room(_ name: String, in folder: String = "", _ needs: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: needs, path: path("Sources", folder, name), swiftSettings: house + strictness)
}

/// A C room: a module map, a thin shim, or bytes to embed.
func cRoom(_ name: String, _ settings: [LinkerSetting] = [], exclude: [String] = []) -> Target {
    .target(name: name, path: path("Sources", "C", name), exclude: exclude, linkerSettings: settings)
}

/// The tests of a room; they mirror `Sources/`.
///
/// What an outside tool made lies in `Fixtures` beside them.
func tests(
    of name: String,
    in folder: String = "",
    _ more: [Target.Dependency] = [],
    hasFixtures: Bool = false
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.init(stringLiteral: name)] + more,
        path: path("Tests", folder, "\(name)Tests"),
        exclude: hasFixtures ? ["Fixtures"] : [],
        swiftSettings: house + strictness
    )
}

/// Helpers and contract suites that only tests import.
func support(_ name: String, _ needs: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: needs, path: path("Tests", "Support", name), swiftSettings: house + strictness)
}

/// A program that measures; it sees what `package` declares.
func benchmark(
    _ name: String,
    in folder: String,
    _ needs: [Target.Dependency],
    exclude: [String] = []
) -> Target {
    .executableTarget(
        name: name,
        dependencies: needs,
        path: path("Benchmarks", folder),
        exclude: exclude,
        swiftSettings: house + strictness
    )
}

func path(_ parts: String...) -> String { parts.filter { !$0.isEmpty }.joined(separator: "/") }

// MARK: What comes from outside

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
]

// The program that people install leaves ICU's locale data out; tests run on the toolchain's own shared libraries.
let lean: [Target.Dependency] = environment["GYRE_LEAN"] == nil ? [] : ["NoLocales"]

// MARK: The house

let ground: [Target] = [
    room("Diagnostics", in: "Ground"),
    room("Telemetry", in: "Ground", [coreMetrics, log]),
    room("Files", in: "Ground", ["Diagnostics", "CPlatform", crypto, systemPackage]),
    room("Documents", in: "Ground", ["CLibYAML", "Diagnostics"]),
    room("JSONText", in: "Ground", ["Diagnostics", "CSimdJSON"]),
    room("Statistics", in: "Ground"),
    room("Database", in: "Ground", ["Diagnostics", "Files", grdb, sqlite, systemPackage]),
    room("HTTPTransport", in: "Ground", ["Diagnostics", httpClient, nio, nioHTTP1, nioPosix, nioSSL]),
    room("HTTPConnections", in: "Ground", [hummingbirdCore, log, nio]),
    room(
        "ObjectStorage",
        in: "Ground",
        ["Diagnostics", "Files", "HTTPTransport", "JSONText", crypto, nio, systemPackage]
    ),
    room("Tables", in: "Ground", ["Diagnostics", "Files", "CDuckDB", systemPackage]),
]

let dataScience: [Target] = [
    room(
        "DataVersions",
        in: "DataScience",
        ["Diagnostics", "Files", "Documents", "HTTPTransport", "JSONText", nio, subprocess, systemPackage]
    ),
    room(
        "DataRemotes",
        in: "DataScience",
        [
            "CPlatform", "DataVersions", "Diagnostics", "Documents", "Files", "HTTPTransport", "JSONText",
            "ObjectStorage", nio, systemPackage,
        ]
    ),
    room(
        "Pipelines",
        in: "DataScience",
        [
            "Diagnostics", "DataVersions", "Documents", "Files", "JSONText", "ObjectStorage", "PythonWorker",
            "Tracking",
            subprocess, systemPackage,
        ]
    ),
    room(
        "Experiments",
        in: "DataScience",
        ["DataVersions", "Diagnostics", "Files", "JSONText", "Pipelines", "Tracking", systemPackage]
    ),
    room("Tracking", in: "DataScience", ["Diagnostics", "Database", "ObjectStorage", "JSONText"]),
    room("Evaluation", in: "DataScience", ["Diagnostics", "JSONText", "Statistics"]),
]

let operations: [Target] = [
    room("Registry", in: "Operations", ["Diagnostics", "Database", "JSONText", "Tracking"]),
    room(
        "Webhooks",
        in: "Operations",
        [
            "Database", "Diagnostics", "Files", "HTTPTransport", "JSONText", "Registry", "Tracking", crypto, log,
            metrics, systemPackage,
        ]
    ),
    room("Packaging", in: "Operations", ["CZlib", "Diagnostics", "Files", "JSONText", systemPackage]),
    room(
        "Serving",
        in: "Operations",
        ["Diagnostics", "Files", "Documents", "JSONText", "COnnxRuntime", "PythonWorker", subprocess, systemPackage]
    ),
    room("Monitoring", in: "Operations", ["Files", "JSONText", "Statistics", "Tables", systemPackage]),
]

let top: [Target] = [
    room(
        "Feedback",
        ["DataVersions", "Database", "Diagnostics", "Files", "JSONText", "Monitoring", "Tables", systemPackage]
    ),
    room("Lineage", ["DataVersions", "Diagnostics", "Feedback", "Monitoring", "Registry", "Tracking"]),
    room(
        "Transfer",
        [
            "CZlib", "Database", "Diagnostics", "Documents", "Files", "HTTPTransport", "JSONText", "ObjectStorage",
            "Registry", "Tables", "Tracking", nio, systemPackage,
        ]
    ),
    room(
        "MLflowAPI",
        [
            "Diagnostics", "Tracking", "Registry", "JSONText", "ObjectStorage", "Webhooks", hummingbird, httpTypes,
            log, nio,
        ]
    ),
    room("WebPages", ["Diagnostics", "WebAssets", mustache]),
    room(
        "Server",
        [
            "DataVersions", "Database", "Diagnostics", "Documents", "Evaluation", "ExampleFiles", "Feedback", "Files",
            "HTTPConnections", "JSONText", "Lineage",
            "MLflowAPI", "Monitoring", "ObjectStorage", "Packaging", "Pipelines", "PythonPackages", "Registry",
            "Serving", "Statistics", "Tables",
            "Telemetry", "Tracking", "Transfer", "WebPages", "Webhooks", unixSignals, httpTypes, hummingbird, lifecycle,
            log,
            metrics, nio, nioPosix,
            subprocess, systemPackage,
        ]
    ),
    room("Terminal", ["Diagnostics", "JSONText"]),
    .executableTarget(
        name: "gyre",
        dependencies: [
            "CPlatform", "DataRemotes", "DataVersions", "Database", "Diagnostics", "Documents", "Evaluation",
            "Experiments",
            "Feedback", "Files", "HTTPTransport",
            "JSONText", "Lineage", "Packaging",
            "ObjectStorage", "Pipelines", "Registry", "Server", "Serving", "Tables", "Telemetry", "Terminal",
            "Tracking",
            "Transfer",
            "Webhooks", arguments, log, metrics, subprocess, systemPackage, unixSignals,
        ] + lean,
        path: "Sources/gyre",
        swiftSettings: house + strictness
    ),
]

let c: [Target] = [
    cRoom("CPlatform"),
    cRoom("CSimdJSON", [.linkedLibrary("simdjson")]),
    cRoom("CDuckDB"),
    cRoom("CLibYAML", [.linkedLibrary("yaml")]),
    cRoom("CZlib", [.linkedLibrary("z")]),
    cRoom("COnnxRuntime"),
    cRoom("NoLocales"),
    cRoom("PythonPackages"),
    cRoom("PythonWorker"),
    cRoom("WebAssets", exclude: ["assets"]),
    cRoom("ExampleFiles"),
]

let suites: [Target] = [
    support("SocketTesting", ["Files", systemPackage]),
    support("SnapshotTesting", ["Files", systemPackage]),
    // Drives the built program, whose code it does not import.
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "gyre", "Files", "HTTPTransport", "JSONText", "ObjectStorage", "ProjectTesting", "S3Testing",
            "SnapshotTesting", "SocketTesting", "WebhookTesting", subprocess, systemPackage,
        ],
        path: "Tests/EndToEndTests",
        exclude: ["Snapshots"],
        swiftSettings: house + strictness
    ),
    tests(
        of: "Server",
        [
            "Database", "Diagnostics", "Documents", "Evaluation", "Feedback", "Files", "HTTPConnections",
            "HTTPTransport", "JSONText", "MLflowAPI", "ObjectStorage", "Registry", "Serving", "SocketTesting",
            "Telemetry", "Tracking", "Transfer",
            hummingbird, hummingbirdTesting, httpTypes, log, nio, systemPackage, unixSignals,
        ]
    ),
    tests(
        of: "WebPages",
        ["ExampleFiles", "HTTPConnections", hummingbird, hummingbirdTesting, httpTypes, nio, subprocess]
    ),
    support("FilesTesting", ["Files", systemPackage]),
    tests(of: "Diagnostics", in: "Ground"),
    tests(of: "HTTPTransport", in: "Ground", ["Diagnostics", "HTTPConnections", nio, nioPosix]),
    tests(of: "HTTPConnections", in: "Ground", ["SocketTesting", hummingbird, hummingbirdTesting, log]),
    support("ObjectStorageTesting", ["Diagnostics", "Files", "ObjectStorage", nio, systemPackage]),
    support("S3Testing", ["HTTPTransport", "ObjectStorage", nio, subprocess, systemPackage]),
    tests(
        of: "ObjectStorage",
        in: "Ground",
        [
            "Diagnostics", "Files", "FilesTesting", "ObjectStorageTesting", "S3Testing",
            "WebhookTesting", nio, systemPackage,
        ]
    ),
    support("DatabaseTesting", ["Database", "Diagnostics", "Files"]),
    tests(
        of: "Database",
        in: "Ground",
        ["DatabaseTesting", "Diagnostics", "Files", "FilesTesting", systemPackage]
    ),
    tests(of: "Telemetry", in: "Ground", ["JSONText", coreMetrics, log, metrics]),
    tests(of: "Documents", in: "Ground", ["Diagnostics", "Files", "FilesTesting", systemPackage]),
    tests(of: "Files", in: "Ground", ["Diagnostics", "FilesTesting", systemPackage]),
    tests(of: "JSONText", in: "Ground", ["Diagnostics"]),
    tests(of: "Statistics", in: "Ground"),
    tests(of: "Tables", in: "Ground", ["Files", systemPackage]),
    support("ProjectTesting", ["DataVersions", "Files", subprocess, systemPackage]),
    tests(
        of: "DataVersions",
        in: "DataScience",
        ["Files", "FilesTesting", "HTTPTransport", "JSONText", "ProjectTesting", subprocess, systemPackage]
    ),
    tests(
        of: "DataRemotes",
        in: "DataScience",
        [
            "DataVersions", "Files", "HTTPTransport", "ObjectStorage", "Pipelines", "ProjectTesting", "S3Testing", nio,
            systemPackage,
        ]
    ),
    tests(
        of: "Pipelines",
        in: "DataScience",
        [
            "DataVersions", "Database", "Diagnostics", "Documents", "Files", "JSONText", "ObjectStorage",
            "ProjectTesting", "Tracking", subprocess, systemPackage,
        ]
    ),
    tests(
        of: "Experiments",
        in: "DataScience",
        [
            "DataVersions", "Database", "Files", "ObjectStorage", "Pipelines", "ProjectTesting", "Tracking",
            systemPackage,
        ]
    ),
    tests(of: "Evaluation", in: "DataScience", ["JSONText"]),
    tests(
        of: "Lineage",
        [
            "DataVersions", "Database", "Diagnostics", "Feedback", "Monitoring", "ObjectStorage", "ProjectTesting",
            "Registry", "Tracking", systemPackage,
        ]
    ),
    tests(
        of: "Feedback",
        ["DataVersions", "Database", "Files", "Monitoring", "ProjectTesting", "Tables", systemPackage]
    ),
    tests(of: "Packaging", in: "Operations", ["Files", "JSONText", "ProjectTesting", subprocess, systemPackage]),
    tests(of: "Monitoring", in: "Operations", ["Files", "JSONText", "Tables", systemPackage]),
    tests(of: "Tracking", in: "DataScience", ["Database", "Files", "ObjectStorage", systemPackage]),
    tests(
        of: "Registry",
        in: "Operations",
        ["Database", "Diagnostics", "Files", "Tracking", systemPackage]
    ),
    support("WebhookTesting", ["HTTPConnections", nio, nioPosix]),
    tests(
        of: "Webhooks",
        in: "Operations",
        [
            "Database", "Diagnostics", "Files", "HTTPTransport", "JSONText", "ObjectStorage", "Registry", "Tracking",
            "WebhookTesting", log, systemPackage,
        ]
    ),
    tests(
        of: "MLflowAPI",
        [
            "Database", "Files", "HTTPConnections", "JSONText", "ObjectStorage", "Registry", "Tracking", "Webhooks",
            "WebhookTesting", hummingbird, hummingbirdTesting, httpTypes, log, nio, subprocess, systemPackage,
        ],
        hasFixtures: true
    ),
    tests(of: "Terminal", ["Diagnostics", "JSONText"]),
    tests(
        of: "Transfer",
        [
            "Database", "Diagnostics", "Files", "HTTPConnections", "JSONText", "MLflowAPI", "ObjectStorage",
            "Registry", "Tables", "Tracking", hummingbird, hummingbirdTesting, nio, subprocess, systemPackage,
        ],
        hasFixtures: true
    ),
    tests(of: "Serving", in: "Operations", ["Diagnostics", "Files", "JSONText", subprocess, systemPackage]),
]

// Built only by scripts/benchmark; in this package so that they see what `package` declares.
let benchmarks: [Target] =
    environment["GYRE_BENCHMARKS"] == nil
    ? []
    : [
        .target(
            name: "BenchmarkSupport",
            dependencies: [systemPackage],
            path: "Benchmarks/Support",
            swiftSettings: house + strictness
        ),
        benchmark("startup-benchmark", in: "Startup", ["BenchmarkSupport", "Files", systemPackage]),
        benchmark(
            "tracking-benchmark",
            in: "Tracking",
            ["BenchmarkSupport", "Files", systemPackage],
            exclude: ["client.py", "fill-mlflow.py"]
        ),
        benchmark("data-benchmark", in: "Data", ["BenchmarkSupport", "Files", systemPackage]),
    ]

let package = Package(
    name: "gyre",
    dependencies: dependencies,
    targets: selected(ground + dataScience + operations + top + c + suites + benchmarks),
    cLanguageStandard: .c2x,
    cxxLanguageStandard: .cxx17
)

// MARK: Working on one room

/// The targets to build: all, or with `GYRE_ROOMS=Files,Tracking` just those, their tests, and what they stand on.
///
/// Below the top floor this keeps the edit–test cycle at seconds.
func selected(_ targets: [Target]) -> [Target] {
    guard let wanted = environment["GYRE_ROOMS"], !wanted.isEmpty else { return targets }
    let named = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0) })
    var kept: Set<String> = []
    var open = wanted.split(separator: ",").flatMap { [String($0), "\($0)Tests"] }
    while let name = open.popLast() {
        guard let target = named[name], kept.insert(name).inserted else { continue }
        for dependency in target.dependencies {
            if case .byNameItem(let needed, _) = dependency { open.append(needed) }
        }
    }
    return targets.filter { kept.contains($0.name) }
}
