// SPDX-License-Identifier: Apache-2.0

import Documents
package import Evaluation
package import Feedback
import Files
package import SystemPackage

/// `gyre.yaml`, read and checked.
package struct ProjectFile: Sendable {
    /// `model`: what the project builds.
    package struct Model: Sendable {
        /// The registered model's name; the project's name by default.
        package var name: String
        /// The label column.
        package var target: String?
        /// The positive class, as the label column spells it.
        package var positive = "1"
        /// The score from which an answer is positive, 0 to 1.
        package var threshold = 0.5
    }

    /// `evaluation`: what a model must reach.
    package struct Evaluation: Sendable {
        /// The table that models are judged on, relative to the project.
        package var data: FilePath?
        /// The conditions for `champion`.
        package var require: [Requirement] = []
    }

    /// `monitoring`: what the live inputs are compared with.
    package struct Monitoring: Sendable {
        /// The table that the features are expected to look like, relative to the project.
        package var reference: FilePath?
    }

    /// `loop`: when to retrain, and on what.
    package struct Loop: Sendable {
        /// The table that gathered errors are added to, relative to the project.
        package var errors: FilePath?
        /// A turn begins when one of these fires; none means never by itself.
        package var retrainWhen: [RetrainRule] = []
        /// Whether a challenger that passed serves without a person's word.
        package var promotesAutomatically = false
    }

    /// The project's name.
    package var project: String
    /// What the project builds.
    package var model: Model
    /// What a model must reach.
    package var evaluation = Evaluation()
    /// What the live inputs are compared with.
    package var monitoring = Monitoring()
    /// When to retrain, and on what.
    package var loop = Loop()

    /// Settings of a project that writes none.
    package init(defaultName: String) {
        project = defaultName
        model = Model(name: defaultName)
    }
}
