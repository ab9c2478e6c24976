// SPDX-License-Identifier: Apache-2.0

/// A page that says why there is no other: no such run, or a failure.
package struct MessagePage: Sendable {
    /// The project's name.
    package var project: String
    /// What failed, such as "cannot show the run `42`".
    package var what: String
    /// Why.
    package var why: String
    /// What to do next.
    package var next: String?

    /// A page.
    package init(project: String, what: String, why: String, next: String? = nil) {
        self.project = project
        self.what = what
        self.why = why
        self.next = next
    }

    /// The page as HTML.
    ///
    /// - Throws: ``PageError`` if a template is broken, which the tests would have seen.
    package func render() throws -> String {
        var content = Templates.frame(project: project, title: what, refreshes: false)
        content["what"] = what
        content["why"] = why
        content["next"] = next.map { ["text": $0] } ?? false
        return try Templates.render("message", content)
    }
}
