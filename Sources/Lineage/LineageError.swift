// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// An id that no room knows.
package struct LineageError: Explained {
    /// What was asked for.
    package let id: String

    package var what: String { "cannot show the lineage of `\(id.prefix(200))`" }
    package var why: String {
        "no prediction, run, model version, data version or commit of this project has that name"
    }
    package var next: String? { "give a prediction id, a run id, `MODEL/VERSION`, `md5:HASH` or a commit" }
    package var kind: FailureKind { .notFound }
    package var codeName: String { "notFound" }
}
