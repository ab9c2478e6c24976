// SPDX-License-Identifier: Apache-2.0

/// The page on which people try what live models answer.
package struct TryPage: Sendable {
    /// A column that a model takes.
    package struct Column: Sendable {
        /// Its name.
        package var name: String
        /// Its type in words.
        package var type: String
        /// A value, as JSON.
        package var example: String

        /// A column.
        package init(name: String, type: String, example: String) {
            (self.name, self.type, self.example) = (name, type, example)
        }
    }

    /// A live model.
    package struct Model: Sendable {
        /// Its name.
        package var name: String
        /// Its version.
        package var version: String
        /// The path that requests go to.
        package var address: String
        /// What it takes; empty for one that takes tensors.
        package var columns: [Column]
        /// A request that it answers, as JSON.
        package var example: String

        /// A model.
        package init(name: String, version: String, address: String, columns: [Column], example: String) {
            (self.name, self.version, self.address) = (name, version, address)
            (self.columns, self.example) = (columns, example)
        }
    }

    /// The project's name; nil where there is none.
    package var project: String?
    /// The live models.
    package var models: [Model]

    /// A page.
    package init(project: String?, models: [Model]) { (self.project, self.models) = (project, models) }

    /// The page as HTML.
    ///
    /// - Throws: ``PageError`` if a template is broken, which the tests would have seen.
    package func render() throws -> String {
        var content = Templates.frame(
            project: project ?? models.map(\.name).joined(separator: ", "),
            title: "Try the models",
            refreshes: false,
            script: "try.js",
            home: project == nil ? "/docs" : "/"
        )
        content["models"] = models.enumerated().map { place, model -> [String: Any] in
            [
                "place": String(place), "name": model.name, "version": model.version, "address": model.address,
                "hasColumns": !model.columns.isEmpty, "example": model.example,
                "rows": String(min(24, model.example.split(separator: "\n").count + 1)),
                "columns": model.columns.map { ["name": $0.name, "type": $0.type, "example": $0.example] },
            ]
        }
        return try Templates.render("try", content)
    }
}
