// SPDX-License-Identifier: Apache-2.0

import Registry
import Testing

/// Models and versions as people name them.
struct LookupTests {
    @Test(
        arguments: [
            ("churn/3", "churn", .number(3)), ("churn@champion", "churn", .alias("champion")),
            ("a@b/12", "a@b", .number(12)), ("a@b@c", "a@b", .alias("c")), ("é ü@x", "é ü", .alias("x")),
        ] as [(String, String, VersionReference.Choice)]
    )
    func `a version is written with its number or an alias`(
        text: String,
        model: String,
        choice: VersionReference.Choice
    ) throws {
        let reference = try VersionReference(text)
        #expect(reference.model == model && reference.choice == choice)
    }

    @Test(arguments: [
        "", "churn", "churn/", "/3", "@x", "churn@", "churn/x", "churn/0", "churn/-1", "churn/99999999999999999999",
        "a/b/c",
    ])
    func `what names no version is refused`(text: String) {
        #expect(throws: RegistryError.self) { try VersionReference(text) }
    }

    @Test func `what is not there is told with the nearest that is`() async throws {
        try await TestRegistry.run { test in
            let registry = test.registry
            try await test.version(of: "churn")
            try await registry.setAlias(model: "churn", alias: "champion", version: 1)
            #expect(try await registry.version(meant: try VersionReference("churn@champion")).version == 1)
            #expect(try await registry.version(meant: try VersionReference("churn@latest")).version == 1)
            for (text, next) in [
                ("chrun/1", "did you mean `churn`?"), ("fraud/1", "see `gyre models`"),
                ("churn@champoin", "did you mean `churn@champion`?"), ("churn/2", "see `gyre models versions churn`"),
            ] {
                do {
                    _ = try await registry.version(meant: try VersionReference(text))
                    Issue.record("\(text) is found")
                } catch let error as RegistryError {
                    #expect(error.code == .notFound && error.next == next)
                }
            }
        }
    }
}
